"""The request log of a tenant: list, get, count and clear requests; coverage; unmatched requests."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import flask
from flask import abort

from ..core import clock, har
from ..core.request_log import CounterRow, Record, cut
from ..core.smtp import METHOD
from ..core.unmatched_log import MAX_RECORDS, UnmatchedRecord
from ..web.bodies import unused_fields
from ..web.provider import Provider
from ..web.server_state import server_state
from ..web.violations import MAX_VALUE, content_type_of, request_violations
from .blueprint import blueprint, get_tenant_or_404, provider_url, request_data

MAX_UNUSED = 100
"""The number of unused fields that are listed."""
DEFAULT_LIMIT = 100
"""The default of the query parameter `limit`."""
MAX_LIMIT = 1_000
"""The maximum of the query parameter `limit`."""
PAGE_BYTES = 4 << 20
"""The size of the records in one response, in bytes; a single one may be larger."""


def filtered(records: Iterable[Record], wanted: Mapping[str, Any]) -> list[Record]:
    """Return the records that match the filters in a query or a body."""

    def matches(record: Record) -> bool:
        status = wanted.get("status")
        return (
            wanted.get("provider", record.provider) == record.provider
            and wanted.get("operation") in (None, f"{record.provider}.{record.operation}")
            and wanted.get("method", record.method) == record.method
            and wanted.get("path", record.path) == record.path
            and (status is None or str(status) in _statuses(record))
            and wanted.get("has_error") in (None, record.error is not None)
            and record.seq > wanted.get("since", -1)
            and record.seq < wanted.get("before", math.inf)
        )

    return [record for record in records if matches(record)]


def _statuses(record: Record) -> tuple[str, ...]:
    """Return the values of the filter `status` that a record matches."""
    return ("dropped",) if record.status is None else (str(record.status), f"{record.status // 100}xx")


@blueprint.get("/tenants/<id>/requests", endpoint="listRequests")
def list_requests(id: str) -> Any:
    tenant, wanted = get_tenant_or_404(id), request_data()
    records = filtered(tenant.request_log, wanted)
    page = _newest(records, wanted.get("limit", DEFAULT_LIMIT))
    return {
        "requests": [request_json(record) for record in page],
        "has_more": len(page) < len(records),
        "dropped": tenant.request_log.dropped,
    }


def _newest(records: Sequence[Record], limit: int) -> Sequence[Record]:
    """Return the newest records that fit into one response."""
    count = size = 0
    for record in reversed(records[-limit:]):
        size += record.weight
        if count and size > PAGE_BYTES:
            break
        count += 1
    return records[len(records) - count :]


@blueprint.delete("/tenants/<id>/requests", endpoint="clearRequests")
def clear_requests(id: str) -> Any:
    get_tenant_or_404(id).request_log.clear()
    return "", 204


@blueprint.get("/tenants/<id>/requests/<rid>", endpoint="getRequest")
def get_request(id: str, rid: str) -> Any:
    record = next((record for record in get_tenant_or_404(id).request_log if record.id == rid), None)
    if record is not None:
        return request_json(record)
    return abort(404, f"No request is named '{rid}', or it was dropped.")


@blueprint.get("/tenants/<id>/har", endpoint="getHar")
def get_har(id: str) -> Any:
    wanted = request_data()
    records = [each for each in filtered(get_tenant_or_404(id).request_log, wanted) if each.method != METHOD]
    page = _newest(records, wanted.get("limit", MAX_LIMIT))
    found = har.archive(page, {name: provider_url(name) for name in server_state().mounted_providers()})
    found["log"]["_before"] = page[0].seq if page and len(page) < len(records) else None
    return flask.Response(json.dumps(found), content_type="application/json")


@blueprint.post("/tenants/<id>/requests/count", endpoint="countRequests")
def count_requests(id: str) -> Any:
    return {"count": len(filtered(get_tenant_or_404(id).request_log, request_data()))}


@blueprint.get("/tenants/<id>/problems", endpoint="listProblems")
def list_problems(id: str) -> Any:
    tenant = get_tenant_or_404(id)
    return {"strict": tenant.is_strict, "problems": list(tenant.request_log.problems)}


@blueprint.get("/tenants/<id>/coverage", endpoint="getTenantCoverage")
def get_tenant_coverage(id: str) -> Any:
    return counted(get_tenant_or_404(id).request_log.request_counts)


@blueprint.get("/unmatched-requests", endpoint="listUnmatchedRequests")
def list_unmatched_requests() -> Any:
    wanted = request_data()
    since, limit = wanted.get("since", 0), wanted.get("limit", MAX_RECORDS)
    found = [each for each in server_state().store.unmatched() if each[0] > since]
    return {"requests": [_unmatched(seq, record) for seq, record in found[-limit:]]}


def _unmatched(seq: int, record: UnmatchedRecord) -> dict[str, Any]:
    return {
        "id": f"unmatched-{seq}",
        "seq": seq,
        **record._asdict(),
        "time": clock.format_rfc3339(record.time),
        "operation": record.operation and f"{record.provider}.{record.operation}",
    }


def counted(request_counts: Iterable[CounterRow]) -> dict[str, Any]:
    """Return counts as JSON, with full operation names."""
    names = ("provider", "operation", "error", "count")
    counts = [
        (provider, operation and f"{provider}.{operation}", *rest) for provider, operation, *rest in request_counts
    ]
    return {"counts": [dict(zip(names, each, strict=True)) for each in counts]}


def request_json(record: Record) -> dict[str, Any]:
    """Return a record, with its request violations, unused fields and closest operation."""
    provider = server_state().providers[record.provider]
    analysis = record.cache or list(_analyse(provider, record))
    record.cache[:] = analysis  # at once: several threads may read the request log
    request_violations, unused, closest = analysis
    error = record.error
    return {
        "id": record.id,
        "seq": record.seq,
        "time": clock.format_rfc3339(record.time),
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
        "response_body": record.response_body.decode("utf-8", "replace"),
        "milliseconds": record.milliseconds,
        "error": error
        and {
            "key": error.key,
            "message": error.message,
            "kind": error.source.kind,
            "source": error.source.where,
        },
        "failure": record.failure,
        "request_violations": request_violations,
        "unused_fields": unused,
        "fault": record.fault,
        "stub": record.stub,
        "response_violation": record.response_violation,
        "closest_operation": closest,
    }


def _analyse(provider: Provider, record: Record) -> Iterator[Any]:
    """Yield the request violations, the unused fields and the closest operation, each of bounded size."""
    if record.operation is None:
        yield from ([], [], _closest(provider, record) if record.stub is None else None)
        return
    yield list(request_violations(provider, record))
    if record.method == METHOD:
        yield from ([], None)
        return
    unused = unused_fields(record.query, record.body, content_type_of(record), record.fields_read)
    yield [cut(name, MAX_VALUE) for name in unused[:MAX_UNUSED]]
    yield None


def _closest(provider: Provider, record: Record) -> str | None:
    """Return the operation whose method and path are most similar to those of a request, if one is similar enough."""
    requested = f"{record.method} {record.path}"
    if len(requested) > MAX_VALUE:
        return None
    known = {f"{each.method} {path}": each.id for each in provider.operations.values() for path in each.paths}
    found = difflib.get_close_matches(requested, known, n=1, cutoff=0.5)
    return f"{provider.name}.{known[found[0]]}" if found else None
