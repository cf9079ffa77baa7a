"""The messages of a tenant: list, search, get, delete, wait."""

from __future__ import annotations

import heapq
import operator
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from flask import abort, request

from ..core import clock, message_filter, mime
from ..core.monotonic import monotonic
from ..core.outbox import Message, Outbox
from ..core.store import Tenant, TenantData
from ..web.delays import CAN_DELAY, DELAY_OVER, Delay, pause
from ..web.server_state import server_state
from .blueprint import blueprint, get_tenant_or_404, request_data

MAX_LIMIT = 1_000
"""The maximum, and the default, of the query parameter `limit`."""
PAGE_BYTES = 4 << 20
"""The approximate size of the messages in one response, in characters; a single one may be larger."""
MAX_TEXT = 1 << 22
"""The length from which a source or a text of a message is cut, in characters."""

Row = dict[str, Any]


class Search(NamedTuple):
    """The messages that match a filter."""

    rows: list[Row]
    """As JSON, without `time`, the newest last."""
    outboxes: Mapping[str, Outbox]
    """The outboxes of the providers that may match, by provider."""

    @property
    def dropped(self) -> int:
        return sum([each.dropped for each in self.outboxes.values()])


def _search(tenant_data: TenantData, wanted: Mapping[str, Any]) -> Search:
    """Return the messages that match the filters in a query or a body."""
    filters = {name: wanted[name] for name in message_filter.NAMES if name in wanted}
    names = [name for name in server_state().providers if wanted.get("provider", name) == name]
    outboxes = {name: tenant_data.state(name).outbox for name in names}
    last = _cursor(wanted.get("after", ""))
    rows = heapq.merge(*(_rows(name, each, last.get(name, 0)) for name, each in outboxes.items()), key=_time)
    return Search([row for row in rows if message_filter.matches(row, filters)], outboxes)


def _cursor(text: str) -> dict[str, int]:
    """Return the last number by provider of a cursor."""
    found: dict[str, int] = {}
    for part in text.split(",") if text else ():
        name, _, number = part.rpartition("-")
        found[name] = max(found.get(name, 0), int(number))
    return found


def _rows(provider: str, outbox: Outbox, last: int) -> Iterator[Row]:
    return (_row(provider, message) for message in outbox.messages if message.number > last)


def _row(provider: str, message: Message) -> Row:
    pool = message.pool
    return {
        "id": f"{provider}-{message.number}",
        "provider": provider,
        "number": message.number,
        "time": message.time,
        "via": message.via,
        "message_id": message.message_id,
        "from": message.sender,
        "to": message.recipients,
        "subject": message.subject,
        "pool": None if pool is None else {"id": pool, "name": message.pool_name or pool},
        "ip": message.ip,
        "reason": message.reason,
        "status": message.status,
        "account": message.account,
        "message": message,
    }


_time = operator.itemgetter("time")


def _json(row: Row) -> Row:
    message = row["message"]
    shown = {name: value for name, value in row.items() if name != "message"}
    return {
        **shown,
        "time": clock.format_rfc3339(message.time),
        "to": list(message.recipients),
        "size": mime.size_of(message),
    }


def _page(rows: list[Row], limit: int) -> list[Row]:
    """Return the oldest rows that fit into one response."""
    count = size = 0
    for row in rows[:limit]:
        size += sum(map(len, row["to"])) + len(row["subject"])
        if count and size > PAGE_BYTES:
            break
        count += 1
    return rows[:count]


@blueprint.get("/tenants/<id>/outbox", endpoint="listMessages")
def list_messages(id: str) -> Any:
    wanted = request_data()
    found = _search(get_tenant_or_404(id).read(), wanted)
    page = _page(found.rows, wanted.get("limit", MAX_LIMIT))
    last = _cursor(wanted.get("after", ""))
    has_more = len(page) < len(found.rows)
    if has_more:
        last |= {row["provider"]: row["number"] for row in page}
    else:
        last |= {name: outbox.count for name, outbox in found.outboxes.items() if outbox.count}
    return {
        "messages": [_json(row) for row in page],
        "has_more": has_more,
        "next": ",".join([f"{name}-{number}" for name, number in sorted(last.items())]) or None,
        "count": len(found.rows),
        "total": sum([outbox.count for outbox in found.outboxes.values()]),
        "dropped": found.dropped,
    }


@blueprint.delete("/tenants/<id>/outbox", endpoint="deleteMessages")
def delete_messages(id: str) -> Any:
    wanted = request_data()

    def delete(tenant_data: TenantData) -> int:
        found = _search(tenant_data, wanted)
        for name, outbox in found.outboxes.items():
            numbers = [row["number"] for row in found.rows if row["provider"] == name]
            left = outbox.cleared() if wanted.keys() <= {"provider"} else outbox.without(numbers)
            if left != outbox:
                _put(tenant_data, name, left)
        return len(found.rows)

    return {"deleted": get_tenant_or_404(id).update(delete)}


def _put(tenant_data: TenantData, provider: str, outbox: Outbox) -> None:
    state = tenant_data.states[provider] = tenant_data.state(provider).copy()
    state.outbox = outbox


# Waiting


class Wait(Delay):
    """A request that looks for messages again after a pause."""

    def __init__(self, tenant: Tenant, since: float, until: float, previous: Wait | None) -> None:
        now = monotonic()
        super().__init__(tenant, seconds=max(0.0, min(pause(now - since), until - now)), previous=previous)
        self.since = since
        """When it began, by `monotonic`."""


@blueprint.post("/tenants/<id>/outbox/wait", endpoint="waitForMessages")
def wait_for_messages(id: str) -> Any:
    wanted = request_data()
    last: Wait | None = request.environ.get(DELAY_OVER)
    tenant = get_tenant_or_404(id) if last is None else last.tenant
    was_reset = last is not None and not last.is_current()
    if was_reset and tenant.life() is None:
        abort(404, f"The tenant '{tenant.id}' was deleted.")
    found = _search(tenant.read(), wanted)
    is_found = len(found.rows) >= wanted.get("times", 1) and not was_reset
    can_wait = CAN_DELAY in request.environ
    if can_wait and not (is_found or was_reset or (last is not None and last.has_ended_early)):
        since = monotonic() if last is None else last.since
        until = since + wanted["timeout"]
        if until > monotonic():
            raise Wait(tenant, since, until, last)
    return {
        "found": is_found,
        "waited": can_wait,
        "was_reset": was_reset,
        "messages": [_json(row) for row in _page(found.rows, MAX_LIMIT)],
        "count": len(found.rows),
        "dropped": found.dropped,
    }


# One message


@blueprint.get("/tenants/<id>/outbox/<mid>", endpoint="getMessage")
def get_message(id: str, mid: str) -> Any:
    provider, message = _get_or_404(get_tenant_or_404(id).read(), mid)
    content = mime.content_of(message)
    source, texts = mime.source_of(message), content.texts
    return {
        **_json(_row(provider, message)),
        "headers": [list(header) for header in content.headers],
        "source": source[:MAX_TEXT],
        "texts": [{"content_type": content_type, "text": text[:MAX_TEXT]} for content_type, text in texts],
        "attachments": [each._asdict() for each in content.attachments],
        "links": content.links,
        "is_complete": all(len(text) <= MAX_TEXT for text in (source, *(text for _, text in texts))),
    }


@blueprint.delete("/tenants/<id>/outbox/<mid>", endpoint="deleteMessage")
def delete_message(id: str, mid: str) -> Any:
    def delete(tenant_data: TenantData) -> None:
        provider, message = _get_or_404(tenant_data, mid)
        _put(tenant_data, provider, tenant_data.state(provider).outbox.without([message.number]))

    get_tenant_or_404(id).update(delete)
    return "", 204


def _get_or_404(tenant_data: TenantData, message_id: str) -> tuple[str, Message]:
    provider, _, number = message_id.rpartition("-")
    if provider in server_state().providers:
        for message in tenant_data.state(provider).outbox.messages:
            if str(message.number) == number:
                return provider, message
    return abort(404, f"No message is named '{message_id}', or it was dropped.")
