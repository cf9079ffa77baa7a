"""Commands that need no running server."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import click

from ..settings import store_option
from . import environment
from .options import PORT, as_json, load_seed, option, print_json, provider_of


@click.command()
@click.argument("seed", metavar="FILE[#NAME]")
def validate(seed: str) -> None:
    """Validate a seed. The exit code is 2 if it is invalid, with file, line and reason."""
    click.echo(f"OK: {seed}: seed '{load_seed(seed).name}'")


@click.command()
@click.argument("document", type=click.Choice(["seed"]))
def schema(document: str) -> None:
    """Print the JSON Schema of a seed, for editors."""
    from ..core.seed_schema import json_schema
    from ..providers import load_providers

    found = json_schema({provider.name: provider.seed_schema for provider in load_providers()})
    click.echo(json.dumps(found, ensure_ascii=False, indent=2))


def _evidence(item: dict[str, Any]) -> str:
    from ..evidence import describe_evidence

    return ", ".join(describe_evidence(item["evidence"]))


def _operation(each: dict[str, Any]) -> list[list[str]]:
    """Return the rows of an operation, one for each path."""
    rest = [each["scope"] or "", each["kind"], _evidence(each)]
    return [[each["id"], each["method"], path, *rest] for path in each["paths"]]


def _error(each: dict[str, Any]) -> list[list[str]]:
    key = f"{each['provider']}.{each['key']}"
    return [[key, str(each["status"]), each["message"], each["kind"], each["source"], _evidence(each)]]


def _switch(each: dict[str, Any]) -> list[list[str]]:
    name, live = f"{each['provider']}.{each['name']}", "on" if each["live"] else "off"
    return [[name, "off", live, each["meaning"], each["kind"], each["source"]]]


def _not_implemented(each: dict[str, Any]) -> list[list[str]]:
    return [[each["provider"], each["method"], each["path"]]]


TABLES: dict[str, tuple[list[str], Callable[[dict[str, Any]], list[list[str]]]]] = {
    "operations": (["operation", "method", "path", "needs", "kind", "evidence"], _operation),
    "errors": (["error", "status", "message", "kind", "source", "evidence"], _error),
    "switches": (["switch", "documented", "live", "when it is on", "kind", "source"], _switch),
    "not_implemented": (["not implemented (501)", "method", "path"], _not_implemented),
}
"""The lists of the support matrix: the heads of their tables, and functions that return the rows of an item."""


@click.command()
@click.argument("words", metavar="[WORD]...", nargs=-1)
@option("--provider", metavar="NAME", help="Only those of this provider.")
@option("--kind", type=click.Choice(["documented", "observed", "assumed"]), help="Only with this kind of source.")
@option("--only", type=click.Choice(TABLES), help="Only one of the lists.")
@option("--profiles", "switches", is_flag=True, help="List switches only.")
@as_json
def operations(
    words: tuple[str, ...], provider: str | None, kind: str | None, only: str | None, as_json: bool, switches: bool
) -> None:
    """List operations, errors and switches of the providers.

    Each has its source and evidence. Operations that are not implemented are listed too. With WORDs, only what has all
    of these words is listed.
    """
    from ..evidence import SCHEMA_VERSION, support_matrix
    from ..providers import load_providers

    if provider is not None:
        provider_of(provider)
    matrix = support_matrix(load_providers())
    wanted = ["switches"] if switches else [only] if only is not None else [*TABLES]
    found = {name: [each for each in matrix[name] if _matches(each, words, provider, kind)] for name in wanted}
    if as_json:
        if only is None and not switches:
            commands = [
                dict(zip(("provider", "name"), each.split("."), strict=True)) for each in matrix["smtp_operations"]
            ]
            matching = [each for each in commands if _matches(each, words, provider, kind)]
            found["smtp_operations"] = [f"{each['provider']}.{each['name']}" for each in matching]
        print_json({"schema_version": SCHEMA_VERSION, **found})
        return
    for name in wanted:
        heads, rows = TABLES[name]
        _table(heads, [row for each in found[name] for row in rows(each)], last=name == wanted[-1])


def _matches(item: dict[str, Any], words: tuple[str, ...], provider: str | None, kind: str | None) -> bool:
    values = [str(value) for name, value in item.items() if name != "evidence"]
    text = " ".join([*values, f"{item['provider']}.{item.get('key', item.get('name'))}"]).lower()
    return (
        provider in (None, item["provider"])
        and kind in (None, item.get("kind"))
        and all(word.lower() in text for word in words)
    )


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
