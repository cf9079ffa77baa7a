"""Headers and bodies of planned responses: of faults, and of stubs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import abort

from ..core.store import TenantData
from ..web.planned import OWN_HEADERS, WITHOUT_BODY, json_text

MAX_PLANNED = 1 << 20
"""The maximum size of all planned headers and bodies of a tenant together, in characters."""

Headers = tuple[tuple[str, str], ...]


def planned_content(data: Mapping[str, Any], status: int | None) -> tuple[Headers, str | None]:
    """Return the headers and the body in a request; respond with 400 if no response can have them."""
    headers = tuple(data.get("headers", {}).items())
    for name, _ in headers:
        if name.lower() in OWN_HEADERS:
            abort(400, f"/body/headers/{name}: the server sets this header itself")
    body = data.get("body")
    if "json" in data:
        body = json_text(data["json"])
    if body is not None and status in WITHOUT_BODY:
        abort(400, f"/body: a response with status {status} has no body")
    return headers, body


def check_size(tenant_data: TenantData, headers: Headers, body: str | None) -> None:
    """Respond with 400 if planned content would be too large together with that of the tenant."""
    planned = [(each.headers, each.body) for each in (*tenant_data.faults, *tenant_data.stubs)]
    sizes = [_size(*each) for each in [*planned, (headers, body)]]
    if sum(sizes) > MAX_PLANNED:
        abort(400, f"/body: limit of {MAX_PLANNED} characters in planned headers and bodies reached; delete some first")


def _size(headers: Any, body: str | None) -> int:
    return sum(len(name) + len(value) for name, value in headers) + len(body or "")
