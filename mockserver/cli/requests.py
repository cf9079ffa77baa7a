"""`mockserver requests`: the request log of a tenant."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import CommandError, as_json, option, print_json, printable, tenant_option, with_client

if TYPE_CHECKING:
    from ..testing.control_client import ControlClient

INTERVAL = 0.5
"""The pause between two looks at the request log with `--follow`, in seconds."""


@click.command()
@tenant_option
@option("--provider", metavar="NAME", help="Only requests to this provider.")
@option("--operation", metavar="NAME", help="Only requests for this operation, such as sendgrid.createIpPool.")
@option("--status", metavar="STATUS", help="Only responses with this status or class (4xx), or dropped ones.")
@option("--errors", is_flag=True, help="Only requests with an error of the provider.")
@option("--limit", type=click.IntRange(1, 1000), metavar="N", help="Print the last N requests. [default: 100]")
@option("--follow", "-f", is_flag=True, help="Print further requests until Ctrl-C.")
@option("--har", metavar="FILE", help="Write the requests to a file as an HTTP Archive (HAR 1.2); - for stdout.")
@as_json
@with_client
def requests(
    client: ControlClient,
    tenant: str,
    provider: str | None,
    operation: str | None,
    status: str | None,
    errors: bool,
    limit: int | None,
    follow: bool,
    har: str | None,
    as_json: bool,
) -> None:
    """Print the requests of a tenant, oldest first.

    Each has the errors of the provider, fields that were ignored, and violations of the OpenAPI document below it. With
    --json and --follow each line is a request.
    """
    given = {
        "provider": provider,
        "operation": operation,
        "status": status,
        "has_error": "true" if errors else None,
        "limit": None if limit is None else str(limit),
    }
    filters = {name: value for name, value in given.items() if value is not None}
    if har is not None:
        if follow or as_json:
            raise click.UsageError("--har cannot be combined with --follow and --json.")
        _write_har(client, tenant, filters, har)
        return
    if follow:
        _follow(client, tenant, filters, as_json)
        return
    data = client.request("GET", "tenants", tenant, "requests", query=filters)
    if as_json:
        print_json(data)
        return
    if data["has_more"] or data["dropped"]:
        click.echo("(older requests omitted)")
    _print(data["requests"], as_json=False)


def _print(found: Iterable[Mapping[str, Any]], *, as_json: bool) -> None:
    from ..testing.report import render
    from ..testing.requests import Request

    for each in found:
        if as_json:
            print_json(each)
        else:
            for line in f"{each['time']} {render([Request._load(each)])}".split("\n"):
                click.echo(printable(line))


def _follow(client: ControlClient, tenant: str, filters: Mapping[str, str], as_json: bool) -> None:
    """Print the requests in the log, then new ones. After a reset the numbers of requests start again."""
    last = 0
    try:
        while True:
            newest = client.request("GET", "tenants", tenant, "requests", query={"limit": "1"})["requests"]
            seq = newest[0]["seq"] if newest else last
            if seq < last:
                last = 0
            if seq > last:
                query = {**filters, "since": str(last), **({"limit": "1000"} if last else {})}
                found = client.request("GET", "tenants", tenant, "requests", query=query)["requests"]
                _print(found, as_json=as_json)
                last = max(seq, *(each["seq"] for each in found)) if found else seq
            time.sleep(INTERVAL)
    except KeyboardInterrupt:
        return


def _write_har(client: ControlClient, tenant: str, filters: Mapping[str, str], file: str) -> None:
    from ..testing.requests import read_har

    text = json.dumps(read_har(client, tenant, **filters), ensure_ascii=False, indent=2)
    if file == "-":
        click.echo(text)
        return
    try:
        Path(file).write_text(text + "\n", "utf-8")
    except OSError as error:
        raise CommandError(f"cannot write {file}: {error.strerror or error}", 1) from None
