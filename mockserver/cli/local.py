"""Commands that need no running server."""

from __future__ import annotations

import sys
from typing import Any

import click

from ..settings import store_option
from . import environment
from .options import PORT, as_json, load_seed, option, print_json

SWITCHES = ["switch", "documented", "live", "when it is on", "kind", "source"]


@click.command()
@click.argument("seed", metavar="FILE[#NAME]")
def validate(seed: str) -> None:
    """Validate a seed. The exit code is 2 if it is invalid, with file, line and reason."""
    click.echo(f"OK: {seed}: seed '{load_seed(seed).name}'")


@click.command()
@option("--profiles", "switches", is_flag=True, help="List switches only.")
@as_json
def operations(as_json: bool, switches: bool) -> None:
    """List operations, errors and switches with source and evidence, and operations that are not implemented."""
    from ..evidence import SCHEMA_VERSION, describe_evidence, support_matrix
    from ..providers import load_providers

    found = support_matrix(load_providers())
    if switches:
        found = {"switches": found["switches"]}
    if as_json:
        print_json({"schema_version": SCHEMA_VERSION, **found})
        return
    if switches:
        _table(SWITCHES, _switches(found), last=True)
        return
    _table(
        ["operation", "method", "path", "needs", "kind", "evidence"],
        [
            [
                each["id"],
                each["method"],
                path,
                each["scope"] or "",
                each["kind"],
                ", ".join(describe_evidence(each["evidence"])),
            ]
            for each in found["operations"]
            for path in each["paths"]
        ],
    )
    _table(
        ["error", "status", "message", "kind", "source", "evidence"],
        [
            [
                f"{each['provider']}.{each['key']}",
                str(each["status"]),
                each["message"],
                each["kind"],
                each["source"],
                ", ".join(describe_evidence(each["evidence"])),
            ]
            for each in found["errors"]
        ],
    )
    _table(SWITCHES, _switches(found))
    _table(
        ["not implemented (501)", "method", "path"],
        [[each["provider"], each["method"], each["path"]] for each in found["not_implemented"]],
        last=True,
    )


def _switches(found: dict[str, Any]) -> list[list[str]]:
    return [
        [
            f"{each['provider']}.{each['name']}",
            "off",
            "on" if each["live"] else "off",
            each["meaning"],
            each["kind"],
            each["source"],
        ]
        for each in found["switches"]
    ]


def _table(heads: list[str], rows: list[list[str]], *, last: bool = False) -> None:
    """Print a table with aligned columns."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for cells in [heads, *rows]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())
    if not last:
        click.echo()


@click.command()
@option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="Listen port to check.")
@store_option
@as_json
def doctor(port: int, store: str, as_json: bool) -> None:
    """Check that a server can start here. The exit code is 1 if a check fails."""
    from .doctor import Check, examine

    unknown = list(environment.unknown())
    detail = "; ".join(each.message for each in unknown) or "all MOCKSERVER_* variables are known"
    checks = [*examine(port, store), Check("environment", not any(each.suggestion for each in unknown), detail)]
    ok = all(check.ok for check in checks)
    if as_json:
        print_json({"ok": ok, "checks": [check._asdict() for check in checks]})
    else:
        for check in checks:
            click.echo(f"{'ok   ' if check.ok else 'WRONG'} {check.name}: {check.detail}")
    if not ok:
        sys.exit(1)
