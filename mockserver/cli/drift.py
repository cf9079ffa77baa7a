"""`mockserver drift`: compare this server with the documents and the service of a provider."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from .options import CommandError, as_json, option, print_json, printable, provider_of

if TYPE_CHECKING:
    from ..drift.differences import Comparison

provider_option = option("--provider", metavar="NAME", required=True, help="sparkpost, sendgrid or mailgun.")
accept_option = option(
    "--accept",
    metavar="FILE",
    help="Accepted differences: a YAML list of where, path and reason. An entry that accepts nothing is an error.",
)


def compares(command: Callable[..., None]) -> Callable[..., None]:
    """Turn a `DriftError` into the exit code 2."""

    @wraps(command)
    def run(**values: Any) -> None:
        from ..drift.differences import DriftError

        try:
            command(**values)
        except DriftError as error:
            raise CommandError(str(error)) from None

    return run


def report(comparison: Comparison, accepted: str | None, as_json: bool) -> None:
    """Print what a comparison found. Exits with 1 if there are differences. Raises `DriftError`."""
    from ..drift.differences import DriftError, accept, read_accepted

    unused = [] if accepted is None else accept(comparison, read_accepted(accepted))
    if not comparison.compared:
        raise DriftError("nothing was compared")
    found = comparison.differences
    if as_json:
        print_json({**comparison.as_json(), "unused": [each._asdict() for each in unused]})
    else:
        for line in [*found, *comparison.undecided, *(f"unused  {entry}" for entry in unused)]:
            click.echo(printable(str(line)))
        parts = [f"{comparison.compared} compared", f"{len(found)} different", f"{len(comparison.undecided)} unknown"]
        click.echo(", ".join(parts))
    if found or unused:
        sys.exit(1)


@click.group(no_args_is_help=False)
def drift() -> None:
    """Compare this server with a provider: its OpenAPI document, or its service.

    The exit code is 0 if there is no difference, 1 if there are differences, and 2 if nothing can be compared.
    """


@drift.command()
@provider_option
@option(
    "--against",
    metavar="FILE|URL",
    required=True,
    multiple=True,
    help="OpenAPI document of the vendor, version 3, JSON or YAML. Repeat it for an API in several documents.",
)
@option(
    "--profile",
    type=click.Choice(["documented", "live"]),
    default="documented",
    show_default=True,
    help="Profile to compare.",
)
@accept_option
@as_json
@compares
def spec(provider: str, against: tuple[str, ...], profile: str, accept: str | None, as_json: bool) -> None:
    """Compare the OpenAPI document of a provider with the vendor's.

    Operations, parameters, required fields, types, limits, statuses and example messages are compared. A difference is
    new if only the vendor has it, gone if only this server has it. What cannot be decided is printed as unknown.
    """
    from ..drift.documents import read_document
    from ..drift.spec import compare_documents

    found = provider_of(provider)
    report(compare_documents(found, [read_document(each) for each in against], profile), accept, as_json)
