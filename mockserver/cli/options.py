"""Helpers of commands: shared options, the control API client, errors, JSON output."""

from __future__ import annotations

import functools
import ipaddress
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
"""The tenant of the seed's credentials without `tenant`."""

C = TypeVar("C", bound=Callable[..., Any])


__all__ = ["PREFIX", "finite", "option", "token"]


class CommandError(click.ClickException):
    """An error that ends a command with an exit code: 2 for invalid arguments, 1 for other errors."""

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


def default_url() -> str:
    """Return the URL of a server with the settings of this environment."""
    host, port = os.environ.get(f"{PREFIX}HOST", ""), os.environ.get(f"{PREFIX}PORT", "")
    scheme = "https" if os.environ.get(f"{PREFIX}TLS") or os.environ.get(f"{PREFIX}TLS_CERT") else "http"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host if re.fullmatch("[A-Za-z0-9.-]+", host) else "127.0.0.1"
    else:
        loopback = "127.0.0.1" if address.version == 4 else "::1"
        name = loopback if address.is_unspecified else host
    name = f"[{name}]" if ":" in name else name
    return f"{scheme}://{name}:{port if re.fullmatch('0*[1-9][0-9]{0,4}', port) else PORT}"


def _default_ca() -> str | None:
    """Return the CA certificate of a server with the settings of this environment."""
    return os.environ.get(f"{PREFIX}TLS_CA_FILE") or os.environ.get(f"{PREFIX}TLS_CERT") or None


def with_client(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of a control API client to a command, and pass it a `ControlClient`."""

    @option("--url", default=default_url, callback=_url, help=f"URL of the server. [default: http://127.0.0.1:{PORT}]")
    @option("--control-token", metavar="TEXT", callback=token, help="Token of its control API, if it has one.")
    @option("--ca", default=_default_ca, metavar="FILE", help="CA certificate of an https server, in PEM.")
    @functools.wraps(command)
    def connect(url: str, control_token: str | None, ca: str | None, **values: Any) -> None:
        from ..testing.control_client import ControlClient, ControlError

        try:
            command(ControlClient(url, control_token, ca), **values)
        except ControlError as error:
            source = click.get_current_context().get_parameter_source("url")
            hint = " (--control-token or MOCKSERVER_CONTROL_TOKEN)" if error.status == 401 else ""
            if error.status is None and source is click.core.ParameterSource.ENVIRONMENT:
                hint = f" ({PREFIX}URL)"
            raise CommandError(f"{error}{hint}", 1) from None

    return connect


def print_json(data: object) -> None:
    click.echo(json.dumps(data, ensure_ascii=False))


def printable(line: str) -> str:
    """Return a line in which characters that control a terminal are escaped."""
    return "".join([each if each.isprintable() else repr(each)[1:-1] for each in line])


as_json = option("--json", "as_json", is_flag=True, help="Print JSON.")
tenant_option = option(
    "--tenant", metavar="ID", default=TENANT, show_default=True, help="Tenant id, or one of its API keys."
)


def provider_of(name: str) -> Provider:
    """Return the provider with this name. Raises `click.BadParameter`."""
    from ..providers import load_providers

    known = {provider.name: provider for provider in load_providers()}
    if name not in known:
        raise click.BadParameter(
            f"unknown provider '{name}': expected one of {', '.join(known)}.", param_hint="'--provider'"
        )
    return known[name]


def load_seed(source: str) -> Seed:
    """Return a seed. Raises `CommandError`."""
    from ..core import seed
    from ..providers import load_providers

    try:
        return seed.load(source, {provider.name: provider.seed_schema for provider in load_providers()})
    except SeedError as error:
        raise CommandError(f"seed: {error}") from None
