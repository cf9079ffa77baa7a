"""The journal: what a tenant asked of the providers, listed, counted and explained."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import MultiDict

from .. import clock
from ..contract import Contract
from ..journal import Counted, Record
from ..web import parse_pairs, unread
from .endpoint import Problem, endpoint, find_tenant

if TYPE_CHECKING:
    from ..app import Mockserver
    from ..store import Tenant

NEWEST = 100
"""How many requests of a journal are listed if nothing else is asked for."""


def _filtered(tenant: Tenant, asked: Mapping[str, Any]) -> list[Record]:
    def fits(record: Record) -> bool:
        status = asked.get("status")
        return (
            asked.get("provider", record.provider) == record.provider
            and asked.get("operation") in (None, f"{record.provider}.{record.operation}")
            and asked.get("method", record.method) == record.method
            and asked.get("path", record.path) == record.path
            and (status is None or str(status) in (str(record.status), f"{record.status // 100}xx"))
            and asked.get("refused") in (None, record.refusal is not None)
            and record.seq > asked.get("since", -1)
        )

    return [record for record in tenant.journal if fits(record)]


@endpoint("listRequests", "GET", "/tenants/{id}/requests")
def list_requests(server: Mockserver, tenant_id: str, asked: dict[str, Any]) -> Any:
    tenant = find_tenant(server, tenant_id)
    records = _filtered(tenant, asked)[-asked.get("limit", NEWEST) :]
    return {"requests": [_told(server, record) for record in records], "dropped": tenant.journal.dropped}


@endpoint("clearRequests", "DELETE", "/tenants/{id}/requests", status=204)
def clear_requests(server: Mockserver, tenant_id: str) -> Any:
    find_tenant(server, tenant_id).journal.clear()


@endpoint("getRequest", "GET", "/tenants/{id}/requests/{rid}")
def get_request(server: Mockserver, tenant_id: str, request_id: str) -> Any:
    for record in find_tenant(server, tenant_id).journal:
        if record.id == request_id:
            return _told(server, record)
    raise Problem(404, f"No request is named '{request_id}', or it was dropped.")


@endpoint("countRequests", "POST", "/tenants/{id}/requests/count")
def count_requests(server: Mockserver, tenant_id: str, asked: dict[str, Any]) -> Any:
    return {"count": len(_filtered(find_tenant(server, tenant_id), asked))}


@endpoint("getTenantCoverage", "GET", "/tenants/{id}/coverage")
def get_tenant_coverage(server: Mockserver, tenant_id: str) -> Any:
    return counted(find_tenant(server, tenant_id).journal.tally)


def counted(tally: Iterable[Counted]) -> dict[str, Any]:
    """Return what was counted, operations by their full names."""
    names = ("provider", "operation", "refusal", "count")
    counts = [(provider, operation and f"{provider}.{operation}", *rest) for provider, operation, *rest in tally]
    return {"counts": [dict(zip(names, each, strict=True)) for each in counts]}


def _told(server: Mockserver, record: Record) -> dict[str, Any]:
    """Return a record, with what can be worked out from it: the broken contract, the unread, the closest operation."""
    provider = server.providers[record.provider]
    content_type = next((value for name, value in record.headers if name.lower() == "content-type"), "")
    violations = []
    if record.operation is not None:
        query = MultiDict(parse_pairs(record.query.encode("latin-1")))
        found = Contract.load(provider.name).violations(
            record.operation, record.path_values, query, content_type, record.body
        )
        violations = [{"pointer": each.pointer, "rule": each.rule, "value": _plain(each.value)} for each in found]
    refusal = record.refusal
    return {
        "id": record.id,
        "seq": record.seq,
        "time": clock.show(record.time),
        "provider": record.provider,
        "operation": record.operation and f"{record.provider}.{record.operation}",
        "method": record.method,
        "path": record.path,
        "path_parameters": dict(record.path_values),
        "query": record.query,
        "headers": [list(header) for header in record.headers],
        "body": record.body.decode("utf-8", "replace"),
        "credential": record.credential,
        "account": record.account,
        "status": record.status,
        "refusal": refusal
        and {
            "key": refusal.key,
            "message": refusal.message,
            "kind": refusal.source.kind,
            "source": refusal.source.where,
        },
        "situation": record.situation,
        "violations": violations,
        "unread": list(unread(record.query, record.body, content_type, record.read)) if record.operation else [],
        "fault": record.fault,
        "misfit": record.misfit,
        "closest": None if record.operation else _closest(provider, record),
    }


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool | list | dict | None) else str(value)


def _closest(provider: Any, record: Record) -> str | None:
    """Return the operation whose method and path are most like those of a request that met none."""
    asked = f"{record.method} {record.path}"
    known = {f"{each.method} {path}": each.id for each in provider.operations for path in each.paths}
    found = difflib.get_close_matches(asked, known, n=1, cutoff=0.5)
    return f"{provider.name}.{known[found[0]]}" if found else None
