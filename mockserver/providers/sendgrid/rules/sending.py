"""Sending: the checks of a message, and the pool and the IP that it leaves by.

No document says how IPs are chosen among several: that they take turns is assumed. So is that a message with several
recipients leaves by one IP, and that a scheduled one leaves by the IP that is chosen when it is accepted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ....core import mime, outbox
from ....core.errors import ErrorMessage
from .. import catalog
from ..models import Ip, Pool, State
from . import Tx

HOUR, DAY = 3_600, 86_400
SINK = "@sink.sendgrid.net"
"""The end of addresses whose messages SendGrid accepts and discards."""
RECIPIENTS = ("to", "cc", "bcc")
WEB_TEXTS = (("text", "plain"), ("html", "html"))


class Route(NamedTuple):
    """The pool and the IPs that messages may leave by."""

    reason: str
    status: outbox.Status = "accepted"
    pool: str | None = None
    """The id of the pool."""
    pool_name: str | None = None
    ips: Sequence[Ip] = ()
    """Those that take turns."""
    others: Sequence[Ip] = ()
    """Those that messages leave by that exceed the limits of the others."""


class SmtpApi(NamedTuple):
    """What the header X-SMTPAPI, or the field `x-smtpapi`, says."""

    to: tuple[str, ...] = ()
    ip_pool: str | None = None
    is_valid: bool = True


# The pool and the IP


def route(tx: Tx, account: str | None, *, pool_name: str | None, named_by: str) -> Route:
    """Return the pool and the IPs that messages leave by, and why.

    A message for a pool without an IP is dropped, which is assumed.
    """
    own = [ip for ip in tx.state.ips_of(account) if tx.state.is_owned(ip, account) and ip.enabled]
    if pool_name is None:
        if not own:
            return Route("The account has no dedicated IP that it may send from; SendGrid chooses a shared one.")
        also = ", also those in pools" if len(own) > 1 else ""
        return Route(f"No pool is named; {_turns(own, 'the account')}{also}.", ips=own)
    named = f"{named_by} names the pool '{pool_name}'"
    pool = find_pool(tx, account, pool_name)
    if pool is None:
        return Route(f"{named}, which the account does not have.", "dropped", None, pool_name)
    members = [ip for ip in own if ip.ip in pool.ips]
    if not members:
        return Route(f"{named}, which has no IP.", "dropped", pool.id, pool_name)
    return Route(f"{named}; {_turns(members, 'the pool')}.", "accepted", pool.id, pool_name, members, own)


def _turns(ips: Sequence[Ip], owner: str) -> str:
    return f"{owner} has one IP" if len(ips) == 1 else f"the {len(ips)} IPs of {owner} take turns"


def choose_ip(tx: Tx, chosen: Route, recipients: int) -> tuple[str | None, str]:
    """Return the IP of a message to some recipients, and why.

    An IP in automated warm-up sends no more than its limit of an hour. What exceeds it leaves by the other IPs of the
    pool, then by those of the account, as documented. If none can take it, SendGrid tries again later, for 72 hours:
    the message is accepted, and has no IP.
    """
    reason = chosen.reason
    ready = [ip for ip in chosen.ips if not ip.warmup or has_capacity(tx, ip, recipients)]
    if len(ready) < len(chosen.ips):
        full = [ip.ip for ip in chosen.ips if ip not in ready]
        more = f"room for fewer than {recipients} more recipients" if recipients > 1 else "no room"
        reason += f" In warm-up, with {more} in this hour: {', '.join(full)}."
        if not ready:
            ready = [ip for ip in chosen.others if has_capacity(tx, ip, recipients)]
            rest = "What exceeds the limit leaves by other IPs of the account."
            reason += f" {rest if ready else 'SendGrid tries again for 72 hours.'}"
    return tx.state.outbox.next_ip([ip.ip for ip in ready]) if ready else None, reason


def has_capacity(tx: Tx, ip: Ip, recipients: int) -> bool:
    """Return whether an IP may send to some more recipients in this hour."""
    limit = warmup_limit(ip, tx.now)
    return limit is None or tx.state.outbox.in_window(ip.ip, _hour(tx)) + recipients <= limit


def warmup_limit(ip: Ip, now: float) -> int | None:
    """Return the number of messages that an IP may send in an hour at a time; None for any number."""
    if not ip.warmup or ip.start_date is None:
        return None
    day = max(0, int((now - ip.start_date) // DAY))
    return catalog.WARMUP_SCHEDULE[day] if day < len(catalog.WARMUP_SCHEDULE) else None


def find_pool(tx: Tx, account: str | None, name: str) -> Pool | None:
    """Return an account's pool by name."""
    return next((pool for pool in tx.state.pools_of(account) if pool.name == name), None)


def _hour(tx: Tx) -> int:
    return int(tx.now // HOUR)


# mail/send


def check_mail(tx: Tx, account: str | None, mail: Mapping[str, Any]) -> None:
    """Raise the error of a message whose fields are valid one by one."""
    personalizations = mail["personalizations"]
    if len(personalizations) > catalog.MAX_PERSONALIZATIONS:
        raise catalog.MAIL_TOO_MANY_PERSONALIZATIONS(count=len(personalizations))
    if sum(len(each.get(kind, ())) for each in personalizations for kind in RECIPIENTS) > catalog.MAX_RECIPIENTS:
        raise catalog.MAIL_TOO_MANY_RECIPIENTS()
    custom_args = mail.get("custom_args", {})
    size = _size(custom_args)
    for index, personalization in enumerate(personalizations):
        own = personalization.get("custom_args", {})
        replaced = {name: custom_args[name] for name in own if name in custom_args}
        path = f"personalizations.{index}"
        _check_personalization(tx, personalization, path, size - _size(replaced) + _size(own))
    _check_parts(mail)
    _check_time(tx, mail, "send_at")
    for personalization in personalizations:
        check_sender(tx, _sender(mail, personalization)["email"], catalog.MAIL_SENDER_IDENTITY)
    name = mail.get("ip_pool_name")
    if name is not None and not tx.state.profile[catalog.UNKNOWN_POOL_IS_DROPPED]:
        has_length = catalog.MIN_POOL_NAME_LENGTH <= len(name) <= catalog.MAX_POOL_NAME_LENGTH
        if not has_length or find_pool(tx, account, name) is None:
            raise catalog.MAIL_POOL_UNKNOWN(value=name)


def _check_personalization(tx: Tx, own: Mapping[str, Any], path: str, custom_args_size: int) -> None:
    seen = set()
    for kind in RECIPIENTS:
        for recipient in own.get(kind, ()):
            email = recipient["email"]
            if email.lower() in seen:
                raise catalog.MAIL_DUPLICATE_RECIPIENT(field=path, value=email, name=f"{path}.{kind}")
            seen.add(email.lower())
    if _size(own.get("substitutions", {})) > catalog.MAX_SUBSTITUTIONS_BYTES:
        raise catalog.MAIL_SUBSTITUTIONS_TOO_LARGE(field=f"{path}.substitutions")
    if custom_args_size > catalog.MAX_CUSTOM_ARGS_BYTES:
        raise catalog.MAIL_CUSTOM_ARGS_TOO_LARGE(field=f"{path}.custom_args")
    _check_time(tx, own, f"{path}.send_at")


def _check_parts(mail: Mapping[str, Any]) -> None:
    order = {"text/plain": 0, "text/html": 1}
    places = [order.get(each["type"].strip().lower(), 2) for each in mail.get("content", ())]
    if places != sorted(places):
        raise catalog.MAIL_CONTENT_ORDER()
    categories = mail.get("categories", ())
    if len(categories) > catalog.MAX_CATEGORIES:
        raise catalog.MAIL_TOO_MANY_CATEGORIES(count=len(categories))
    for category in categories:
        if categories.count(category) > 1:
            raise catalog.MAIL_CATEGORY_TWICE(value=category)


def _check_time(tx: Tx, fields: Mapping[str, Any], path: str) -> None:
    if fields.get("send_at", 0) > tx.now + catalog.MAX_SCHEDULE_SECONDS:
        raise catalog.MAIL_SEND_AT_LATE(field=path)


def check_sender(tx: Tx, address: str, error: ErrorMessage) -> None:
    """Raise an error if a seed lists the domains that messages may be from, and this one is not among them."""
    domains = tx.state.sending_domains
    if domains is not None and address.rpartition("@")[2].lower() not in domains:
        raise error()


def is_test(mail: Mapping[str, Any]) -> bool:
    """Return whether a message is in sandbox mode: it is checked, and not sent."""
    found: bool = mail.get("mail_settings", {}).get("sandbox_mode", {}).get("enable", False)
    return found


def send_mail(tx: Tx, account: str | None, mail: Mapping[str, Any]) -> str:
    """Accept a message for each personalization, and return their id, which they share."""
    message_id = new_message_id(tx)
    chosen = route(tx, account, pool_name=mail.get("ip_pool_name"), named_by="`ip_pool_name`")
    if is_test(mail):
        chosen = chosen._replace(reason="In sandbox mode a message is checked, and not sent.", status="test")
    parts, common = tuple(_parts(mail)), _CommonHeaders(mail)
    for personalization in mail["personalizations"]:
        subject = personalization.get("subject", mail.get("subject", ""))
        add_message(
            tx,
            account,
            chosen,
            message_id=message_id,
            via="http",
            sender=_sender(mail, personalization)["email"],
            recipients=tuple([each["email"] for kind in RECIPIENTS for each in personalization.get(kind, ())]),
            subject=subject,
            headers=(*common.addresses(personalization, subject), *common.merged(personalization)),
            parts=parts,
        )
    return message_id


def add_message(
    tx: Tx,
    account: str | None,
    chosen: Route,
    *,
    message_id: str,
    via: outbox.Via,
    sender: str,
    recipients: tuple[str, ...],
    subject: str,
    headers: tuple[tuple[str, str], ...] = (),
    parts: tuple[outbox.Part, ...] = (),
    source: str | None = None,
) -> outbox.Message:
    """Put a message into the outbox, and return it."""
    if chosen.status == "accepted" and all(each.lower().endswith(SINK) for each in recipients):
        chosen = chosen._replace(reason=f"SendGrid accepts and discards messages to {SINK[1:]}.", status="test")
    ip, reason = choose_ip(tx, chosen, len(recipients)) if chosen.status == "accepted" else (None, chosen.reason)
    message = outbox.Message(
        message_id=message_id,
        time=tx.now,
        via=via,
        sender=sender,
        recipients=recipients,
        subject=subject,
        reason=reason,
        pool=chosen.pool,
        pool_name=chosen.pool_name,
        ip=ip,
        status=chosen.status,
        account=account,
        headers=headers,
        parts=parts,
        source=source,
    )
    state: State = tx.state
    state.outbox = state.outbox.add(message, _hour(tx))
    return state.outbox.messages[-1]


def new_message_id(tx: Tx) -> str:
    """Return the id of a new message: 22 characters."""
    seed = tx.ids.next()
    return f"{seed.number:x}{seed.salt}"[:22]


def _sender(mail: Mapping[str, Any], personalization: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = personalization.get("from_", mail["from_"])
    return found


def is_header_name(name: str) -> bool:
    """Return whether a name has only the characters that the name of a header may have."""
    return re.fullmatch("[!-9;-~]+", name) is not None


def is_reserved(name: str) -> bool:
    """Return whether a message may not set a header."""
    return name.lower() in catalog.RESERVED_HEADERS


class _CommonHeaders:
    """The headers that the personalizations of a message share: each of them has one of up to a thousand messages."""

    def __init__(self, mail: Mapping[str, Any]) -> None:
        replies = [*([mail["reply_to"]] if "reply_to" in mail else []), *mail.get("reply_to_list", ())]
        self.sender, self.replies = _address(mail["from_"]), ", ".join(map(_address, replies))
        self.items: Sequence[tuple[str, str]] = tuple(mail.get("headers", {}).items())
        self.places = {name: place for place, (name, _) in enumerate(self.items)}

    def addresses(self, own: Mapping[str, Any], subject: str) -> Iterator[tuple[str, str]]:
        """Yield the headers with addresses, and the subject."""
        yield "From", _address(own["from_"]) if "from_" in own else self.sender
        for name, field in (("To", "to"), ("Cc", "cc")):
            if own.get(field):
                yield name, ", ".join(map(_address, own[field]))
        if self.replies:
            yield "Reply-To", self.replies
        if subject:
            yield "Subject", subject

    def merged(self, own: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
        """Return the other headers; those of a personalization replace headers of the same name."""
        headers = own.get("headers")
        if not headers:
            return self.items
        found = list(self.items)
        for item in headers.items():
            place = self.places.get(item[0])
            if place is None:
                found.append(item)
            else:
                found[place] = item
        return found


def _address(address: Mapping[str, Any]) -> str:
    name = address.get("name")
    return f"{json.dumps(name, ensure_ascii=False)} <{address['email']}>" if name else address["email"]


def _parts(mail: Mapping[str, Any]) -> Iterator[outbox.Part]:
    for content in mail.get("content", ()):
        yield outbox.Part(content["type"], content["value"])
    for attachment in mail.get("attachments", ()):
        yield outbox.Part(
            attachment.get("type", mime.BINARY),
            attachment["content"],
            filename=attachment["filename"],
            content_id=attachment.get("content_id"),
            is_base64=True,
        )


def _size(values: Mapping[str, str]) -> int:
    """Return the size of the names and values of an object, in bytes."""
    return sum(len(name.encode()) + len(value.encode()) for name, value in values.items())


# SMTP, and Web API v2


def read_smtpapi(text: str | None) -> SmtpApi:
    """Return what the header X-SMTPAPI says: a JSON object; `to` are addresses, `ip_pool` is the name of a pool.

    Everything else in it is ignored. An empty name means no pool.
    """
    if text is None:
        return SmtpApi()
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        return SmtpApi(is_valid=False)
    to, pool = data.get("to", []), data.get("ip_pool", "")
    addresses = to if isinstance(to, list) else [to]
    if len(addresses) > catalog.MAX_SMTPAPI_RECIPIENTS or not all(map(mime.is_text, [*addresses, pool])):
        return SmtpApi(is_valid=False)
    return SmtpApi(tuple(map(_bare, addresses)), pool or None)


def _bare(address: str) -> str:
    """Return an address without a name."""
    return next(iter(mime.addresses([address])), address)


def route_smtpapi(tx: Tx, account: str | None, api: SmtpApi) -> Route:
    """Return how messages with an X-SMTPAPI header leave; with an invalid one they are dropped.

    So they are with an unknown pool, in both profiles: no document has an error for it.
    """
    if not api.is_valid:
        return Route("Invalid SMTPAPI header", "dropped")
    return route(tx, account, pool_name=api.ip_pool, named_by="`ip_pool` of X-SMTPAPI")


def send_mime(tx: Tx, *, sender: str, recipients: Sequence[str], source: str, via: outbox.Via) -> outbox.Message:
    """Accept a MIME message for each recipient, and return the last one; they share their id.

    `sender` and `recipients`, at least one, are the envelope's. `to` in the header X-SMTPAPI replaces the recipients;
    of several such headers the first one counts. Raises the error of a sender whose domain the account does not have.
    """
    content = mime.read(source)
    author = next(iter(mime.addresses([content.header("From") or ""])), sender)
    check_sender(tx, author, catalog.MAIL_SENDER_IDENTITY)
    api = read_smtpapi(content.header("X-SMTPAPI"))
    chosen = route_smtpapi(tx, tx.account, api)
    message_id, subject = new_message_id(tx), content.header("Subject") or ""
    added = [
        add_message(
            tx,
            tx.account,
            chosen,
            message_id=message_id,
            via=via,
            sender=sender,
            recipients=(recipient,),
            subject=subject,
            source=source,
        )
        for recipient in api.to or recipients
    ]
    return added[-1]


def send_form(
    tx: Tx, account: str | None, mail: Mapping[str, Any], *, files: tuple[outbox.Part, ...], api: SmtpApi
) -> None:
    """Accept a message of Web API v2; with `to` in `x-smtpapi`, one for each of these recipients."""
    check_sender(tx, mail["from_"], catalog.WEB_SENDER_IDENTITY)
    chosen = route_smtpapi(tx, account, api)
    message_id = new_message_id(tx)
    texts = [outbox.Part(f"text/{kind}", mail[field]) for field, kind in WEB_TEXTS if mail.get(field)]
    headers, parts = tuple(_web_headers(mail)), (*texts, *files)
    for envelope in [(each,) for each in api.to] or [(*mail["to"], *mail["cc"], *mail["bcc"])]:
        add_message(
            tx,
            account,
            chosen,
            message_id=message_id,
            via="http",
            sender=mail["from_"],
            recipients=envelope,
            subject=mail["subject"],
            headers=headers,
            parts=parts,
        )


def _web_headers(mail: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "From", _address({"email": mail["from_"], "name": mail.get("fromname")})
    names = dict(enumerate(mail["toname"]))
    to = [_address({"email": email, "name": names.get(index)}) for index, email in enumerate(mail["to"])]
    for name, value in (
        ("To", ", ".join(to)),
        ("Cc", ", ".join(mail["cc"])),
        ("Reply-To", mail.get("replyto")),
        ("Date", mail.get("date")),
        ("Subject", mail["subject"]),
    ):
        if value:
            yield name, value
    try:
        own = json.loads(mail.get("headers") or "{}")
    except (ValueError, RecursionError):
        own = None
    if isinstance(own, dict):
        yield from [
            (name, value)
            for name, value in own.items()
            if is_header_name(name) and not is_reserved(name) and mime.is_text(value)
        ]
