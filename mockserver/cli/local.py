"""Commands that need no server."""

from __future__ import annotations

import sys
from typing import Any

import click

from . import environment
from .options import PORT, as_json, load_seed, option, print_json

SWITCHES = ["switch", "documented", "live", "when it is on", "kind", "source"]


@click.command()
@click.argument("seed", metavar="FILE[#NAME]")
def validate(seed: str) -> None:
    """Check a seed: 0 when it is good; 2, with file, line and reason, when it is not."""
    click.echo(f"OK: {seed}: world '{load_seed(seed).name}'")


@click.command()
@option("--profiles", "switches", is_flag=True, help="List only what the profiles switch.")
@as_json
def operations(as_json: bool, switches: bool) -> None:
    """List operations and refusals with source and evidence, what profiles switch, and what is not modelled."""
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
        ["error", "status", "words", "kind", "source", "evidence"],
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
        ["not modelled: 501", "method", "path"],
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
    """Print columns as wide as what is in them."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for cells in [heads, *rows]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())
    if not last:
        click.echo()


@click.command()
@option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="Where a server would listen.")
@as_json
def doctor(port: int, as_json: bool) -> None:
    """Check that a server could start here: 0 when it could, 1 when something is wrong."""
    from .doctor import Check, examine

    problems = list(environment.unknown())
    checks = [
        *examine(port),
        Check("environment", not problems, "; ".join(problems) or "every MOCKSERVER_* is a setting"),
    ]
    well = all(check.ok for check in checks)
    if as_json:
        print_json({"ok": well, "checks": [check._asdict() for check in checks]})
    else:
        for check in checks:
            click.echo(f"{'ok   ' if check.ok else 'WRONG'} {check.name}: {check.detail}")
    if not well:
        sys.exit(1)
