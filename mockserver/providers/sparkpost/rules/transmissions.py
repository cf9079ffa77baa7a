"""Transmissions: what a message is made of, and its recipients."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ....core import mime, outbox
from ....core.errors import ApiError
from .. import catalog
from . import Tx, sending

MAX_ERRORS = 1_000
"""The maximum number of errors of recipients in a response: a body can have half a million. SparkPost lists all."""
_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient that is accepted."""

    email: str
    header_to: str
    """What its message has in the header To."""
    tags: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Recipients:
    """The recipients of a transmission."""

    accepted: Sequence[Recipient]
    rejected: int
    errors: Sequence[ApiError]
    """The errors of the rejected ones, at most `MAX_ERRORS`."""


def is_address(text: str) -> bool:
    """Return whether a text is an address. Assumed: one @ between texts without spaces."""
    return _ADDRESS.fullmatch(text) is not None


def create_transmission(tx: Tx, body: Mapping[str, Any]) -> tuple[str, Recipients]:
    """Accept a message, and return its id and its recipients; `body` are the loaded fields of the request."""
    subaccount = sending.get_sender(tx)
    options = body.get("options") or {}
    start = options.get("start_time")
    if start is not None and start.timestamp() > tx.now + catalog.SCHEDULE_DAYS * catalog.STAGE_SECONDS:
        raise catalog.START_TIME_TOO_LATE()
    is_sandbox = bool(options.get("sandbox"))
    draft = _draft(body.get("content"), body.get("override") or {}, is_sandbox=is_sandbox)
    if not is_sandbox:
        sending.check_domain(tx, draft.sender)
    recipients = _recipients(body.get("recipients"))
    count = len(recipients.accepted)
    if is_sandbox:
        route = sending.sandbox_route(tx, count)
    else:
        route = sending.route(tx, options.get("ip_pool"), subaccount, count, "`options.ip_pool`")
    reason = route.reason
    if start is not None and start.timestamp() > tx.now:
        reason = f"{reason} It is scheduled for {start.isoformat()}."
    message = outbox.Message(
        message_id=_new_id(tx),
        time=tx.now,
        via="http",
        sender=draft.sender,
        recipients=tuple([each.email for each in recipients.accepted]),
        subject=draft.subject,
        reason=reason,
        pool=route.pool,
        pool_name=route.pool_name,
        ip=route.ip,
        account=None if subaccount is None else str(subaccount.id),
        headers=() if draft.source is not None else _headers(draft, recipients.accepted, body),
        parts=draft.parts,
        source=draft.source,
    )
    sending.add(tx, message)
    tx.state.sandbox_messages += count if is_sandbox else 0
    return message.message_id, recipients


# Content


@dataclass(frozen=True, slots=True)
class _Draft:
    """What all messages of a transmission have in common."""

    sender: str
    """The address in the header From."""
    subject: str
    headers: Sequence[tuple[str, str]] = ()
    parts: tuple[outbox.Part, ...] = ()
    source: str | None = None


def _draft(content: Mapping[str, Any] | None, override: Mapping[str, Any], *, is_sandbox: bool) -> _Draft:
    """Return what a content describes; `override` replaces some of it."""
    if content is None:
        raise catalog.CONTENT_REQUIRED()
    content = {name: value for name, value in content.items() if value is not None}
    template = content.get("template_id")
    if is_sandbox:
        if template != catalog.SANDBOX_TEMPLATE:
            raise catalog.SANDBOX_TEMPLATE_INVALID()
        return _Draft(catalog.SANDBOX_SENDER, template, [("From", catalog.SANDBOX_SENDER), ("Subject", template)])
    if template is not None and "ab_test_id" in content:
        raise catalog.TEMPLATE_AND_AB_TEST()
    if template is not None:
        raise catalog.TEMPLATE_NOT_FOUND(value=template)
    if "ab_test_id" in content:
        raise catalog.AB_TEST_NOT_FOUND(value=content["ab_test_id"])
    if "email_rfc822" in content:
        return _mime(content, override)
    return _inline(content, override)


def _mime(content: Mapping[str, Any], override: Mapping[str, Any]) -> _Draft:
    """Return what a MIME text describes, which stays as it was sent; of `override` it is from the sender."""
    names = {
        "sender": "from",
        **{name: name for name in ("subject", "text", "html", "amp_html", "reply_to", "headers")},
    }
    for name, sent in names.items():
        if name in content:
            raise catalog.EXCLUSIVE_CONTENT(field=sent)
    source = content["email_rfc822"]
    _check_size(len(source.encode()))
    read = mime.read(source)
    sender = (override.get("sender") or {}).get("email") or read.header("From") or ""
    return _Draft(sending.address_of(sender), read.header("Subject") or "", source=source)


def _inline(content: Mapping[str, Any], override: Mapping[str, Any]) -> _Draft:
    if not content:
        raise catalog.CONTENT_EMPTY()
    if "sender" not in content:
        raise catalog.FROM_REQUIRED()
    if "subject" not in content:
        raise catalog.SUBJECT_REQUIRED()
    has_text = bool(content.get("text") or content.get("html"))
    if "amp_html" in content and not has_text:
        raise catalog.AMP_ALONE()
    if not has_text:
        raise catalog.TEXT_REQUIRED()
    if content.get("inline_images") and not content.get("html"):
        raise catalog.IMAGES_WITHOUT_HTML()
    parts = tuple(_parts(content))
    _check_size(sum([len(part.content.encode()) for part in parts]))
    sender = {**content["sender"], **(override.get("sender") or {})}
    reply_to = override.get("reply_to") or content.get("reply_to")
    headers = [("From", _format_address(sender["email"], sender.get("name"))), ("Subject", content["subject"])]
    headers += [("Reply-To", reply_to)] if reply_to else []
    headers += [("List-Id", override["list_id"])] if override.get("list_id") else []
    headers += [item for item in content.get("headers", {}).items() if item[0].lower() not in _GENERATED]
    return _Draft(sending.address_of(sender["email"]), content["subject"], headers, parts)


_GENERATED = ("from", "subject", "to", "reply-to", "content-type", "content-transfer-encoding", "mime-version")
"""Headers that are made of other fields, so they are not taken from `headers`."""


def _parts(content: Mapping[str, Any]) -> Iterator[outbox.Part]:
    for name, content_type in (("text", "text/plain"), ("amp_html", "text/x-amp-html"), ("html", "text/html")):
        if content.get(name):
            yield outbox.Part(content_type, content[name])
    for name in ("attachments", "inline_images"):
        for file in content.get(name, ()):
            content_id = file["name"] if name == "inline_images" else None
            yield outbox.Part(file["type"], file["data"], file["name"], content_id, is_base64=True)


def _check_size(size: int) -> None:
    if size > catalog.MESSAGE_SIZE:
        raise catalog.MESSAGE_TOO_LARGE()


def _format_address(email: str, name: str | None) -> str:
    if not name:
        return email
    escaped = re.sub(r'(["\\])', r"\\\1", name)
    return f'"{escaped}" <{email}>'


def _headers(draft: _Draft, recipients: Sequence[Recipient], body: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the headers of a message, with all recipients in To; SparkPost sends a message of its own to each.

    X-MSYS-API has what the template language and events get, as in a message by SMTP; SparkPost itself adds none.
    """
    first, *others = draft.headers
    to = ", ".join(dict.fromkeys([each.header_to for each in recipients]))
    extras = {
        name: body[name] for name in ("campaign_id", "description", "metadata", "substitution_data") if body.get(name)
    }
    tags = list(dict.fromkeys([tag for each in recipients for tag in each.tags]))
    extras |= {"tags": tags} if tags else {}
    added = [("X-MSYS-API", json.dumps(extras, ensure_ascii=False))] if extras else []
    return (first, ("To", to), *others, *added)


# Recipients


def _recipients(sent: Any) -> Recipients:
    """Return the recipients of a transmission; of a list each is accepted or rejected on its own."""
    if isinstance(sent, dict):
        list_id = sent.get("list_id")
        if list_id is None:
            raise catalog.RECIPIENTS_REQUIRED()
        if not isinstance(list_id, str):
            raise catalog.FIELD_STRING(field="recipients.list_id", value=list_id)
        raise catalog.LIST_NOT_FOUND(value=list_id)
    if sent is None:
        raise catalog.RECIPIENTS_REQUIRED()
    accepted: list[Recipient] = []
    errors: list[ApiError] = []
    for each in sent:
        try:
            accepted.append(_recipient(each))
        except ApiError as error:
            if len(errors) < MAX_ERRORS:
                errors.append(error)
    if not accepted:
        raise catalog.NO_VALID_RECIPIENT()
    return Recipients(accepted, len(sent) - len(accepted), errors)


def _recipient(sent: Any) -> Recipient:
    if not isinstance(sent, dict):
        raise catalog.ADDRESS_TYPE(value="")
    address = sent.get("address")
    if address is None:
        raise catalog.ADDRESS_REQUIRED()
    if isinstance(address, str):
        if not is_address(address):
            raise catalog.ADDRESS_INVALID(value=address)
        address = {"email": address}
    if not isinstance(address, dict):
        raise catalog.ADDRESS_TYPE(value=json.dumps(address))
    email = address.get("email")
    if not isinstance(email, str) or not email:
        raise catalog.ADDRESS_REQUIRED()
    if not is_address(email):
        raise catalog.EMAIL_INVALID(value=email)
    for name in ("metadata", "substitution_data"):
        if not isinstance(sent.get(name), dict | None):
            raise catalog.RECIPIENT_DATA_TYPE(field=name)
    return_path = sent.get("return_path")
    if return_path is not None and not (isinstance(return_path, str) and is_address(return_path)):
        raise catalog.RETURN_PATH_INVALID(value=return_path)
    named, header_to, tags = address.get("name"), address.get("header_to"), sent.get("tags")
    to = header_to if isinstance(header_to, str) and header_to else None
    to = to or _format_address(email, named if isinstance(named, str) else None)
    return Recipient(email, to, [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else ())


def _new_id(tx: Tx) -> str:
    """Return 17 digits that differ between tenants."""
    seed = tx.ids.next()
    return str(10**16 + int(seed.salt[:13], 16) + seed.number)
