"""Sending: which messages are accepted, and the pool and the IP that each leaves by.

It is assumed that the IPs of a pool or a domain take turns, and that a message leaves by one IP for all recipients.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from email.utils import formatdate
from typing import NamedTuple

from ....core import mime, outbox
from ....core.addresses import normalize_ip
from ....core.clock import whole_seconds
from .. import catalog
from ..models import Domain, Ip, Pool, normalize_domain
from . import Tx
from .ips import assigned_shared_ips
from .warmups import HOUR, warmup_of

IP_HEADER = "x-mailgun-sending-ip"
POOL_HEADER = "x-mailgun-sending-ip-pool"
TEST_HEADER = "x-mailgun-drop-message"
POOL_OPTION = "o:sending-ip-pool"
TEST_VALUES = ("yes", "true")
MAX_FROM = 2_000
"""The length of the longest From header that is read for addresses, in characters."""


class Option(NamedTuple):
    """An option of a message."""

    name: str
    """Where it was given."""
    value: str


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a message that have an effect here."""

    ip: Option | None = None
    """The IP that it is to leave by."""
    pool: Option | None = None
    """The id of the pool that it is to leave by; in a header, as documented, also an IP."""
    is_test: bool = False
    parent_may_choose: bool = False
    """Whether it may leave by an IP or a pool of the parent account: that account sends it for a subaccount."""

    def with_headers(self, headers: Iterable[tuple[str, str]], prefix: str) -> Options:
        """Return them with those in headers of the message, which come after. `prefix` says where the headers are."""
        found: dict[str, Option] = {}
        for name, value in headers:
            if value.strip():
                found.setdefault(name.lower(), Option(f"{prefix}{name}", value.strip()))
        test = found.get(TEST_HEADER)
        return replace(
            self,
            ip=self.ip or found.get(IP_HEADER),
            pool=self.pool or found.get(POOL_HEADER),
            is_test=self.is_test or (test is not None and test.value.lower() in TEST_VALUES),
        )


NO_OPTIONS = Options()


class Way(NamedTuple):
    """How a message leaves."""

    ip: str | None
    reason: str
    pool_id: str | None = None
    pool_name: str | None = None


def get_sending_domain(tx: Tx, account: str | None, name: str) -> Domain:
    """Return a domain of the account, whether or not it is allowed to send."""
    domain = tx.state.domains.get(normalize_domain(name))
    if domain is None or domain.account != account:
        if tx.state.profile[catalog.UNKNOWN_DOMAIN_IS_401]:
            raise catalog.UNAUTHORIZED()
        raise catalog.SENDING_DOMAIN_NOT_FOUND(domain=name)
    if tx.state.region_of(domain) != tx.region:
        raise catalog.SENDING_WRONG_REGION(domain=name)
    return domain


def distinct(addresses: Iterable[str]) -> tuple[str, ...]:
    """Return different recipients; Mailgun ignores duplicates."""
    found: dict[str, str] = {}
    for each in addresses:
        found.setdefault(each.lower(), each)
    return tuple(found.values())


def send_mime(
    tx: Tx,
    *,
    sender: str,
    recipients: Sequence[str],
    source: str,
    via: outbox.Via,
    domain: Domain | None = None,
    options: Options = NO_OPTIONS,
) -> outbox.Message:
    """Accept a MIME message, put it into the outbox, and return it. `sender` and `recipients` are the envelope's.

    Over HTTP the sender is that of the message. Without `domain` the domain of the sender is used. Headers of the
    message are options too.
    """
    content = mime.read(source)
    if via == "http":
        found = mime.addresses([(content.header("From") or "")[:MAX_FROM]])
        if not found:
            raise catalog.NO_SENDER()
        sender = found[0]
    if domain is None:
        domain = get_sending_domain(tx, tx.account, sender.rpartition("@")[2])
    message = outbox.Message(
        message_id=_message_id(tx, domain, content.header("Message-Id")),
        time=tx.now,
        via=via,
        sender=sender,
        recipients=distinct(recipients),
        subject=content.header("Subject") or "",
        reason="",
        source=source,
    )
    return _send(tx, domain, message, options.with_headers(content.headers, "The header "))


def send_parts(
    tx: Tx,
    domain: Domain,
    *,
    sender: str,
    recipients: Sequence[str],
    subject: str,
    headers: Sequence[tuple[str, str]],
    parts: Sequence[outbox.Part],
    options: Options,
) -> outbox.Message:
    """Accept a message in parts, put it into the outbox, and return it. Headers that are missing are added."""
    values = {name.lower(): value for name, value in headers}
    message_id = _message_id(tx, domain, values.get("message-id"))
    made = [("Date", formatdate(whole_seconds(tx.now))), ("Message-Id", message_id), ("MIME-Version", "1.0")]
    message = outbox.Message(
        message_id=message_id,
        time=tx.now,
        via="http",
        sender=sender,
        recipients=tuple(recipients),
        subject=subject,
        reason="",
        headers=(*headers, *[each for each in made if each[0].lower() not in values]),
        parts=tuple(parts),
    )
    return _send(tx, domain, message, options)


def _message_id(tx: Tx, domain: Domain, given: str | None) -> str:
    """Return the id that a message brings with it, or else a new one."""
    found = re.fullmatch(r"\s*<?([^\s<>]{1,250})>?\s*", given or "")
    if found is not None:
        return f"<{found[1]}>"
    seed, now = tx.ids.next(), time.strftime("%Y%m%d%H%M%S", time.gmtime(whole_seconds(tx.now)))
    return f"<{now}.{seed.salt[:10]}{seed.number & 0xFFFFFF:06x}@{domain.name}>"


def _send(tx: Tx, domain: Domain, message: outbox.Message, options: Options) -> outbox.Message:
    _check_allowed(tx, domain, message.recipients)
    way = _choose(tx, domain, options, len(message.recipients))
    sent = replace(
        message,
        reason=f"In test mode it does not leave. {way.reason}" if options.is_test else way.reason,
        pool=way.pool_id,
        pool_name=way.pool_name,
        ip=None if options.is_test else way.ip,
        status="test" if options.is_test else "accepted",
        account=domain.account,
    )
    ip = tx.state.ips.get(sent.ip or "")
    tx.state.outbox = tx.state.outbox.add(sent, 0 if ip is None else _window(tx, ip))
    return tx.state.outbox.messages[-1]


def _check_allowed(tx: Tx, domain: Domain, recipients: Iterable[str]) -> None:
    """Raise an error if a domain is not allowed to send, a sandbox domain to these recipients."""
    if domain.state == "disabled":
        reason = catalog.DISABLED_REASON
    elif domain.is_sandbox and not {each.lower() for each in recipients} <= tx.state.authorized_recipients:
        reason = catalog.SANDBOX_REASON
    elif domain.state == "unverified":
        reason = catalog.UNVERIFIED_REASON
    else:
        return
    is_403 = tx.state.profile[catalog.SENDING_REFUSED_IS_403]
    error = catalog.NOT_ALLOWED_TO_SEND_403 if is_403 else catalog.NOT_ALLOWED_TO_SEND
    raise error(domain=domain.name, reason=reason)


# The way


def _choose(tx: Tx, domain: Domain, options: Options, count: int) -> Way:
    """Return how a message to `count` recipients leaves: by what it names, or by the pool or the IPs of its domain."""
    named = options.pool
    if options.ip is not None:
        return _by_ip(tx, domain, options, options.ip)
    if named is not None and named.name != POOL_OPTION and normalize_ip(named.value) is not None:
        return _by_ip(tx, domain, options, named)
    if named is not None:
        return _by_pool(tx, domain, options, named, count)
    addresses = _enabled(tx, domain.ips)
    if domain.pool_id is None:
        place, pool = f"No pool is linked to the domain {domain.name}", None
    else:
        pool = tx.state.pools.get(domain.pool_id) or _deleted_pool(tx, domain.pool_id)
        place = f"The pool '{pool.name}' is linked to the domain {domain.name}"
    return _by_turns(tx, addresses, count, place, pool) or _overflow(tx, domain, addresses, place, pool)


def _deleted_pool(tx: Tx, pool_id: str) -> Pool:
    """Return a pool without IPs that is deleted, until a job replaces it."""
    names = [job.pool_name for job in tx.state.jobs.values() if job.pool_id == pool_id and job.pool_name is not None]
    return Pool(pool_id, names[-1] if names else pool_id)


def _by_ip(tx: Tx, domain: Domain, options: Options, option: Option) -> Way:
    """Return the way by an IP that a message names: a dedicated one of the account, or one of the domain."""
    ip = tx.state.ips.get(normalize_ip(option.value) or "")
    if ip is None or not ip.enabled or tx.state.region_of(ip) != tx.region:
        raise catalog.IP_NOT_USABLE(ip=option.value)
    is_own = ip.dedicated and _belongs(ip, domain, options)
    if not is_own and ip.ip not in domain.ips:
        raise catalog.IP_NOT_USABLE(ip=option.value)
    return Way(ip.ip, f"{option.name} names the IP.")


def _by_pool(tx: Tx, domain: Domain, options: Options, option: Option, count: int) -> Way:
    """Return the way by a pool that a message names, which has an IP; it never leaves by another one."""
    pool = _find_pool(tx, domain, options, option.value) if catalog.DIPPS in tx.state.features else None
    addresses = () if pool is None else _enabled(tx, pool.ips)
    if pool is None or not addresses or tx.state.region_of(pool) != tx.region:
        raise catalog.POOL_NOT_USABLE(pool=option.value)
    place = f"{option.name} names the pool '{pool.name}'"
    return _by_turns(tx, addresses, count, place, pool) or _wait(tx, addresses, place, pool)


def _find_pool(tx: Tx, domain: Domain, options: Options, pool_id: str) -> Pool | None:
    """Return a pool that a message of a domain may leave by; an inherited one as the subaccount sees it."""
    inherited = () if domain.account is None else tx.state.inherited_pools(domain.account)
    own = tx.state.pools.get(pool_id)
    found = own if own is not None and _belongs(own, domain, options) else None
    return next((pool for pool in inherited if pool.pool_id == pool_id), found)


def _belongs(record: Ip | Pool, domain: Domain, options: Options) -> bool:
    """Return whether a message of a domain may leave by what belongs to the account of a record."""
    return record.account == domain.account or (options.parent_may_choose and record.account is None)


def _by_turns(tx: Tx, addresses: Sequence[str], count: int, place: str, pool: Pool | None) -> Way | None:
    """Return the way by the IP whose turn it is; None without an IP, or if warm-ups limit all of them."""
    free = [each for each in addresses if _is_free(tx, tx.state.ips[each], count)]
    if not free:
        return None
    turns = "it has one IP" if len(addresses) == 1 else f"its {len(addresses)} IPs take turns"
    full = len(addresses) - len(free)
    limited = f", but for {full} at the hourly limit of a warm-up" if full else ""
    return _way(tx, free, f"{place}; {turns}{limited}.", pool)


def _overflow(tx: Tx, domain: Domain, addresses: Sequence[str], place: str, pool: Pool | None) -> Way:
    """Return the way of a message that no IP of its domain takes, because of warm-ups or for lack of one.

    The spillover pool of the domain or of the account takes it, then a shared IP; otherwise it waits.
    """
    why = "its IPs are at the hourly limit of a warm-up" if addresses else "it has no IP"
    for pool_id in (domain.spillover_pool_id, tx.state.spillover_pool_id) if addresses else ():
        spillover = tx.state.pools.get(pool_id or "")
        if spillover is not None and _takes_spillover(tx, domain, spillover):
            warm = [each for each in _enabled(tx, spillover.ips) if not tx.state.ips[each].is_warming(tx.now)]
            if warm:
                return _way(tx, warm, f"{place}; {why}, so the spillover pool '{spillover.name}' takes it.", spillover)
    shared = assigned_shared_ips(tx.state, tx.region)
    if shared:
        return Way(shared[0], f"{place}; {why}, so a shared IP takes it.")
    if addresses:
        return _wait(tx, addresses, place, pool)
    chosen = "Mailgun chooses a shared IP" if tx.state.eligible_for_shared_ips else "no IP is known"
    return Way(None, f"{place}; {why}, so {chosen}.")


def _takes_spillover(tx: Tx, domain: Domain, pool: Pool) -> bool:
    is_usable = domain.account == pool.account or domain.account in pool.delegated_to
    return is_usable and tx.state.region_of(pool) == tx.region


def _wait(tx: Tx, addresses: Sequence[str], place: str, pool: Pool | None) -> Way:
    """Return the way of a message that waits until the warm-up of an IP takes it, which is assumed."""
    return _way(tx, addresses, f"{place}; its IPs are at the hourly limit of a warm-up, so the message waits.", pool)


def _way(tx: Tx, addresses: Sequence[str], reason: str, pool: Pool | None) -> Way:
    ip = tx.state.outbox.next_ip(addresses)
    return Way(ip, reason) if pool is None else Way(ip, reason, pool.pool_id, pool.name)


def _enabled(tx: Tx, addresses: Iterable[str]) -> list[str]:
    return [each for each in addresses if tx.state.ips[each].enabled]


def _is_free(tx: Tx, ip: Ip, count: int) -> bool:
    """Return whether the warm-up of an IP, if it is on one, takes a message to `count` recipients in this hour."""
    if not ip.is_warming(tx.now):
        return True
    return tx.state.outbox.in_window(ip.ip, _window(tx, ip)) + count <= warmup_of(ip, tx.now).hourly_limit


def _window(tx: Tx, ip: Ip) -> int:
    """Return the hour of an IP that its use is counted in: on a warm-up that of the plan."""
    return warmup_of(ip, tx.now).hour_started_at if ip.is_warming(tx.now) else int(tx.now // HOUR) * HOUR
