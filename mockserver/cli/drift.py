"""`mockserver drift`: compare this server with the documents and the service of a provider."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import CommandError, as_json, option, print_json, printable, provider_of

if TYPE_CHECKING:
    from ..drift.connection import Account
    from ..drift.differences import Accepted, Comparison
    from ..web.provider import Provider

profile_option = click.option(  # without a variable: MOCKSERVER_PROFILE is that of a server
    "--profile",
    type=click.Choice(["documented", "live"]),
    default="live",
    show_default=True,
    help="Profile of this server.",
)
provider_option = option("--provider", metavar="NAME", required=True, help="sparkpost, sendgrid or mailgun.")
unsanitized_option = click.option(  # without a variable, which could be forgotten
    "--unsanitized", is_flag=True, help="Keep the real values."
)
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


def report(
    comparison: Comparison,
    accepted: Sequence[Accepted],
    as_json: bool,
    *,
    fields: Sequence[Any] | None = None,
    problems: Sequence[str] = (),
) -> None:
    """Print what a comparison found, or else `fields`. Exits with 1 if there are differences. Raises `DriftError`."""
    from ..drift.differences import DriftError, accept

    show_changes(problems)
    unused = accept(comparison, accepted)
    found = comparison.differences
    if as_json:
        more = {} if fields is None else {"fields": [each._asdict() for each in fields]}
        print_json({**comparison.as_json(), **more, "unused": [each._asdict() for each in unused]})
    else:
        lines = [*found, *comparison.undecided] if fields is None else fields
        for line in [*lines, *(f"unused  {entry}" for entry in unused)]:
            click.echo(printable(str(line)))
        parts = [f"{comparison.compared} compared", f"{len(found)} different", f"{len(comparison.undecided)} unknown"]
        click.echo(", ".join(parts))
    if problems:
        sys.exit(1)
    if not comparison.compared:
        raise DriftError("nothing was compared")
    if found or unused:
        sys.exit(1)


@click.group(no_args_is_help=False)
def drift() -> None:
    """Compare this server with a provider.

    spec compares its OpenAPI document; probe, record and replay compare its service. The exit code is 0 if there is no
    difference, 1 if there are differences, and 2 if nothing can be compared.
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
@click.option(
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

    found, accepted = provider_of(provider), read_accepted(accept)
    report(compare_documents(found, [read_document(each) for each in against], profile), accepted, as_json)


@drift.command()
@provider_option
@option("--against", metavar="URL", help="Base URL of the service. [default: that of the provider]")
@profile_option
@accept_option
@as_json
@compares
def probe(provider: str, against: str | None, profile: str, accept: str | None, as_json: bool) -> None:
    """Compare responses to requests without a credential.

    They are the errors 401, 404 and 405. Each field is the same, differs, or could not be compared; then the exit code
    is 2.
    """
    from ..drift.differences import DriftError
    from ..drift.probe import comparison
    from ..drift.probe import probe as run_probes

    accepted = read_accepted(accept)
    found = run_probes(provider_of(provider), against, profile)
    report(comparison(found), accepted, as_json, fields=found)
    if any(each.verdict == "unknown" for each in found):
        raise DriftError("some requests could not be compared")


def with_account(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of an account of the real service."""
    for each in (
        option("--key-env", metavar="NAME", help="Environment variable that has the API key."),
        option("--key-file", metavar="FILE", help="File that has the API key."),
        option("--base-url", metavar="URL", help="Base URL of the service. [default: that of the provider]"),
    ):
        command = each(command)
    return command


def connect(provider: Provider, base_url: str | None, key_env: str | None, key_file: str | None) -> Account:
    """Return an account of the real service. Raises `DriftError`."""
    from ..drift.connection import Account, read_key, real_service, remote

    service = real_service(provider)
    return Account(provider, remote(base_url or service.base_url), read_key(key_env, key_file))


def read_accepted(file: str | None) -> Sequence[Accepted]:
    """Return the accepted differences of a file, or none without one. Raises `DriftError`."""
    from ..drift.differences import read_accepted

    return () if file is None else read_accepted(file)


def write(text: str, file: str | None) -> None:
    """Write a text to a file, by default to stdout. Raises `CommandError`."""
    if file is None:
        click.echo(text, nl=False)
        return
    try:
        Path(file).write_text(text, "utf-8")
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}", 1) from None


@click.command("export-seed")
@provider_option
@with_account
@option("--output", "-o", metavar="FILE", help="File to write. [default: stdout]")
@unsanitized_option
@compares
def export_seed(
    provider: str,
    base_url: str | None,
    key_env: str | None,
    key_file: str | None,
    output: str | None,
    unsanitized: bool,
) -> None:
    """Write a seed of a real account.

    Only GET requests are sent. Names, ids and IPs are replaced by synthetic ones of the same shape, and no API key is
    written. Example: mockserver export-seed --provider sendgrid --key-env SENDGRID_API_KEY -o mine.yaml
    """
    from ..drift import account

    real = connect(provider_of(provider), base_url, key_env, key_file)
    write(account.export_seed(real, sanitize=not unsanitized), output)


@drift.command()
@provider_option
@with_account
@option("--output", "-o", metavar="FILE", help="File to write the recording to; required without --dry-run.")
@unsanitized_option
@option("--dry-run", is_flag=True, help="Print the requests, and send none.")
@compares
def record(
    provider: str,
    base_url: str | None,
    key_env: str | None,
    key_file: str | None,
    output: str | None,
    unsanitized: bool,
    dry_run: bool,
) -> None:
    """Record the responses of a real account to a script.

    The script reads the account, and creates, renames and deletes a pool named mockserver-drift-RANDOM. Nothing else is
    changed; the exit code is 1 if the account is not as it was before. Names, ids and IPs are replaced by synthetic
    ones of the same shape, and no API key is written.
    """
    from ..drift import run
    from ..drift.connection import real_service

    found = provider_of(provider)
    if dry_run:
        for line in run.plan(real_service(found)):
            click.echo(line)
        return
    if output is None:
        raise click.UsageError("expected --output or --dry-run.")
    if not Path(output).absolute().parent.is_dir():
        raise CommandError(f"{output}: no such folder")
    account = connect(found, base_url, key_env, key_file)
    with ends_by_signal():
        recording, problems = run.record(account, sanitize=not unsanitized)
    show_changes(problems)
    recording.save(output, [account.key or ""])
    click.echo(f"OK: {output}: {len(recording.exchanges)} requests, pool {recording.name}")
    if problems:
        sys.exit(1)


@drift.command()
@click.argument("recording", metavar="FILE")
@profile_option
@option("--on-service", is_flag=True, help="Compare with the real service, with the options of its account.")
@with_account
@accept_option
@as_json
@compares
def replay(
    recording: str,
    profile: str,
    on_service: bool,
    base_url: str | None,
    key_env: str | None,
    key_file: str | None,
    accept: str | None,
    as_json: bool,
) -> None:
    """Compare a recording with this server or the service.

    This server starts with the account of the recording. With --on-service the script is sent to the real account
    again. Statuses, fields and types are compared, and the values of messages and settings; names and ids have to
    differ or agree as recorded, in lists without their order.
    """
    from ..drift import run
    from ..drift.recording import Recording

    loaded = Recording.load(recording)
    found, accepted = provider_of(loaded.provider), read_accepted(accept)
    if not on_service:
        if any(each is not None for each in (base_url, key_env, key_file)):
            raise click.UsageError("--base-url, --key-env and --key-file need --on-service.")
        report(run.replay(found, loaded, profile), accepted, as_json)
        return
    with ends_by_signal():
        comparison, problems = run.replay_on_service(connect(found, base_url, key_env, key_file), loaded)
    report(comparison, accepted, as_json, problems=problems)


@contextlib.contextmanager
def ends_by_signal() -> Iterator[None]:
    """Let SIGTERM end a run as Ctrl-C does, so that it deletes what it created."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def show_changes(problems: Sequence[str]) -> None:
    """Print what of an account has changed."""
    for each in problems:
        click.echo(f"mockserver: the account is not as it was before: {printable(each)}", err=True)
