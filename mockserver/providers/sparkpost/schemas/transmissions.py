"""Query and request body of transmissions: JSON types and sizes. null is no value.

What else content and recipients need is in `rules.transmissions`.
"""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from ....core.errors import ErrorMessage
from ....core.fields import Boolean, QueryInteger
from ....web.schemas import FirstErrorList, Schema, check, messages, not_blank
from .. import catalog
from ..rules.transmissions import is_address
from .fields import type_messages


def _string(error: ErrorMessage, *validators: Any) -> fields.String:
    return fields.String(allow_none=True, error_messages=messages(error), validate=validators)


def _boolean() -> Boolean:
    return Boolean(allow_none=True, error_messages=messages(catalog.FIELD_BOOLEAN))


def _object(*validators: Any) -> fields.Dict:
    """Return the field of any JSON object."""
    return fields.Dict(allow_none=True, error_messages=messages(catalog.FIELD_OBJECT), validate=validators)


def _nested(schema: type[Schema], error: ErrorMessage) -> fields.Nested:
    return fields.Nested(schema, allow_none=True, error_messages=messages(error))


def _at_most(limit: int, error: ErrorMessage) -> Any:
    """Return the validator of a maximum size in bytes."""
    return check(lambda value: catalog.size(value) <= limit, error)


class OptionsSchema(Schema):
    """The options of a transmission. Only `ip_pool`, `sandbox` and `start_time` have an effect."""

    error_messages = {"type": catalog.FIELD_OBJECT}  # noqa: RUF012  # the base class has it as an instance variable

    start_time = fields.AwareDateTime(
        format="iso",
        allow_none=True,
        error_messages={**messages(catalog.START_TIME_INVALID), "invalid_awareness": catalog.START_TIME_INVALID},
    )
    open_tracking = _boolean()
    initial_open = _boolean()
    click_tracking = _boolean()
    transactional = _boolean()
    sandbox = _boolean()
    skip_suppression = _boolean()
    ip_pool = _string(catalog.FIELD_STRING)
    inline_css = _boolean()
    perform_substitutions = _boolean()
    dkim_key = _string(catalog.FIELD_STRING)


class SenderSchema(Schema):
    """An address with a name."""

    error_messages = {"type": catalog.CONTENT_OBJECT}  # noqa: RUF012

    email = fields.String(
        required=True,
        error_messages=type_messages(catalog.CONTENT_STRING, catalog.FROM_EMAIL_REQUIRED),
        validate=not_blank(catalog.FROM_EMAIL_REQUIRED),
    )
    name = _string(catalog.CONTENT_STRING)


class Sender(fields.Nested):
    """An address, as a text or as an object with a name. It loads as an object."""

    def __init__(self) -> None:
        super().__init__(
            SenderSchema, data_key="from", allow_none=True, error_messages=messages(catalog.CONTENT_OBJECT)
        )

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        return super()._deserialize({"email": value} if isinstance(value, str) else value, *args, **kwargs)


class OverrideSchema(Schema):
    """What replaces fields of the content."""

    error_messages = {"type": catalog.FIELD_OBJECT}  # noqa: RUF012

    sender = Sender()
    reply_to = _string(catalog.FIELD_STRING)
    list_id = _string(catalog.FIELD_STRING)


class FileSchema(Schema):
    """An attachment, or an image that the HTML refers to. `data` is Base64."""

    error_messages = {"type": catalog.CONTENT_OBJECT}  # noqa: RUF012

    name = fields.String(
        required=True,
        error_messages=type_messages(catalog.CONTENT_STRING, catalog.FIELD_REQUIRED),
        validate=_at_most(catalog.FILENAME_SIZE, catalog.FILENAME_TOO_LONG),
    )
    type = fields.String(required=True, error_messages=type_messages(catalog.CONTENT_STRING, catalog.FIELD_REQUIRED))
    data = fields.String(required=True, error_messages=type_messages(catalog.CONTENT_STRING, catalog.FIELD_REQUIRED))


def _files() -> fields.List[Any]:
    return FirstErrorList(
        fields.Nested(FileSchema, error_messages=messages(catalog.CONTENT_OBJECT)),
        allow_none=True,
        error_messages=messages(catalog.CONTENT_ARRAY),
    )


class ContentSchema(Schema):
    """The content of a transmission."""

    error_messages = {"type": catalog.FIELD_OBJECT}  # noqa: RUF012

    template_id = _string(catalog.CONTENT_STRING)
    ab_test_id = _string(catalog.CONTENT_STRING)
    email_rfc822 = _string(catalog.CONTENT_STRING)
    sender = Sender()
    subject = _string(catalog.CONTENT_STRING)
    text = _string(catalog.CONTENT_STRING)
    html = _string(catalog.CONTENT_STRING)
    amp_html = _string(catalog.CONTENT_STRING)
    reply_to = _string(catalog.CONTENT_STRING)
    headers = _object(
        check(lambda headers: catalog.invalid_header_name(headers) is None, catalog.HEADER_NAME_INVALID),
        check(lambda headers: catalog.invalid_header_value(headers) == "", catalog.HEADER_TYPE),
    )
    attachments = _files()
    inline_images = _files()


class Recipients(fields.Raw):
    """A list of recipients, or an object that names a stored list."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, list | dict):
            raise self.make_error("invalid")
        return value


class TransmissionSchema(Schema):
    """Body to create a transmission."""

    campaign_id = _string(catalog.FIELD_STRING, _at_most(catalog.CAMPAIGN_SIZE, catalog.CAMPAIGN_TOO_LONG))
    description = _string(catalog.FIELD_STRING, _at_most(catalog.DESCRIPTION_SIZE, catalog.DESCRIPTION_TOO_LONG))
    metadata = _object(_at_most(catalog.METADATA_SIZE, catalog.METADATA_TOO_LONG))
    substitution_data = _object(_at_most(catalog.SUBSTITUTION_SIZE, catalog.SUBSTITUTION_TOO_LARGE))
    return_path = _string(catalog.FIELD_STRING, check(is_address, catalog.RETURN_PATH_INVALID))
    tracking_domain = _string(catalog.FIELD_STRING)
    options = _nested(OptionsSchema, catalog.FIELD_OBJECT)
    override = _nested(OverrideSchema, catalog.FIELD_OBJECT)
    content = _nested(ContentSchema, catalog.FIELD_OBJECT)
    recipients = Recipients(allow_none=True, error_messages=messages(catalog.RECIPIENTS_TYPE))


class TransmissionQuerySchema(Schema):
    """Query to create a transmission."""

    num_rcpt_errors = QueryInteger(
        max_digits=9,
        error_messages=messages(catalog.NUM_RCPT_ERRORS_INVALID),
        validate=validate.Range(min=0, error=catalog.NUM_RCPT_ERRORS_INVALID),
    )
