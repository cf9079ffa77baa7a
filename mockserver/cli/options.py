"""What commands share: options with a variable of their name, the server they talk to, how they fail and print."""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..core.errors import SeedError
from ..settings import PREFIX, finite, option, token

if TYPE_CHECKING:
    from ..core.seed import Seed
    from ..web.provider import Provider

PORT = 8080
TENANT = "default"
"""The tenant that a seed's credentials stand for unless they name another."""

C = TypeVar("C", bound=Callable[..., Any])


__all__ = ["PREFIX", "finite", "option", "token"]


class Failure(click.ClickException):
    """Something that stops a command: 2 where it was called wrongly, 1 where the world is not as it should be."""

    def __init__(self, message: str, code: int = 2) -> None:
        super().__init__(message)
        self.code = code


def _url(context: click.Context, parameter: click.Parameter, value: str) -> str:
    from ..testing.control_client import ControlClient

    try:
        ControlClient(value)
    except ValueError as error:
        raise click.BadParameter(f"'{value}': {error}.") from None
    return value


def _default_url() -> str:
    """Return where a server of this environment would be."""
    port = os.environ.get(f"{PREFIX}PORT", "")
    scheme = "https" if os.environ.get(f"{PREFIX}TLS") or os.environ.get(f"{PREFIX}TLS_CERT") else "http"
    return f"{scheme}://127.0.0.1:{port if re.fullmatch('0*[1-9][0-9]{0,4}', port) else PORT}"


def _default_ca() -> str | None:
    """Return what to trust a server of this environment by."""
    return os.environ.get(f"{PREFIX}TLS_CA_FILE") or os.environ.get(f"{PREFIX}TLS_CERT") or None


def connected(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command that talks to a server its options, and a `ControlClient` in place of them."""

    @option("--url", default=_default_url, callback=_url, help=f"The server. [default: http://127.0.0.1:{PORT}]")
    @option("--control-token", metavar="TEXT", callback=token, help="What its control API asks for, if anything.")
    @option("--ca", default=_default_ca, metavar="FILE", help="Certificates to trust an https server by, in PEM.")
    @functools.wraps(command)
    def connect(url: str, control_token: str | None, ca: str | None, **values: Any) -> None:
        from ..testing.control_client import ControlClient, ControlError

        try:
            command(ControlClient(url, control_token, ca), **values)
        except ControlError as error:
            hint = " (--control-token or MOCKSERVER_CONTROL_TOKEN)" if error.status == 401 else ""
            raise Failure(f"{error}{hint}", 1) from None

    return connect


def print_json(data: object) -> None:
    click.echo(json.dumps(data, ensure_ascii=False))


as_json = option("--json", "as_json", is_flag=True, help="Print JSON.")
whose = option("--tenant", metavar="ID", default=TENANT, show_default=True, help="The tenant.")


def provider_of(name: str) -> Provider:
    """Return the provider of this name."""
    from ..providers import load_providers

    known = {provider.name: provider for provider in load_providers()}
    if name not in known:
        raise click.BadParameter(f"'{name}' is not one of {', '.join(map(repr, known))}.", param_hint="'--provider'")
    return known[name]


def load_seed(source: str) -> Seed:
    """Return the world of a seed."""
    from ..core import seed
    from ..providers import load_providers

    try:
        return seed.load(source, {provider.name: provider.seed_schema for provider in load_providers()})
    except SeedError as error:
        raise Failure(f"seed: {error}") from None
