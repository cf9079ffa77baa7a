"""Subaccounts and their API keys."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from typing import Any

from ....core.store import IssuedKey
from .. import catalog
from ..models import Key, State, Subaccount, new_subaccount_id
from . import Tx


@dataclass(frozen=True, slots=True)
class NewKey:
    """A new API key. Only the response that creates it contains it."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page of subaccounts."""

    subaccounts: list[Subaccount]
    total: int
    """The number of subaccounts on all pages."""
    cursor: str | None
    """The cursor of the next page; None on the last one."""


def list_subaccounts(tx: Tx, *, option: str | None) -> list[Subaccount]:
    """Return the subaccounts, or those with an option, in order of creation."""
    return [each for each in tx.state.subaccounts.values() if option is None or each.deliverability]


def page_subaccounts(
    tx: Tx,
    *,
    cursor: str | None,
    per_page: int,
    sort_by: str,
    order: str,
    ip_pool: str | None,
    status: str | None,
    name: str | None,
    ids: Container[int] | None,
    option: str | None,
) -> Page:
    """Return a page of the subaccounts that match every filter.

    A cursor holds the sort key of the last subaccount on the page before.
    """

    def sort_key(each: Subaccount) -> tuple[Any, int]:
        return getattr(each, sort_by), each.id

    found = [
        each
        for each in list_subaccounts(tx, option=option)
        if (ip_pool is None or each.ip_pool == (ip_pool or None))
        and (status is None or each.status == status)
        and (name is None or name.lower() in each.name.lower())
        and (ids is None or each.id in ids)
    ]
    found.sort(key=sort_key, reverse=order == "desc")
    rest = found
    if cursor not in (None, catalog.FIRST_CURSOR):
        last = _decode_cursor(cursor, str if sort_by == "name" else (int, float))
        rest = [each for each in found if (sort_key(each) < last if order == "desc" else sort_key(each) > last)]
    more = len(rest) > per_page
    return Page(rest[:per_page], len(found), _encode_cursor(sort_key(rest[per_page - 1])) if more else None)


def _encode_cursor(sort_key: tuple[Any, int]) -> str:
    """Return a sort key as an opaque string: the documented one is base64 of JSON, `[210,210]`."""
    return base64.urlsafe_b64encode(json.dumps(sort_key, separators=(",", ":")).encode()).decode()


def _decode_cursor(cursor: str, kind: Any) -> tuple[Any, int]:
    """Return the sort key of a cursor; `kind` is the type of its value."""
    try:
        value, number = json.loads(base64.b64decode(cursor, b"-_", validate=True))
    except (ValueError, TypeError, RecursionError):
        raise catalog.CURSOR_INVALID(value=cursor) from None
    finite = not isinstance(value, float) or math.isfinite(value)
    if isinstance(value, bool) or not isinstance(value, kind) or not finite or type(number) is not int:
        raise catalog.CURSOR_INVALID(value=cursor)
    return value, number


def get_subaccount(tx: Tx, subaccount_id: str) -> Subaccount:
    """Return a subaccount. The format of the id is checked first."""
    if not re.fullmatch("[0-9]+", subaccount_id):
        raise catalog.SUBACCOUNT_ID_INVALID()
    subaccount = tx.state.subaccounts.get(subaccount_id.lstrip("0"))
    if subaccount is None:
        raise catalog.SUBACCOUNT_NOT_FOUND()
    return subaccount


def create_subaccount(
    tx: Tx,
    *,
    name: str,
    ip_pool: str | None,
    deliverability: bool | None,
    setup_api_key: bool,
    key_label: str,
    key_grants: Iterable[str],
) -> tuple[Subaccount, NewKey | None]:
    """Create a subaccount, whose pool may be unknown, and with `setup_api_key` its first key."""
    used = [each.id for each in tx.state.subaccounts.values()]
    number = new_subaccount_id(used, max(used, default=0))
    subaccount = Subaccount(
        number,
        name,
        ip_pool=ip_pool or None,
        deliverability=bool(deliverability),
        created_at=tx.now,
        updated_at=tx.now,
    )
    tx.state.subaccounts[str(number)] = subaccount
    if not setup_api_key:
        return subaccount, None
    key = _new_key(tx)
    tx.state.keys[digest(key)] = Key(digest(key), number)
    tx.issued.append(IssuedKey(key, str(number), frozenset(key_grants)))
    return subaccount, NewKey(key, key_label)


def is_valid_key(state: State, key: str) -> bool:
    """Return whether an issued key is still one of the account's."""
    return digest(key) in state.keys


def digest(key: str) -> str:
    """Return the digest under which a key is stored."""
    return hashlib.sha256(key.encode()).hexdigest()


def update_subaccount(
    tx: Tx,
    subaccount: Subaccount,
    *,
    name: str | None,
    status: str | None,
    ip_pool: str | None,
    deliverability: bool | None,
) -> None:
    """Update a subaccount. None leaves a value as it is; an empty `ip_pool` removes the pool."""
    sent = {"name": name, "status": status, "deliverability": deliverability}
    changes: dict[str, Any] = {field: value for field, value in sent.items() if value is not None}
    if ip_pool is not None:
        changes["ip_pool"] = ip_pool or None
    tx.state.subaccounts[str(subaccount.id)] = replace(subaccount, updated_at=tx.now, **changes)


def _new_key(tx: Tx) -> str:
    """Return 40 hexadecimal digits that differ between tenants."""
    seed = tx.ids.next()
    return hashlib.sha256(f"{seed.salt}{seed.number}".encode()).hexdigest()[:40]
