"""Sending messages."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence

from flask import request
from flask.typing import ResponseReturnValue

from ....core import mime
from ....core.outbox import Part
from ....web.bodies import File, NotMultipart, parse_files
from ....web.exchange import current_exchange
from ....web.schemas import load
from .. import catalog, responses
from ..provider import SENDING, URLENCODED, blueprint, form_fields
from ..rules import Tx
from ..rules import sending as rules
from ..schemas import sending as schemas

Pairs = Sequence[tuple[str, str]]
BODIES = (("text", "text/plain"), ("amp-html", "text/x-amp-html"), ("html", "text/html"))
"""The texts of a message, with their types, in the order of its parts."""
BINARY = "application/octet-stream"
INVALID_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


@blueprint.post("/v3/<domain_name>/messages", endpoint="sendMessage", scope=SENDING)
def send_message(tx: Tx, domain_name: str) -> ResponseReturnValue:
    domain = rules.get_sending_domain(tx, tx.account, domain_name)
    files = _files()
    lists = ("to", "cc", "bcc")
    form = {**dict.fromkeys(lists, ()), **form_fields(*lists)}
    has_sender = form.get("from") or not form.get("template")  # a template may have it
    exclude = frozenset(() if has_sender else ("sender",))
    fields = load(schemas.MessageSchema, {**form, "from": [form.get("from", "")]}, exclude=exclude)
    recipients = _recipients([*fields["to"], *fields["cc"], *fields["bcc"]])
    if not any(form.get(name) for name, _ in BODIES) and not form.get("template"):
        raise catalog.NO_CONTENT()
    if form.get("html") and form.get("template"):
        raise catalog.HTML_AND_TEMPLATE()
    sent = _options()
    headers = [(name, form[name.lower()]) for name in ("From", "Subject") if form.get(name.lower())]
    headers[1:1] = [(name, ", ".join(form[name.lower()])) for name in ("To", "Cc") if fields[name.lower()]]
    message = rules.send_parts(
        tx,
        domain,
        sender=fields.get("sender", [""])[0],
        recipients=recipients,
        subject=form.get("subject", ""),
        headers=[*headers, *schemas.headers(sent, form)],
        parts=[
            *[Part(content_type, form[name]) for name, content_type in BODIES if form.get(name)],
            *[_part(file) for file in files if file.name in ("attachment", "inline")],
        ],
        options=_effective(tx, sent),
    )
    return responses.queued(message)


@blueprint.post("/v3/<domain_name>/messages.mime", endpoint="sendMimeMessage", scope=SENDING)
def send_mime_message(tx: Tx, domain_name: str) -> ResponseReturnValue:
    domain = rules.get_sending_domain(tx, tx.account, domain_name)
    if request.mimetype != "multipart/form-data":
        raise catalog.NOT_MULTIPART(content_type=request.mimetype)
    file = next((file for file in _files() if file.name == "message"), None)
    form = {"to": (), **form_fields("to")}
    fields = load(schemas.MimeSchema, form)
    if file is None:
        raise catalog.MESSAGE_NOT_A_FILE() if "message" in form else catalog.NO_MESSAGE()
    sent = _options()
    message = rules.send_mime(
        tx,
        domain=domain,
        sender="",
        recipients=_recipients(fields["to"]),
        source=mime.write_headers(schemas.headers(sent, fields)) + mime.decode(file.content),
        via="http",
        options=_effective(tx, sent),
    )
    return responses.queued(message)


def _recipients(addresses: Sequence[str]) -> Sequence[str]:
    """Return the different recipients of a message."""
    found = rules.distinct(addresses)
    if len(found) > catalog.MAX_RECIPIENTS:
        raise catalog.TOO_MANY_RECIPIENTS()
    return found


def _files() -> list[File]:
    """Return the files of the form, which has to be valid."""
    exchange = current_exchange()
    if request.mimetype == URLENCODED and INVALID_ESCAPE.search(exchange.body):
        raise catalog.FORM_ESCAPE()
    try:
        files = parse_files(exchange.body, request.headers.get("Content-Type", ""))
    except NotMultipart as error:
        raise (catalog.FORM_TRUNCATED if error.is_truncated else catalog.FORM_MALFORMED)() from None
    exchange.fields_read.update([file.name for file in files if file.name in ("attachment", "inline", "message")])
    return files


def _part(file: File) -> Part:
    content = base64.b64encode(file.content).decode()
    content_id = file.filename if file.name == "inline" else None
    return Part(file.content_type or BINARY, content, file.filename, content_id, is_base64=True)


def _options() -> Pairs:
    """Return the fields of the form that are options, in order."""
    exchange = current_exchange()
    found = [(name, value) for name, value in exchange.form.items(multi=True) if name[:2] in schemas.OPTION_PREFIXES]
    exchange.fields_read.update([name for name, _ in found if name in schemas.OPTIONS or not name.startswith("o:")])
    if sum([len(f"{name}{value}".encode()) for name, value in found]) > catalog.MAX_OPTIONS:
        raise catalog.OPTIONS_TOO_LARGE()
    for name, _ in found:
        if name.startswith("h:") and not schemas.HEADER_NAME.fullmatch(name, 2):
            raise catalog.HEADER_NOT_ASCII(name=name[2:])
    return found


def _effective(tx: Tx, sent: Pairs) -> rules.Options:
    """Return the options that have an effect here."""
    caller = current_exchange().caller
    assert caller is not None
    values = {name: value for name, value in reversed(sent) if value}
    ip, pool = values.get("o:sending-ip"), values.get(rules.POOL_OPTION)
    options = rules.Options(
        ip=None if ip is None else rules.Option("o:sending-ip", ip),
        pool=None if pool is None else rules.Option(rules.POOL_OPTION, pool),
        is_test=values.get("o:testmode", "").lower() in rules.TEST_VALUES,
        parent_may_choose=caller.registration.account is None,
    )
    return options.with_headers([(name[2:], value) for name, value in sent if name.startswith("h:")], "h:")
