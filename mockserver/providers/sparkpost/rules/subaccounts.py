"""What SparkPost does with subaccounts."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import math
import re
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from typing import Any

from ....core.store import IssuedKey, Transaction
from .. import catalog
from ..models import Key, State, Subaccount

Tx = Transaction[State]


@dataclass(frozen=True, slots=True)
class NewKey:
    """An API key as it is told once, when it is made."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the subaccounts that were asked for."""

    subaccounts: list[Subaccount]
    total: int
    """How many there are on all pages."""
    cursor: str | None
    """What leads to the next page; None on the last one."""


def list_subaccounts(tx: Tx, option: str | None = None) -> list[Subaccount]:
    """Return every subaccount in order of creation, or those that have an option enabled."""
    return [each for each in tx.state.subaccounts.values() if option is None or each.deliverability]


def page_subaccounts(
    tx: Tx,
    *,
    cursor: str = "initial",
    per_page: int = catalog.PAGE_SIZE,
    sort_by: str = "created_at",
    order: str = "desc",
    ip_pool: str | None = None,
    status: str | None = None,
    name: str | None = None,
    ids: Container[int] | None = None,
    option: str | None = None,
) -> Page:
    """Return a page of the subaccounts that pass every filter.

    A cursor is the place after which a page begins: what the last subaccount is sorted by, and its id.
    """

    def place(each: Subaccount) -> tuple[Any, int]:
        return getattr(each, sort_by), each.id

    found = [
        each
        for each in list_subaccounts(tx, option)
        if (ip_pool is None or each.ip_pool == (ip_pool or None))
        and (status is None or each.status == status)
        and (name is None or name.lower() in each.name.lower())
        and (ids is None or each.id in ids)
    ]
    found.sort(key=place, reverse=order == "desc")
    rest = found
    if cursor != "initial":
        start = _place(cursor, str if sort_by == "name" else (int, float))
        rest = [each for each in found if (place(each) < start if order == "desc" else place(each) > start)]
    more = len(rest) > per_page
    return Page(rest[:per_page], len(found), _cursor(place(rest[per_page - 1])) if more else None)


def _cursor(place: tuple[Any, int]) -> str:
    """Return the opaque text of a place: the documented one is base64 of JSON, `[210,210]`."""
    return base64.urlsafe_b64encode(json.dumps(place, separators=(",", ":")).encode()).decode()


def _place(cursor: str, kind: Any) -> tuple[Any, int]:
    try:
        value, number = json.loads(base64.b64decode(cursor, b"-_", validate=True))
    except (ValueError, TypeError, RecursionError):
        raise catalog.CURSOR_INVALID(value=cursor) from None
    finite = not isinstance(value, float) or math.isfinite(value)
    if isinstance(value, bool) or not isinstance(value, kind) or not finite or type(number) is not int:
        raise catalog.CURSOR_INVALID(value=cursor)
    return value, number


def get_subaccount(tx: Tx, subaccount_id: str) -> Subaccount:
    """Return a subaccount; the form of its id is judged before it is looked up."""
    if not re.fullmatch("[0-9]+", subaccount_id):
        raise catalog.SUBACCOUNT_ID_INVALID()
    subaccount = tx.state.subaccounts.get(subaccount_id.lstrip("0"))
    if subaccount is None:
        raise catalog.SUBACCOUNT_NOT_FOUND()
    return subaccount


def create_subaccount(
    tx: Tx,
    name: str,
    *,
    ip_pool: str = "",
    deliverability: bool | None = None,
    setup_api_key: bool = True,
    key_label: str = "",
    key_grants: Iterable[str] = (),
    **unkept: object,
) -> tuple[Subaccount, NewKey | None]:
    """Make a subaccount, and its first key if one is asked for. Its pool need not exist.

    From where the key can be used is judged and not kept: no operation shows it.
    """
    number = _new_id(tx)
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


def is_good(state: State, key: str) -> bool:
    """Say whether a key that was given out is still one of the account's."""
    return digest(key) in state.keys


def digest(key: str) -> str:
    """Return what a key is kept as."""
    return hashlib.sha256(key.encode()).hexdigest()


def update_subaccount(
    tx: Tx,
    subaccount: Subaccount,
    *,
    name: str | None = None,
    status: str | None = None,
    ip_pool: str | None = None,
    deliverability: bool | None = None,
) -> None:
    """Change a subaccount; None leaves what is there, a blank unassigns the pool."""
    sent = {"name": name, "status": status, "deliverability": deliverability}
    changes: dict[str, Any] = {field: value for field, value in sent.items() if value is not None}
    if ip_pool is not None:
        changes["ip_pool"] = ip_pool or None
    tx.state.subaccounts[str(subaccount.id)] = replace(subaccount, updated_at=tx.now, **changes)


def _new_id(tx: Tx) -> int:
    """Return the number after the largest that is taken; where there is none, the lowest that is free."""
    following = max((each.id for each in tx.state.subaccounts.values()), default=0) + 1
    if following <= catalog.LARGEST_NUMBER:
        return following
    return next(number for number in itertools.count(1) if str(number) not in tx.state.subaccounts)


def _new_key(tx: Tx) -> str:
    """Return 40 hexadecimal digits that no other tenant is given."""
    seed = tx.ids.next()
    return hashlib.sha256(f"{seed.salt}{seed.number}".encode()).hexdigest()[:40]
