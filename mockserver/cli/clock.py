"""`mockserver clock`: the clock of a tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .options import as_json, finite, print_json, tenant_option, with_client

if TYPE_CHECKING:
    from ..testing.control_client import ControlClient


@click.group(no_args_is_help=False)
def clock() -> None:
    """Show, set, freeze and advance the clock of a tenant."""


def _show(data: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(data)
    else:
        click.echo(f"{data['now']}{' frozen' if data['frozen'] else ''}")


@clock.command("show")
@tenant_option
@as_json
@with_client
def show_clock(client: ControlClient, tenant: str, as_json: bool) -> None:
    """Print the time of a tenant."""
    _show(client.request("GET", "tenants", tenant, "clock"), as_json=as_json)


@clock.command("set")
@click.argument("time")
@tenant_option
@as_json
@with_client
def set_clock(client: ControlClient, time: str, tenant: str, as_json: bool) -> None:
    """Set the time, as 2030-01-01T00:00:00Z. A frozen clock stays frozen."""
    _show(client.request("PUT", "tenants", tenant, "clock", body={"now": time}), as_json=as_json)


@clock.command("freeze")
@click.argument("time", required=False)
@tenant_option
@as_json
@with_client
def freeze_clock(client: ControlClient, time: str | None, tenant: str, as_json: bool) -> None:
    """Freeze the clock, at the current time or a given one."""
    body = {"frozen": True, **({} if time is None else {"now": time})}
    _show(client.request("PUT", "tenants", tenant, "clock", body=body), as_json=as_json)


@clock.command("unfreeze")
@tenant_option
@as_json
@with_client
def unfreeze_clock(client: ControlClient, tenant: str, as_json: bool) -> None:
    """Resume a frozen clock."""
    _show(client.request("PUT", "tenants", tenant, "clock", body={"frozen": False}), as_json=as_json)


@clock.command("advance")
@click.argument("seconds", type=click.FloatRange(min=0), callback=finite)
@tenant_option
@as_json
@with_client
def advance_clock(client: ControlClient, seconds: float, tenant: str, as_json: bool) -> None:
    """Advance the clock by a number of seconds."""
    _show(client.request("POST", "tenants", tenant, "clock", "advance", body={"seconds": seconds}), as_json=as_json)
