"""The request body of mail/send, and the form of Web API v2."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from ....core.errors import ErrorMessage
from ....core.fields import Boolean, Integer
from ....web.schemas import ALL_ERRORS, FirstErrorList, Schema, check, messages, string
from .. import catalog
from ..rules.sending import is_header_name, is_reserved

_OBJECT = messages(catalog.MAIL_OBJECT_EXPECTED)
_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+")
_CONTROL = r"[^;,\r\n]*\Z"
"""The characters that a name or a type of a part may have."""


class MailObject(Schema):
    """An object in the body."""

    has_indexes = True
    error_messages = {"type": catalog.MAIL_OBJECT_EXPECTED}  # noqa: RUF012  # as in the base class


def _objects(schema: type[MailObject], *, missing: ErrorMessage | None = None, **options: Any) -> fields.List[Any]:
    """Return the field of an array of objects; with `missing` it is required, and has at least one."""
    if missing is not None:
        options = {"required": True, "validate": validate.Length(min=1, error=missing), **options}
    return FirstErrorList(
        fields.Nested(schema, error_messages=_OBJECT),
        error_messages=messages(catalog.MAIL_ARRAY_EXPECTED, required=missing),
        **options,
    )


def _address(missing: ErrorMessage, too_long: ErrorMessage, invalid: ErrorMessage) -> fields.String:
    """Return the field of a required e-mail address. Which addresses are valid is assumed."""
    return fields.String(
        required=True,
        error_messages=messages(catalog.MAIL_STRING_EXPECTED, required=missing),
        validate=[
            validate.Length(max=int(catalog.MAX_ADDRESS_LENGTH), error=too_long),
            check(_ADDRESS.fullmatch, invalid),
        ],
    )


def _values(values: ErrorMessage, *validators: Any) -> fields.Dict:
    """Return the field of an object whose values are strings."""
    return fields.Dict(
        error_messages=_OBJECT,
        validate=[check(lambda sent: all(isinstance(value, str) for value in sent.values()), values), *validators],
    )


def _headers(values: ErrorMessage, characters: ErrorMessage, reserved: ErrorMessage) -> fields.Dict:
    return _values(
        values,
        check(lambda sent: len({name.lower() for name in sent}) == len(sent), catalog.MAIL_HEADER_DUPLICATES),
        check(lambda sent: all(map(is_header_name, sent)), characters),
        check(lambda sent: not any(map(is_reserved, sent)), reserved),
    )


def _setting(schema: type[MailObject]) -> fields.Nested:
    return fields.Nested(schema, error_messages=_OBJECT)


def _boolean(error: ErrorMessage) -> Boolean:
    return Boolean(error_messages=messages(error))


def is_base64(text: str) -> bool:
    """Return whether a text is base64, perhaps in lines."""
    try:
        base64.b64decode(re.sub(r"[\r\n]", "", text), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


class FromSchema(MailObject):
    """The sender."""

    email = _address(catalog.MAIL_FROM_MISSING, catalog.MAIL_FROM_TOO_LONG, catalog.MAIL_FROM_INVALID)
    name = string(catalog.MAIL_STRING_EXPECTED)


class OwnFromSchema(MailObject):
    """The sender of one personalization."""

    email = _address(catalog.MAIL_OWN_FROM_MISSING, catalog.MAIL_FROM_TOO_LONG, catalog.MAIL_FROM_INVALID)
    name = string(catalog.MAIL_STRING_EXPECTED)


class ToSchema(MailObject):
    """A recipient."""

    email = _address(catalog.MAIL_TO_EMAIL_MISSING, catalog.MAIL_TO_TOO_LONG, catalog.MAIL_ADDRESS_INVALID)
    name = string(catalog.MAIL_STRING_EXPECTED)


class CcSchema(MailObject):
    """A recipient of a copy."""

    email = _address(catalog.MAIL_CC_EMAIL_MISSING, catalog.MAIL_CC_TOO_LONG, catalog.MAIL_ADDRESS_INVALID)
    name = string(catalog.MAIL_STRING_EXPECTED)


class BccSchema(MailObject):
    """A recipient of a blind copy."""

    email = _address(catalog.MAIL_BCC_EMAIL_MISSING, catalog.MAIL_BCC_TOO_LONG, catalog.MAIL_ADDRESS_INVALID)
    name = string(catalog.MAIL_STRING_EXPECTED)


class ReplyToSchema(MailObject):
    """A recipient of replies."""

    email = _address(catalog.MAIL_REPLY_TO_EMAIL_MISSING, catalog.MAIL_REPLY_TO_TOO_LONG, catalog.MAIL_ADDRESS_INVALID)
    name = string(catalog.MAIL_STRING_EXPECTED)


def _subject() -> fields.String:
    return fields.String(
        error_messages=messages(catalog.MAIL_SUBJECT_TYPE),
        validate=validate.Length(min=1, error=catalog.MAIL_SUBJECT_TYPE),
    )


def _custom_args() -> fields.Dict:
    return _values(catalog.MAIL_CUSTOM_ARGS_VALUES, validate.Length(min=1, error=catalog.MAIL_CUSTOM_ARGS_EMPTY))


class PersonalizationSchema(MailObject):
    """The recipients of one message, and what differs for them."""

    from_ = fields.Nested(OwnFromSchema, data_key="from", error_messages=_OBJECT)
    to = _objects(ToSchema, missing=catalog.MAIL_TO_MISSING)
    cc = _objects(CcSchema)
    bcc = _objects(BccSchema)
    subject = _subject()
    headers = _headers(
        catalog.MAIL_OWN_HEADER_VALUES, catalog.MAIL_OWN_HEADER_CHARACTERS, catalog.MAIL_OWN_HEADER_RESERVED
    )
    substitutions = fields.Dict(
        error_messages=messages(catalog.MAIL_SUBSTITUTIONS),
        validate=check(lambda sent: all(isinstance(value, str) for value in sent.values()), catalog.MAIL_SUBSTITUTIONS),
    )
    dynamic_template_data = fields.Dict(error_messages=_OBJECT)
    custom_args = _custom_args()
    send_at = Integer(error_messages=messages(catalog.MAIL_SEND_AT_TYPE))


class ContentSchema(MailObject):
    """A text of the message."""

    type = fields.String(
        required=True,
        error_messages=messages(catalog.MAIL_CONTENT_TYPE_VALUE, required=catalog.MAIL_CONTENT_TYPE_MISSING),
        validate=[
            validate.Length(min=1, error=catalog.MAIL_CONTENT_TYPE_VALUE),
            validate.Regexp(_CONTROL, error=catalog.MAIL_CONTENT_TYPE_CHARACTERS),
        ],
    )
    value = fields.String(
        required=True,
        error_messages=messages(catalog.MAIL_CONTENT_VALUE, required=catalog.MAIL_CONTENT_VALUE_MISSING),
        validate=validate.Length(min=1, error=catalog.MAIL_CONTENT_VALUE),
    )


class AttachmentSchema(MailObject):
    """An attachment."""

    content = fields.String(
        required=True,
        error_messages=messages(catalog.MAIL_ATTACHMENT_CONTENT),
        validate=[
            validate.Length(min=1, error=catalog.MAIL_ATTACHMENT_CONTENT),
            check(is_base64, catalog.MAIL_ATTACHMENT_BASE64),
        ],
    )
    filename = fields.String(
        required=True,
        error_messages=messages(catalog.MAIL_FILENAME_TYPE, required=catalog.MAIL_FILENAME_MISSING),
        validate=validate.Regexp(_CONTROL, error=catalog.MAIL_FILENAME_CHARACTERS),
    )
    type = fields.String(
        error_messages=messages(catalog.MAIL_ATTACHMENT_TYPE),
        validate=[
            validate.Length(min=1, error=catalog.MAIL_ATTACHMENT_TYPE),
            validate.Regexp(_CONTROL, error=catalog.MAIL_ATTACHMENT_TYPE_CHARACTERS),
        ],
    )
    disposition = fields.String(
        error_messages=messages(catalog.MAIL_DISPOSITION),
        validate=validate.OneOf(("inline", "attachment"), error=catalog.MAIL_DISPOSITION),
    )
    content_id = fields.String(
        error_messages=messages(catalog.MAIL_CONTENT_ID_TYPE),
        validate=validate.Regexp(_CONTROL, error=catalog.MAIL_CONTENT_ID_CHARACTERS),
    )


class GroupSchema(MailObject):
    """An unsubscribe group. That every id is one of the account's is assumed."""

    group_id = Integer(required=True, error_messages=messages(catalog.MAIL_GROUP_TYPE))
    groups_to_display = FirstErrorList(
        Integer(error_messages=messages(catalog.MAIL_GROUPS_TYPE)),
        error_messages=messages(catalog.MAIL_GROUPS_TYPE),
        validate=validate.Length(max=int(catalog.MAX_GROUPS), error=catalog.MAIL_TOO_MANY_GROUPS),
    )


class BypassSchema(MailObject):
    """The setting that suppressions are ignored."""

    enable = _boolean(catalog.MAIL_BYPASS_LIST_MANAGEMENT)


class FooterSchema(MailObject):
    """The setting of a footer."""

    enable = _boolean(catalog.MAIL_FOOTER)
    text = string(catalog.MAIL_FOOTER_TEXT)
    html = string(catalog.MAIL_FOOTER_HTML)


class SandboxSchema(MailObject):
    """The setting that a message is checked, and not sent."""

    enable = _boolean(catalog.MAIL_SANDBOX_MODE)


class MailSettingsSchema(MailObject):
    """The settings of a message."""

    bypass_list_management = _setting(BypassSchema)
    footer = _setting(FooterSchema)
    sandbox_mode = _setting(SandboxSchema)


class ClickTrackingSchema(MailObject):
    """The setting that clicks are tracked."""

    enable = _boolean(catalog.MAIL_CLICK_TRACKING)
    enable_text = _boolean(catalog.MAIL_CLICK_TRACKING_TEXT)


class OpenTrackingSchema(MailObject):
    """The setting that it is tracked who opens a message."""

    enable = _boolean(catalog.MAIL_OPEN_TRACKING)
    substitution_tag = string(catalog.MAIL_OPEN_TRACKING_TAG)


class SubscriptionTrackingSchema(MailObject):
    """The setting that a message has a link to unsubscribe."""

    enable = _boolean(catalog.MAIL_SUBSCRIPTION_TRACKING)
    text = string(catalog.MAIL_SUBSCRIPTION_TRACKING_TEXT)
    html = string(catalog.MAIL_SUBSCRIPTION_TRACKING_HTML)
    substitution_tag = string(catalog.MAIL_SUBSCRIPTION_TRACKING_TAG)


class GoogleAnalyticsSchema(MailObject):
    """The setting of Google Analytics."""

    enable = _boolean(catalog.MAIL_GANALYTICS)
    utm_source = string(catalog.MAIL_UTM_SOURCE)
    utm_medium = string(catalog.MAIL_UTM_MEDIUM)
    utm_term = string(catalog.MAIL_UTM_TERM)
    utm_content = string(catalog.MAIL_UTM_CONTENT)
    utm_campaign = string(catalog.MAIL_UTM_CAMPAIGN)


class TrackingSettingsSchema(MailObject):
    """What is tracked of a message."""

    click_tracking = _setting(ClickTrackingSchema)
    open_tracking = _setting(OpenTrackingSchema)
    subscription_tracking = _setting(SubscriptionTrackingSchema)
    ganalytics = _setting(GoogleAnalyticsSchema)


class MailSchema(MailObject):
    """Body to send a message. All errors are returned; of an array, those of its first invalid item, which is assumed.

    Fields that the documents name and no error of theirs is about are not checked.
    """

    from_ = fields.Nested(
        FromSchema,
        data_key="from",
        required=True,
        error_messages=messages(catalog.MAIL_OBJECT_EXPECTED, required=catalog.MAIL_FROM_MISSING),
        metadata=ALL_ERRORS,
    )
    personalizations = _objects(
        PersonalizationSchema, missing=catalog.MAIL_PERSONALIZATIONS_MISSING, metadata=ALL_ERRORS
    )
    content = _objects(ContentSchema, metadata=ALL_ERRORS)
    subject = _subject()
    reply_to = fields.Nested(ReplyToSchema, error_messages=_OBJECT, metadata=ALL_ERRORS)
    reply_to_list = _objects(ReplyToSchema, metadata=ALL_ERRORS)
    attachments = _objects(AttachmentSchema, metadata=ALL_ERRORS)
    template_id = string(catalog.MAIL_TEMPLATE_TYPE)
    headers = _headers(catalog.MAIL_HEADER_VALUES, catalog.MAIL_HEADER_CHARACTERS, catalog.MAIL_HEADER_RESERVED)
    sections = _values(catalog.MAIL_SECTIONS)
    categories = FirstErrorList(
        fields.String(
            error_messages=messages(catalog.MAIL_CATEGORIES_TYPE),
            validate=[
                validate.Length(max=int(catalog.MAX_CATEGORY_LENGTH), error=catalog.MAIL_CATEGORY_TOO_LONG),
                check(str.isascii, catalog.MAIL_CATEGORY_CHARACTERS),
            ],
        ),
        error_messages=messages(catalog.MAIL_CATEGORIES_TYPE),
    )
    custom_args = _custom_args()
    send_at = Integer(error_messages=messages(catalog.MAIL_SEND_AT_TYPE))
    batch_id = string(catalog.MAIL_BATCH_ID_TYPE)
    asm = fields.Nested(GroupSchema, error_messages=_OBJECT, metadata=ALL_ERRORS)
    ip_pool_name = string(catalog.MAIL_POOL_TYPE)
    mail_settings = fields.Nested(MailSettingsSchema, error_messages=_OBJECT, metadata=ALL_ERRORS)
    tracking_settings = fields.Nested(TrackingSettingsSchema, error_messages=_OBJECT, metadata=ALL_ERRORS)

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def check_what_a_template_replaces(self, data: Any, sent: Mapping[str, Any], **kwargs: Any) -> None:
        """Require texts and a subject, in the message or in every personalization, unless there is a template."""
        if sent.get("template_id"):
            return
        errors = {}
        if sent.get("content", []) == []:
            errors["content"] = [catalog.MAIL_CONTENT_MISSING]
        personalizations = sent.get("personalizations")
        has_own = isinstance(personalizations, list) and all(
            isinstance(each, dict) and "subject" in each for each in personalizations
        )
        if "subject" not in sent and not (personalizations and has_own):
            errors["subject"] = [catalog.MAIL_SUBJECT_MISSING]
        if errors:
            raise ValidationError(errors)


LISTS = ("to", "toname", "cc", "bcc")
"""The fields of Web API v2 with several values, as `to` or as `to[]`."""


class WebMailSchema(Schema):
    """Form to send a message in Web API v2. All errors are returned, which is assumed."""

    from_ = fields.String(
        data_key="from",
        required=True,
        error_messages=messages(catalog.WEB_FROM_MISSING),
        validate=validate.Length(min=1, error=catalog.WEB_FROM_MISSING),
    )
    fromname = fields.String()
    to = fields.List(fields.String(), validate=validate.Length(min=1, error=catalog.WEB_TO_MISSING))
    toname = fields.List(fields.String())
    cc = fields.List(fields.String())
    bcc = fields.List(fields.String())
    subject = fields.String(
        required=True,
        error_messages=messages(catalog.WEB_SUBJECT_MISSING),
        validate=validate.Length(min=1, error=catalog.WEB_SUBJECT_MISSING),
    )
    text = fields.String()
    html = fields.String()
    replyto = fields.String()
    date = fields.String()
    headers = fields.String()
    smtpapi = fields.String(data_key="x-smtpapi")
    api_user = fields.String()
    api_key = fields.String()

    @validates_schema(skip_on_field_errors=False)
    def check_texts(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        """Require a text."""
        if not data.get("text") and not data.get("html"):
            raise ValidationError({"text": [catalog.WEB_BODY_MISSING]})
