"""The requests of a tenant as server-sent events, as they come: https://html.spec.whatwg.org/#server-sent-events.

Only mockserver's own server sends them as they come; an open connection takes no thread. Under other servers a response
has what there is and ends, and clients ask again, as they do after a lost connection.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import flask
from flask import request

from ..core.clock import format_rfc3339
from ..core.monotonic import monotonic
from ..core.request_log import Record
from ..core.store import Tenant
from ..web.delays import CAN_DELAY, DELAY_OVER, MORE_AFTER, Delay, pause
from .blueprint import blueprint, get_tenant_or_404, request_data
from .requests import filtered, request_json

RETRY = 1_000
"""After how many milliseconds a client asks again."""
MAX_EVENTS, MAX_BYTES = 100, 1 << 20
"""The number of requests, and their size in bytes, from which they are sent in several parts."""
SILENCE = 15.0
"""After how many seconds without a request a comment is sent, which shows whether the client is still there."""
_EVENT_ID = re.compile(r"([0-9]{1,15})-([0-9T:.Z-]{0,40})", re.ASCII)


class Place(NamedTuple):
    """The last request that a client has seen or skipped."""

    seq: int = 0
    time: str = ""

    @property
    def event_id(self) -> str:
        """The `seq` of the request and its `time`: after a reset there is another request with the same number."""
        return f"{self.seq}-{self.time}"


class Stream(Delay):
    """A response with more events after a pause."""

    def __init__(self, tenant: Tenant, place: Place, until: float, previous: Stream | None) -> None:
        super().__init__(tenant, previous=previous)
        self.place = place
        self.until = until
        """When the response ends, by `monotonic`."""
        self.mark: object = None
        """What `_mark` was when all events had been sent."""
        self.sent_at = monotonic()
        """When something was last sent, by `monotonic`."""


@blueprint.get("/tenants/<id>/requests/stream", endpoint="streamRequests")
def stream_requests(id: str) -> Any:
    wanted = request_data()
    last: Stream | None = request.environ.get(DELAY_OVER)
    if last is None:
        tenant = get_tenant_or_404(id)
        place = _first_place(tenant, wanted)
        is_current, sent = True, f"retry: {RETRY}\nid: {place.event_id}\n\n"
    else:
        tenant, place = last.tenant, last.place
        is_current, sent = last.is_current(), ""
    if last is not None and not is_current and tenant.life() is None:  # it was deleted
        return _response("")
    mark = _mark(tenant)
    has_more = False
    if last is None or last.mark != mark or not is_current:
        events, place, has_more = _events(tenant, place, wanted)
        sent += events
    elif monotonic() - last.sent_at > SILENCE:
        sent = ":\n\n"
    if CAN_DELAY in request.environ and not _is_ended(last, is_current=is_current):
        until = monotonic() + wanted.get("timeout", math.inf) if last is None else last.until
        more = Stream(tenant, place, until, last if is_current else None)
        if not has_more:
            more.sent_at = monotonic() if sent or last is None else last.sent_at
            more.mark = mark
            more.seconds = max(0.0, min(pause(monotonic() - more.sent_at), until - monotonic()))
        request.environ[MORE_AFTER] = more
    return _response(sent)


def _response(sent: str) -> flask.Response:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return flask.Response(sent, headers=headers, content_type="text/event-stream; charset=utf-8")


def _is_ended(last: Stream | None, *, is_current: bool) -> bool:
    """Return whether the response ends: by its timeout, the client or the server. A reset does not end it."""
    return last is not None and ((is_current and last.has_ended_early) or monotonic() >= last.until)


def _mark(tenant: Tenant) -> object:
    """Return a value that changes with the request log, and takes little to get."""
    log = tenant.request_log
    return len(log), log.dropped, sum(count for *_, count in log.request_counts)


def _first_place(tenant: Tenant, wanted: Mapping[str, Any]) -> Place:
    """Return where to begin: after the event that the client has seen last, after `since`, or after all requests."""
    seen = _EVENT_ID.fullmatch(request.headers.get("Last-Event-ID", ""))
    if seen is not None:
        return Place(int(seen[1]), seen[2])
    records = list(tenant.request_log)
    before = [record for record in records if record.seq <= wanted.get("since", records[-1].seq)] if records else []
    return _place_of(before[-1]) if before else Place()


def _place_of(record: Record) -> Place:
    return Place(record.seq, format_rfc3339(record.time))


def _events(tenant: Tenant, place: Place, wanted: Mapping[str, Any]) -> tuple[str, Place, bool]:
    """Return the events after a place, the place after them, and whether there are more.

    If the request at that place is no longer in the log, the first event is `clear`, and all requests follow.
    """
    records = list(tenant.request_log)
    sent = []
    if place.seq and not any(record.seq == place.seq and _place_of(record) == place for record in records):
        place = Place()
        sent.append(f"event: clear\nid: {place.event_id}\ndata: {{}}\n\n")
    new = [record for record in records if record.seq > place.seq]
    page = list(_page(new))
    sent += [_event(record) for record in filtered(page, {**wanted, "since": 0})]
    if page:
        place = _place_of(page[-1])
    return "".join(sent), place, len(page) < len(new)


def _page(records: list[Record]) -> Iterator[Record]:
    """Yield the first records, as many as fit into one part."""
    size = 0
    for record in records[:MAX_EVENTS]:
        size += record.weight
        if size > MAX_BYTES and record is not records[0]:
            return
        yield record


def _event(record: Record) -> str:
    return f"event: request\nid: {_place_of(record).event_id}\ndata: {json.dumps(request_json(record))}\n\n"
