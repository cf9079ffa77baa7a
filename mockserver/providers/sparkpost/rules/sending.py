"""Sending: the pool and the IP that a message leaves by, for transmissions and for SMTP.

A message leaves by the pool that it names, or by the one that its subaccount is assigned, or by the default pool; in an
account without dedicated IPs by SparkPost's shared pool. The IPs of a pool take turns. An IP that is warming up has a
volume for each day, by its stage; further messages leave by other IPs of the pool, then by its overflow pool, and
without one by the IP nevertheless. Assumed: a day is one in UTC, and all recipients of a transmission leave by one IP.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ....core import mime, outbox
from ....core.smtp import SmtpError
from .. import catalog
from ..models import Pool, SendingIp, Subaccount
from . import Tx
from .sending_ips import stage
from .subaccounts import get_subaccount

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Route:
    """What a message leaves by."""

    reason: str
    pool: str
    pool_name: str
    ip: str | None = None
    """None for SparkPost's shared pool: SparkPost chooses the IP."""


# The account


def get_sender(tx: Tx) -> Subaccount | None:
    """Return the subaccount that sends; None for the primary account, which `X-MSYS-SUBACCOUNT: 0` names too."""
    if tx.account is None or set(tx.account) == {"0"}:
        return None
    subaccount = get_subaccount(tx, tx.account)
    if subaccount.status != "active":
        raise catalog.FORBIDDEN()
    return subaccount


def check_domain(tx: Tx, sender: str) -> None:
    """Raise an error if the account may not send from an address."""
    domain = _domain(sender)
    if not domain:
        raise catalog.NO_SENDING_DOMAIN()
    if not _is_configured(tx, domain):
        raise catalog.UNCONFIGURED_DOMAIN()


def address_of(text: str) -> str:
    """Return the address in the header From, which may have a name before it, or a comment behind it."""
    text = text.strip()
    if text.endswith(")"):
        text = text[: text.rfind("(")].rstrip()
    found = re.search(r"<([^<>]*)>$", text)
    return found[1] if found is not None else text


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower() if "@" in address else ""


def _is_configured(tx: Tx, domain: str) -> bool:
    domains = tx.state.sending_domains
    return domains is None or domain in domains


# Which pool


def route(tx: Tx, named: str | None, subaccount: Subaccount | None, count: int, where: str) -> Route:
    """Return what a message to a number of recipients leaves by; `where` describes the field that may name a pool."""
    assigned = None if subaccount is None else subaccount.ip_pool
    if named:
        if named.lower() == catalog.SHARED_POOL_ID:
            raise catalog.SENDING_POOL_SHARED()
        if assigned is not None and named.lower() != assigned.lower():
            raise catalog.SENDING_POOL_NOT_ASSIGNED(value=named)
        return _route_by(tx, _find(tx, named), named, count, f"{where} names the pool '{named}'")
    if assigned is not None:
        return _route_by(tx, _find(tx, assigned), assigned, count, f"The subaccount has the pool '{assigned}'")
    if not tx.state.ips:
        return _shared("No pool is named, and the account has no dedicated IPs")
    default = catalog.DEFAULT_POOL
    return _route_by(tx, tx.state.pools[default], default, count, "No pool is named: the default pool")


def _find(tx: Tx, pool_id: str) -> Pool | None:
    """Return the pool with an id, in any case."""
    wanted = pool_id.lower()
    return tx.state.pools.get(pool_id) or next(
        (pool for pool in tx.state.pools.values() if pool.id.lower() == wanted), None
    )


def _shared(why: str) -> Route:
    return Route(f"{why}: SparkPost's shared pool.", catalog.SHARED_POOL_ID, catalog.SHARED_POOL)


def sandbox_route(tx: Tx, count: int) -> Route:
    """Return what messages from the sandbox domain leave by, which is assumed."""
    if tx.state.sandbox_messages + count > catalog.SANDBOX_LIMIT:
        raise catalog.SANDBOX_LIMIT_EXCEEDED()
    return _shared("`options.sandbox` is set")


# Which IP


def _route_by(tx: Tx, pool: Pool | None, pool_id: str, count: int, why: str) -> Route:
    if pool is None:
        raise catalog.SENDING_POOL_NOT_FOUND(value=pool_id)
    ips = _members(tx, pool.id)
    if not ips:
        raise catalog.SENDING_POOL_EMPTY(value=pool_id)
    with_room = [ip for ip in ips if _has_room(tx, ip, count)]
    if with_room:
        return _turn(tx, pool, with_room, f"{why}; {_turns(len(with_room), len(ips))}")
    why = f"{why}; what its IPs send a day while they warm up is reached"
    overflow = pool.auto_warmup_overflow_pool
    if overflow == catalog.SHARED_POOL:
        return _shared(f"{why}, and it overflows")
    other = None if overflow is None else tx.state.pools[overflow]
    spare = [] if other is None else _members(tx, other.id)
    if other is None or not spare:
        return _turn(tx, pool, ips, f"{why}, and it has no IPs to overflow to")
    free = [ip for ip in spare if _has_room(tx, ip, count)]
    return _turn(tx, other, free or spare, f"{why}, and it overflows into the pool '{other.id}'")


def _members(tx: Tx, pool_id: str) -> list[SendingIp]:
    return [ip for ip in tx.state.ips.values() if ip.ip_pool == pool_id]


def _turns(number: int, total: int) -> str:
    if total == 1:
        return "it has one IP"
    return f"its {total} IPs take turns" if number == total else f"{number} of its {total} IPs can take more today"


def _turn(tx: Tx, pool: Pool, ips: Sequence[SendingIp], reason: str) -> Route:
    return Route(f"{reason}.", pool.id, pool.name, tx.state.outbox.next_ip([ip.external_ip for ip in ips]))


def _has_room(tx: Tx, ip: SendingIp, count: int) -> bool:
    """Return whether an IP can take more recipients today. Without `auto_warmup` no IP is warming up."""
    current = stage(ip, tx.now) if tx.state.profile[catalog.AUTO_WARMUP] else None
    if current is None:
        return True
    return tx.state.outbox.in_window(ip.external_ip, _day(tx)) + count <= catalog.WARMUP_VOLUMES[current - 1]


def _day(tx: Tx) -> int:
    return int(tx.now // DAY)


def add(tx: Tx, message: outbox.Message) -> outbox.Message:
    """Put a message into the outbox, and return it with its number."""
    tx.state.outbox = tx.state.outbox.add(message, _day(tx))
    return tx.state.outbox.messages[-1]


# SMTP


def send_mime(tx: Tx, *, sender: str, recipients: Sequence[str], source: str, via: outbox.Via) -> outbox.Message:
    """Accept a MIME message, put it into the outbox, and return it. `sender` and `recipients` are the envelope's.

    The header X-MSYS-API may name a pool, and further recipients. The account is `tx.account`, as for HTTP. Raises
    `SmtpError`, and `ApiError` for a pool that cannot be used.
    """
    subaccount = get_sender(tx)
    content = mime.read(source)
    options = _read_header(content.header("X-MSYS-API"))
    domain = _domain(address_of(content.header("From") or sender))
    if not _is_configured(tx, domain):
        raise SmtpError("unconfigured_domain", domain=domain)
    addresses = list(dict.fromkeys([*recipients, *_copies(options)]))
    named = (options.get("options") or {}).get("ip_pool")
    found = route(tx, named, subaccount, len(addresses), "`options.ip_pool` of X-MSYS-API")
    message = outbox.Message(
        message_id=_new_id(tx),
        time=tx.now,
        via=via,
        sender=sender,
        recipients=tuple(addresses),
        subject=content.header("Subject") or "",
        reason=found.reason,
        pool=found.pool,
        pool_name=found.pool_name,
        ip=found.ip,
        account=None if subaccount is None else str(subaccount.id),
        source=source,
    )
    return add(tx, message)


_TYPES = {
    "metadata": (dict, "json object"),
    "cc": (list, "json array"),
    "bcc": (list, "json array"),
    "archive": (list, "json array"),
    "options": (dict, "json object"),
}
"""The objects and lists of X-MSYS-API that are validated: their types, and SparkPost's names of these."""


def _read_header(text: str | None) -> Mapping[str, Any]:
    """Return the object in the header X-MSYS-API."""
    if text is None:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise SmtpError("header_invalid") from None
    if not isinstance(found, dict):
        raise SmtpError("header_invalid")
    for name, (kind, expected) in _TYPES.items():
        if not isinstance(found.get(name), kind | None):
            raise SmtpError("field_type", field=name, expected=expected)
    texts = {"campaign_id": found.get("campaign_id"), "ip_pool": (found.get("options") or {}).get("ip_pool")}
    for name, text in texts.items():
        if text is not None and not mime.is_text(text):
            raise SmtpError("field_type", field=name, expected="string")
    if catalog.size(found.get("campaign_id") or "") > catalog.CAMPAIGN_SIZE:
        raise SmtpError("campaign_too_long")
    if len(_copies(found)) > catalog.MAX_COPIES:
        raise SmtpError("too_many_copies")
    return found


def _copies(header: Mapping[str, Any]) -> list[str]:
    """Return the addresses of the header's lists, each of which has texts, or objects with `email`."""
    items = [item for name in ("cc", "bcc", "archive") for item in header.get(name) or ()]
    addresses = [item.get("email") if isinstance(item, dict) else item for item in items]
    return [address for address in addresses if mime.is_text(address) and "@" in address]


def _new_id(tx: Tx) -> str:
    """Return an id such as `95/6F-30607-EA5D4555`, which differs between tenants."""
    seed = tx.ids.next()
    salt = seed.salt.upper()
    return f"{salt[:2]}/{salt[2:4]}-{10_000 + int(salt[4:8], 16)}-{(int(salt[8:16], 16) + seed.number) % 2**32:08X}"
