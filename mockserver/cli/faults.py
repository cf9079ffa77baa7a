"""`mockserver faults`: the planned faults of a tenant."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from .options import as_json, print_json, tenant_option, with_client

if TYPE_CHECKING:
    from ..testing.control_client import ControlClient


@click.group(no_args_is_help=False)
def faults() -> None:
    """Plan, list and delete faults of a tenant."""


@faults.command("list")
@tenant_option
@as_json
@with_client
def list_faults(client: ControlClient, tenant: str, as_json: bool) -> None:
    """List planned faults, in order of creation."""
    data = client.request("GET", "tenants", tenant, "faults")
    if as_json:
        print_json(data)
        return
    for each in data["faults"]:
        status = f" {each['status']}" if each["status"] is not None else ""
        count = f"applied {each['applied']} of {each['times']} times"
        click.echo(f"{each['id']}  {each['kind']}{status} on {each['operation']}  {count}")


@faults.command("add")
@click.argument("operation")
@click.argument("plan", metavar="[NAME=VALUE]...", nargs=-1)
@tenant_option
@as_json
@with_client
def add_fault(client: ControlClient, operation: str, plan: tuple[str, ...], tenant: str, as_json: bool) -> None:
    """Plan a fault; print its id.

    OPERATION is an operation (sendgrid.createIpPool), all of a provider (sendgrid.*) or all (*). The names and values
    are those of createFault in the control API, values as JSON or as text. Example: mockserver faults add
    sendgrid.createIpPool status=429 times=2
    """
    fields = dict(_pair(each) for each in plan)
    data = client.request("POST", "tenants", tenant, "faults", body={"operation": operation, **fields})
    if as_json:
        print_json(data)
    else:
        click.echo(data["id"])


def _pair(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"'{text}': expected NAME=VALUE.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


@faults.command("remove")
@click.argument("fault", metavar="ID")
@tenant_option
@with_client
def remove_fault(client: ControlClient, fault: str, tenant: str) -> None:
    """Delete a planned fault."""
    client.request("DELETE", "tenants", tenant, "faults", fault)


@faults.command("clear")
@tenant_option
@with_client
def clear_faults(client: ControlClient, tenant: str) -> None:
    """Delete all planned faults."""
    client.request("DELETE", "tenants", tenant, "faults")
