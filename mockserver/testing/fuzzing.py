"""Schemathesis configuration: accounts and per-operation exclusions."""

from __future__ import annotations

import json
import shlex
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..core import yaml_files
from ..core.errors import entries
from ..web.provider import Provider
from .control_client import ControlClient

EXCLUSIONS = Path(__file__).parent / "fuzzing.yaml"
ACCEPTED: Mapping[str, tuple[str, ...]] = {
    "positive_data_acceptance": ("2xx", "404"),  # no schema can say which pools and IPs exist
    "negative_data_rejection": ("4xx",),
    "not_a_server_error": ("2xx", "3xx", "4xx"),
}
"""The statuses that each check accepts from any operation."""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A check that is off, or accepts more statuses, for operations of a document."""

    operations: tuple[str, ...]
    check: str
    statuses: tuple[str, ...]
    """The statuses that the check accepts besides `ACCEPTED`; if empty, the check is off."""
    profile: str | None
    """The profile that it applies to; None for any."""
    source: str
    reason: str
    seldom: bool
    """Whether only long runs need it."""


def exclusions(document: str, provider: Provider | None) -> Iterator[Exclusion]:
    """Yield the exclusions of the document of a provider or of the control API."""
    (data,) = yaml_files.read(EXCLUSIONS)
    for entry in data.get(document, ()):
        statuses, source = entry.get("statuses", []), entry.get("source")
        if "errors" in entry:
            assert provider is not None, document
            known = entries(provider.catalog)
            statuses = sorted({known[key].status for key in entry["errors"]})
            source = f"the catalog of {provider.title}: {', '.join(entry['errors'])}"
        for check in entry.get("checks", ["positive_data_acceptance"]):
            yield Exclusion(
                operations=tuple(entry["operations"]),
                check=check,
                statuses=tuple(map(str, statuses)),
                profile=entry.get("profile"),
                source=source,
                reason=entry["reason"],
                seldom=entry.get("seldom", False),
            )


def configuration(excluded: Iterable[Exclusion], provider: Provider | None) -> str:
    """Return the checks of Schemathesis, in TOML. What is excluded of an operation is so at its alias paths as well."""
    lines = ["[checks]", *(f"{name}.expected-statuses = {json.dumps(ACCEPTED[name])}" for name in ACCEPTED)]
    by_operation: dict[str, list[Exclusion]] = {}
    for each in excluded:
        for operation in each.operations:
            by_operation.setdefault(operation, []).append(each)
    for operation, found in by_operation.items():
        lines.append("")
        for comment in dict.fromkeys(f"{each.reason} ({each.source})" for each in found):
            lines += textwrap.wrap(comment, 118, initial_indent="# ", subsequent_indent="# ", break_long_words=False)
        checks = []
        for check in dict.fromkeys(each.check for each in found):
            accepted = [each.statuses for each in found if each.check == check]
            statuses = sorted({status for some in accepted for status in some})
            checks.append(
                f"{check}.expected-statuses = {json.dumps([*ACCEPTED[check], *statuses])}"
                if all(accepted)
                else f"{check}.enabled = false"
            )
        lines += ["[[operations]]", f"include-operation-id = {json.dumps(operation)}", "[operations.checks]", *checks]
        for alias in _aliases(operation, provider):
            lines += ["[[operations]]", f"include-name = {json.dumps(alias)}", "[operations.checks]", *checks]
    return "\n".join(lines) + "\n"


def _aliases(operation: str, provider: Provider | None) -> list[str]:
    """Return the names of an operation at its alias paths, `GET /v1/ip_pools`: there it has no operationId."""
    if provider is None:
        return []
    found = provider.operations[operation]
    return [f"{found.method} {path}" for path in found.paths[1:]]


@dataclass(frozen=True, slots=True)
class Accounts:
    """The tenants that fuzz a provider."""

    profile: str
    """Their profile."""
    authorizations: Mapping[str, str]
    """The `Authorization` header of each, by name."""

    def text(self) -> str:
        """Return the authentication file, in the format of Web Fuzzing Commons."""
        lines = ["auth:"]
        for name, value in self.authorizations.items():
            lines += [f"  - name: {name}", f"    fixedHeaders: [{{name: Authorization, value: {json.dumps(value)}}}]"]
        return "\n".join(lines) + "\n"


def create_accounts(client: ControlClient, provider: str) -> Accounts:
    """Create two tenants on a server: one with its seed, which sends requests, and an empty one, for checks of access.

    As the second one is empty, all data that it sees is of the first one. Raises `ControlError`.
    """
    bodies: Mapping[str, dict[str, str]] = {"one": {}, "two": {"seed": "empty"}}
    created = {
        name: client.request("POST", "tenants", body=body)["providers"][provider] for name, body in bodies.items()
    }
    return Accounts(
        profile=created["one"]["profile"],
        authorizations={name: each["headers"]["Authorization"] for name, each in created.items()},
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """A run of Schemathesis: its command, and the files that it reads in the current folder, by name."""

    files: Mapping[str, str]
    command: Sequence[str]

    def script(self) -> str:
        """Return a shell script that writes the files and runs the command; its arguments are appended."""
        written = (f"cat >{shlex.quote(name)} <<'END'\n{text}END" for name, text in self.files.items())
        return "\n".join([*written, f'{shlex.join(self.command)} "$@"']) + "\n"


def plan(
    document: str,
    provider: Provider | None,
    accounts: Accounts | None,
    arguments: Sequence[str],
    *,
    files: Mapping[str, str] | None = None,
    excluding: bool = True,
) -> Plan:
    """Return the run that fuzzes the document of a provider, as two accounts, or of the control API.

    `arguments` are those of `schemathesis run`, `files` what they name.
    """
    profile = None if accounts is None else accounts.profile
    excluded = [each for each in exclusions(document, provider) if excluding and each.profile in (None, profile)]
    name = f"mockserver-{document}"
    written = {**(files or {}), f"{name}.toml": configuration(excluded, provider)}
    if accounts is not None:
        auth = f"{name}-auth.yaml"
        written[auth] = accounts.text()
        written[f"{name}.toml"] += (
            f"\n[auth.wfc]\npath = {json.dumps(auth)}\npeers = {json.dumps([*accounts.authorizations])}\n"
        )
    return Plan(written, ["schemathesis", "--config-file", f"{name}.toml", "run", *arguments])


def location(document: str, url: str, profile: str | None) -> str:
    """Return the URL of a document on a server, in a profile."""
    return f"{url}/_mockserver/openapi/{document}.json" + ("" if profile is None else f"?profile={profile}")
