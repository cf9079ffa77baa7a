"""Forms of the tracking settings of domains. A field that is not sent keeps its setting."""

from __future__ import annotations

from marshmallow import fields

from ....web.schemas import Schema, messages
from .. import catalog
from .fields import FALSY, TRUTHY


def _active(name: str, *more: str) -> fields.Boolean:
    """Return the field of the setting `name`; `yes` and `no` are of the older documentation, `more` is true as well."""
    return fields.Boolean(
        truthy=TRUTHY | {"yes", *more},
        falsy=FALSY | {"no"},
        error_messages=messages(catalog.BAD_FORMAT),
        attribute=name,
    )


class OpenTrackingSchema(Schema):
    """Form to change open tracking."""

    active = _active("open_tracking")
    place_at_the_top = _active("open_at_the_top")


class ClickTrackingSchema(Schema):
    """Form to change click tracking."""

    active = _active("click_tracking", "htmlonly")


class UnsubscribeTrackingSchema(Schema):
    """Form to change unsubscribe tracking."""

    active = _active("unsubscribe_tracking")
    html_footer = fields.String()
    text_footer = fields.String()
