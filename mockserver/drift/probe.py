"""Requests without a credential, whose responses by a service and by this server are compared field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from ..web.provider import Provider
from .connection import Account, Reply, in_process, real_service, remote
from .differences import Comparison, DriftError, Undecided, short

Verdict = Literal["same", "differs", "unknown"]


class Finding(NamedTuple):
    """A field of a response, and whether it is the same."""

    verdict: Verdict
    where: str
    path: str
    detail: str

    def __str__(self) -> str:
        return f"{self.verdict:<8}{self.where}: {self.path}: {self.detail}"


def probe(provider: Provider, base_url: str | None, profile: str) -> list[Finding]:
    """Compare the responses to the probes of a provider, which have no credential. Raises `DriftError`."""
    service = real_service(provider)
    theirs = Account(provider, remote(base_url or service.base_url), None)
    own = Account(provider, in_process(provider, {}, profile), None)
    found: list[Finding] = []
    for request in service.probes:
        where = f"{request.method} {request.path} ({request.name})"
        expected = own.request(request, {})
        try:
            reply = theirs.request(request, {})
        except DriftError as error:
            found.append(Finding("unknown", where, "response", str(error)))
            continue
        if reply.status == 429 or reply.status >= 500:
            found.append(Finding("unknown", where, "response", f"the status is {reply.status}"))
            continue
        found += _compare(where, expected, reply)
    return found


def comparison(findings: list[Finding]) -> Comparison:
    """Return findings as a comparison, to accept differences."""
    result = Comparison(compared=sum(each.verdict != "unknown" for each in findings))
    for each in findings:
        if each.verdict == "differs":
            result.add(each.where, each.path, "changed", each.detail)
        elif each.verdict == "unknown":
            result.undecided.append(Undecided(each.where, each.path, each.detail))
    return result


def _compare(where: str, expected: Reply, reply: Reply) -> Iterator[Finding]:
    mine, other = _fields(expected), _fields(reply)
    for path in [*mine, *(path for path in other if path not in mine)]:
        if path not in other:
            yield Finding("differs", where, path, f"{short(mine[path])}, service nothing")
        elif path not in mine:
            yield Finding("differs", where, path, f"nothing, service {short(other[path])}")
        elif mine[path] != other[path]:
            yield Finding("differs", where, path, f"{short(mine[path])}, service {short(other[path])}")
        else:
            yield Finding("same", where, path, short(mine[path]))


def _fields(reply: Reply) -> dict[str, object]:
    """Return the fields of a response by their paths."""
    body = dict(_leaves(reply.body, "body")) if reply.is_json else {"body": reply.body}
    return {"status": reply.status, "content type": reply.content_type, **body}


def _leaves(node: Any, path: str) -> Iterator[tuple[str, object]]:
    if isinstance(node, Mapping) and node:
        for name, value in node.items():
            yield from _leaves(value, f"{path}/{name}")
    elif isinstance(node, list) and node:
        for index, value in enumerate(node):
            yield from _leaves(value, f"{path}/{index}")
    else:
        yield path, node
