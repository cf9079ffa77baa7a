"""Sending: mail/send, and Web API v2."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

from flask import request
from flask.typing import ResponseReturnValue

from ....core import mime
from ....core.outbox import Part
from ....web.exchange import current_exchange
from ....web.schemas import load
from .. import catalog
from ..provider import MAIL_PATH, WEB_PATH, blueprint, mail_body
from ..rules import Tx
from ..rules import sending as rules
from ..schemas import sending as schemas


@blueprint.post(MAIL_PATH, endpoint="sendMail", scope="mail.send")
def send_mail(tx: Tx) -> ResponseReturnValue:
    mail = load(schemas.MailSchema, mail_body())
    rules.check_mail(tx, tx.account, mail)
    return "", 200 if rules.is_test(mail) else 202, [("X-Message-Id", rules.send_mail(tx, tx.account, mail))]


@blueprint.post(WEB_PATH, endpoint="sendWebMail", scope="mail.send")
def send_web_mail(tx: Tx) -> ResponseReturnValue:
    form = current_exchange().form
    lists = {name: [each for each in form.getlist(name) + form.getlist(f"{name}[]") if each] for name in schemas.LISTS}
    api = rules.read_smtpapi(form.get("x-smtpapi"))
    mail = load(schemas.WebMailSchema, {**form.to_dict(), **lists, "to": lists["to"] or list(api.to)})
    rules.send_form(tx, tx.account, mail, files=tuple(_files()), api=api)
    return {"message": "success"}


def _files() -> Iterator[Part]:
    """Yield the attachments of the form, `files[NAME]`: uploaded files, or fields with their content."""
    exchange = current_exchange()
    request.max_form_memory_size = int(catalog.MAX_MAIL_BYTES)
    for field, text in exchange.form.items():
        found = re.fullmatch(r"files\[(.*)\]", field, re.DOTALL)
        if found is None:
            continue
        exchange.fields_read.update((field, f"content[{found[1]}]"))
        file = request.files.get(field)
        data = text.encode() if file is None else file.read()
        content_type = file.content_type if file is not None else None
        yield Part(
            content_type or mime.BINARY,
            base64.b64encode(data).decode(),
            filename=found[1],
            content_id=exchange.form.get(f"content[{found[1]}]"),
            is_base64=True,
        )
