"""Sending: mail/send, and Web API v2."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

from flask.typing import ResponseReturnValue

from ....core import mime
from ....core.outbox import Part
from ....web.bodies import File, parse_files
from ....web.exchange import current_exchange
from ....web.schemas import load
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
    """Yield the attachments of the form, `files[NAME]`: fields with their content, and uploaded files."""
    exchange = current_exchange()
    uploads: dict[str, list[File]] = {}
    for file in parse_files(exchange.body, exchange.request.headers.get("Content-Type", "")):
        uploads.setdefault(file.name, []).append(file)
    for field, values in exchange.form.lists():  # it has the uploaded files of a name after the fields
        found = re.fullmatch(r"files\[(.*)\]", field, re.DOTALL)
        if found is None:
            continue
        files, content_field = uploads.get(field, []), f"content[{found[1]}]"
        exchange.fields_read.update((field, content_field))
        texts = [(mime.BINARY, text.encode()) for text in values[: len(values) - len(files)]]
        for content_type, content in [*texts, *[(file.content_type or mime.BINARY, file.content) for file in files]]:
            yield Part(
                content_type,
                base64.b64encode(content).decode(),
                filename=found[1],
                content_id=exchange.form.get(content_field),
                is_base64=True,
            )
