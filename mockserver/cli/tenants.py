"""`mockserver tenants`: list, create, fork and delete tenants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .options import as_json, option, print_json, tenant_option, with_client

if TYPE_CHECKING:
    from ..testing.control_client import ControlClient


@click.group(no_args_is_help=False)
def tenants() -> None:
    """List, create, fork and delete tenants."""


@tenants.command("list")
@as_json
@with_client
def list_tenants(client: ControlClient, as_json: bool) -> None:
    """List tenants: id, number of requests, written providers."""
    data = client.request("GET", "tenants")
    if as_json:
        print_json(data)
        return
    for each in data["tenants"]:
        click.echo(f"{each['id']}  {each['requests']} requests  {', '.join(each['written'])}".rstrip())


@tenants.command("create")
@as_json
@with_client
def create_tenant(client: ControlClient, as_json: bool) -> None:
    """Create a tenant with the seed of the server; print its id."""
    _show(client.request("POST", "tenants", body={}), as_json=as_json)


@tenants.command("fork")
@tenant_option
@option("--snapshot", metavar="NAME", help="A snapshot of the tenant. [default: its current state]")
@as_json
@with_client
def fork_tenant(client: ControlClient, tenant: str, snapshot: str | None, as_json: bool) -> None:
    """Create a tenant with the state of another; print its id.

    It has the state, the clock and the faults of the other tenant, and API keys of its own: mockserver env --tenant ID
    prints them.
    """
    body = {} if snapshot is None else {"snapshot": snapshot}
    _show(client.request("POST", "tenants", tenant, "fork", body=body), as_json=as_json)


def _show(tenant: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        print_json(tenant)
    else:
        click.echo(tenant["id"])


@tenants.command("delete")
@click.argument("tenant", metavar="ID")
@with_client
def delete_tenant(client: ControlClient, tenant: str) -> None:
    """Delete a tenant. Its API keys are unknown afterwards."""
    client.request("DELETE", "tenants", tenant)
