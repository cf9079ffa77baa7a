"""Forms of messages."""

from __future__ import annotations

import email.utils
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import fields, validate

from ....core.errors import ErrorMessage
from ....web.schemas import Schema, check, messages
from .. import catalog

OPTION_PREFIXES = ("o:", "h:", "v:", "t:")
"""How the names of options begin: Mailgun's own, headers, variables, and those of a template."""
OPTIONS = frozenset(
    f"o:{name}"
    for name in (
        "archive-to",
        "deliver-within",
        "deliverytime",
        "deliverytime-optimize-period",
        "dkim",
        "require-tls",
        "secondary-dkim",
        "secondary-dkim-public",
        "sending-ip",
        "sending-ip-pool",
        "skip-verification",
        "suppress-headers",
        "tag",
        "testmode",
        "time-zone-localize",
        "tracking",
        "tracking-clicks",
        "tracking-opens",
        "tracking-pixel-location-top",
    )
)
"""Mailgun's options. Only those about times, the IP, the pool and test mode have an effect."""
HEADER_NAME = re.compile("[!-9;-~]+")
MAX_DOMAIN = 255
"""The maximum length of the domain of an address, in characters: RFC 5321, section 4.5.3.1.2."""
_SPECIAL = r"\s@<>(),;:\\\"\[\]."
_LOCAL = rf"(?:(?=[^@]{{1,64}}@)[^{_SPECIAL}]++(?:\.[^{_SPECIAL}]++)*+|\"(?:[^\"\\]|\\.){{0,62}}+\")"
_LABEL = rf"(?!-)[^{_SPECIAL}]{{1,63}}+(?<!-)"
_ADDRESS = rf"{_LOCAL}@(?:{_LABEL}(?:\.{_LABEL})*+|\[(?:IPv6:)?[0-9A-Fa-f:.]++\])"
_COMMENT = r"\([^()\\]*+\)"
_NAME = rf'(?:"(?:[^"\\]|\\.)*+"|{_COMMENT}|[^<>(),;:\\"\[\]]++)*+'
_ENTRY = re.compile(rf"\s*+(?:{_NAME}<\s*+({_ADDRESS})\s*+>|({_ADDRESS}))\s*+(?:{_COMMENT}\s*+)?(?:,|(?=;)|\Z)")
"""An address in a list of addresses, with or without a name: RFC 5322, section 3.4."""
_GROUP = re.compile(rf"\s*+(?!:){_NAME}:")
_GROUP_END = re.compile(rf"\s*+;\s*+(?:{_COMMENT}\s*+)?(?:,|\Z)")
_DATE = re.compile(
    r"(?:[a-z]{3}, *)?\d{1,2} +[a-z]{3} +\d{2,4} +\d\d:\d\d(?::\d\d)? +(?:[+-]\d{4}|[a-z]{1,5})(?: *\([^()]*\))?",
    re.ASCII | re.IGNORECASE,
)
"""A date as in RFC 2822, section 3.3."""
_TIME = re.compile(r"(\d{1,2}):([0-5]\d)|(?:0?[1-9]|1[0-2]):[0-5]\d ?[AaPp][Mm]", re.ASCII)
"""A time of day: `HH:mm`, whose hour is checked separately, or `hh:mmaa`."""


class AddressList(fields.Raw):
    """Lists of addresses, each separated by commas. It loads as the addresses alone. RFC 5321 and RFC 5322."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[str]:
        found = []
        for text in map(str.strip, value):
            position, in_group = 0, False
            while position < len(text):
                edge = (_GROUP_END if in_group else _GROUP).match(text, position)
                if edge is not None:
                    position, in_group = edge.end(), not in_group
                    continue
                entry = _ENTRY.match(text, position)
                address = "" if entry is None else entry[1] or entry[2]
                if entry is None or len(address.rpartition("@")[2]) > MAX_DOMAIN:
                    raise self.make_error("invalid")
                found.append(address)
                position = entry.end()
            if in_group:
                raise self.make_error("invalid")
        return found


def _addresses(missing: ErrorMessage | None = None, **options: Any) -> AddressList:
    """Return the field of lists of addresses; `missing` is the error of none."""
    required = [] if missing is None else [validate.Length(min=1, error=missing)]
    return AddressList(error_messages=messages(catalog.INVALID_ADDRESS), validate=required, **options)


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text.strip()):
        return False
    try:
        email.utils.parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError, OverflowError):
        return False
    return True


def _is_time(text: str) -> bool:
    return text == "" or _TIME.fullmatch(text) is not None


def _is_24_hour_time(text: str) -> bool:
    found = _TIME.fullmatch(text)
    return found is None or found[1] is None or int(found[1]) < 24


def _is_json_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _date() -> fields.String:
    return fields.String(data_key="o:deliverytime", validate=check(_is_date, catalog.NOT_A_DATE))


def _time() -> fields.String:
    checks = [check(_is_time, catalog.NOT_A_TIME), check(_is_24_hour_time, catalog.NOT_24_HOURS)]
    return fields.String(data_key="o:time-zone-localize", validate=checks)


class MessageSchema(Schema):
    """Form of a message in parts. The subject may be missing: no document has an error for that."""

    sender = _addresses(catalog.NO_SENDER, data_key="from")
    to = _addresses(catalog.NO_RECIPIENT)
    cc = _addresses()
    bcc = _addresses()
    subject = fields.String()
    text = fields.String()
    html = fields.String()
    amp_html = fields.String(data_key="amp-html")
    template = fields.String()
    recipient_variables = fields.String(
        data_key="recipient-variables", validate=check(_is_json_object, catalog.VARIABLES_NOT_JSON)
    )
    delivery_time = _date()
    local_time = _time()


class MimeSchema(Schema):
    """Form of a MIME message."""

    to = _addresses(catalog.NO_RECIPIENT)
    template = fields.String()
    delivery_time = _date()
    local_time = _time()


def headers(options: Sequence[tuple[str, str]], form: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the headers that the options of a message are in its MIME text."""
    found = [(name[2:], value) for name, value in options if name.startswith("h:")]
    found += [("X-Mailgun-Tag", value) for name, value in options if name == "o:tag"]
    variables = {name[2:]: value for name, value in options if name.startswith("v:")}
    if variables:
        found.append(("X-Mailgun-Variables", json.dumps(variables)))
    if form.get("recipient-variables"):
        found.append(("X-Mailgun-Recipient-Variables", form["recipient-variables"]))
    if form.get("template"):
        found.append(("X-Mailgun-Template-Name", form["template"]))
    found += [("X-Mailgun-Template-Variables", value) for name, value in options if name == "t:variables"]
    return found
