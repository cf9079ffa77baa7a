"""SparkPost's errors, limits and switches, and its operations that this server does not implement.

Errors have two formats. The one of pools, sending IPs and subaccounts has `message` alone or `message`, `param` and
`value`. The other one, of transmissions, has a `class` and a `code`, a string of digits with one exception: the class
is sent as `message` and the message as `description`, or, in newer responses, the message alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ...core.errors import ErrorMessage, Limit, assumed, documented, observed
from ...core.profiles import Switch

POOLS = "IP Pools API reference"
IPS = "Sending IPs API reference"
NEW_POOLS = "IP Pools API reference of 2026"
NEW_IPS = "Sending IPs API reference of 2026"
SUBACCOUNTS = "Subaccounts API reference of 2026"
TRANSMISSIONS = "Transmissions API reference of 2026"
SMTP = "SMTP API reference of 2026"
CODES = "support site, extended error codes"
ARTICLE = "support article of 2018 on extended error codes, current responses"
"""It was withdrawn with the change that it announced; it calls the responses before that change current."""

DEFAULT_POOL = "default"
"""The id of the pool that every account has."""
SHARED_POOL = "shared pool"
"""The id of SparkPost's own overflow pool, which belongs to no account."""

HOSTS = {"api.sparkpost.com": "us", "api.eu.sparkpost.com": "eu"}
"""The hosts with their regions. The API introduction: accounts of the two are separate."""
REGIONS = tuple(HOSTS.values())

TRANSMISSIONS_PATH = "/api/v1/transmissions"

LARGEST_NUMBER = 2**31 - 1
"""The API introduction: a JSON number is a signed integer of 32 bits."""

# Switches

SIGNING_DOMAIN = Switch(
    "signing_domain",
    "A pool has a `signing_domain`, for mail whose own domain is not verified.",
    documented(NEW_POOLS),
)
AUTO_WARMUP = Switch(
    "auto_warmup",
    "IPs are warmed up in stages, `auto_warmup_enabled` and `auto_warmup_stage`; pools have an"
    " `auto_warmup_overflow_pool`.",
    documented(f"{NEW_POOLS}; {NEW_IPS}"),
)
PARTIAL_IP_UPDATE = Switch(
    "partial_ip_update",
    "Updating a sending IP needs no `ip_pool`; the response is `Updated Sending IP.`.",
    documented(f"{NEW_IPS}, Update a Sending IP"),
)
SHORT_POOL_IDS = Switch(
    "short_pool_ids",
    "The id of a new pool is truncated to 20 characters, the maximum of a subaccount's `ip_pool`.",
    assumed("no document describes longer names; a subaccount cannot have a pool with a longer id"),
    live=False,
)
DESCRIPTION_AS_MESSAGE = Switch(
    "description_as_message",
    "An error of a transmission has no `description`: its text is the `message`. Without the switch, the header"
    " `X-MSYS-OPT-IN: 1` of a request requests that.",
    observed("django-anymail issue 212, since 2020-11-03; the header is in the support article on the change"),
)

# Pools

POOL_NOT_FOUND = ErrorMessage("pool_not_found", 404, "IP pool not found.", documented(f"{POOLS}, Get IP Pool"))
POOL_DOES_NOT_EXIST = ErrorMessage(
    "pool_does_not_exist", 404, "IP Pool {id} does not exist.", documented(f"{POOLS}, Update and Delete an IP Pool")
)
DEFAULT_NOT_UPDATABLE = ErrorMessage(
    "default_not_updatable",
    400,
    "IP Pool default is reserved and cannot be updated.",
    documented(f"{POOLS}, Update an IP Pool"),
)
DEFAULT_RESERVED = ErrorMessage(
    "default_reserved", 400, "IP Pool default is reserved.", documented(f"{POOLS}, Delete an IP Pool")
)
DEFAULT_NAME_TAKEN = ErrorMessage(
    "default_name_taken",
    400,
    "IP Pool default is reserved.",
    assumed("the wording of deleting the pool, for a name whose id would be 'default'"),
)
NAME_REQUIRED = ErrorMessage(
    "name_required",
    400,
    "`name` is a required field",
    assumed("wording and format as in the Subaccounts API reference; for a name that is missing, null or blank"),
    {"param": "name"},
    echoes=("value",),
)

OVERFLOW_DOES_NOT_EXIST = ErrorMessage(
    "overflow_does_not_exist",
    400,
    "Auto Warmup Overflow Pool {id} does not exist.",
    documented(f"{NEW_POOLS}, Create and Update an IP Pool"),
)
OVERFLOW_HAS_OVERFLOW = ErrorMessage(
    "overflow_has_overflow",
    400,
    "{id} has an overflow pool and cannot be an overflow pool",
    documented(f"{NEW_POOLS}, Create and Update an IP Pool"),
)
OVERFLOW_WITH_OVERFLOW = ErrorMessage(
    "overflow_with_overflow",
    400,
    "{id} is an overflow pool and cannot have an overflow pool",
    documented(f"{NEW_POOLS}, Update an IP Pool"),
)
OVERFLOW_TO_ITSELF = ErrorMessage(
    "overflow_to_itself",
    400,
    "{id} is an overflow pool and cannot have an overflow pool",
    assumed("the web interface does not offer a pool as its own overflow pool; the wording is that of a chain"),
)

# Sending IPs

FIRST_STAGE = Limit(1, documented(f"{NEW_IPS}, Sending IP Object"))
LAST_STAGE = Limit(29, documented(f"{NEW_IPS}, Sending IP Object"))
STAGE_SECONDS = 86_400
"""The length of a stage of warm-up. Support site: after 90 % of a day's volume, the next stage begins the next day. The
server assumes that volume on every day."""

IP_INVALID = ErrorMessage(
    "ip_invalid",
    400,
    "external ip must be a valid IPv4 address",
    documented(f"{IPS}, Get; for updating it is assumed"),
)
IP_NOT_FOUND = ErrorMessage("ip_not_found", 404, "Sending IP does not exist", documented(f"{IPS}, Get and Update"))
TARGET_POOL_DOES_NOT_EXIST = ErrorMessage(
    "target_pool_does_not_exist",
    400,
    "IP Pool {value} does not exist.",
    documented(f"{IPS}, Update a Sending IP; for buying IPs it is assumed"),
)
IP_POOL_REQUIRED = ErrorMessage(
    "ip_pool_required",
    400,
    "`ip_pool` is a required field",
    assumed("wording and format as in the Subaccounts API reference; for a pool that is missing, null or blank"),
    {"param": "ip_pool"},
    echoes=("value",),
)

STAGE_RANGE = ErrorMessage(
    "stage_range",
    400,
    "auto_warmup_stage must be between 1 and 29",
    documented(f"{NEW_IPS}, Update a Sending IP; for a number between two stages it is assumed"),
)
STAGE_RAISED = ErrorMessage(
    "stage_raised",
    400,
    "auto_warmup_stage must be less than or equal to {count}",
    documented(f"{NEW_IPS}, Update a Sending IP"),
)
STAGE_WITHOUT_WARMUP = ErrorMessage(
    "stage_without_warmup",
    400,
    "auto_warmup_enabled must be true to update auto_warmup_stage",
    documented(f"{NEW_IPS}, Update a Sending IP"),
)

# Buying IPs

IP_LIMIT = Limit(
    4, documented("support site, dedicated IP pools: the number of IPs that can be bought without another agreement")
)

QUANTITY_REQUIRED = ErrorMessage(
    "quantity_required",
    400,
    "`quantity` is a required field",
    assumed("no document has the errors of buying; wording and format as in the Subaccounts API reference"),
    {"param": "quantity"},
    echoes=("value",),
)
QUANTITY_INVALID = ErrorMessage(
    "quantity_invalid",
    400,
    "`quantity` must be a positive Integer",
    assumed("no document has the errors of buying; format as in the Subaccounts API reference"),
    {"param": "quantity"},
    echoes=("value",),
)
TOO_MANY_IPS = ErrorMessage(
    "too_many_ips",
    400,
    "Unable to add IP(s) - usage exceeded.",
    assumed("no document has the errors of buying; wording as in an unpublished document on subaccounts"),
)

# Subaccounts

NAME_SIZE = Limit(64, documented(f"{SUBACCOUNTS}, Subaccount object"))
IP_POOL_SIZE = Limit(20, documented(f"{SUBACCOUNTS}, Create a Subaccount"))
PAGE_SIZE = Limit(25, documented(f"{SUBACCOUNTS}, List Subaccounts"))
FIRST_CURSOR = "initial"
"""The cursor of the first page."""
MAX_PAGE_SIZE = Limit(100, documented(f"{SUBACCOUNTS}, Pagination"))
STATUSES = ("active", "suspended", "terminated")
SORTS = ("created_at", "updated_at", "id", "name")
ORDERS = ("asc", "desc")
OPTIONS = ("deliverability",)
KEY_GRANTS = (
    "smtp/inject",
    "sending_domains/manage",
    "tracking_domains/view",
    "tracking_domains/manage",
    "message_events/view",
    "suppression_lists/manage",
    "transmissions/view",
    "transmissions/modify",
    "webhooks/view",
    "webhooks/modify",
)
"""The grants of a subaccount's key: Subaccounts API reference, Create a Subaccount."""

SUBACCOUNT_NOT_FOUND = ErrorMessage(
    "subaccount_not_found",
    404,
    "Resource could not be found",
    assumed("the web interface expects the status; the wording is that of any unknown resource"),
)
SUBACCOUNT_ID_INVALID = ErrorMessage(
    "subaccount_id_invalid",
    400,
    "subaccount id must be a valid integer",
    assumed("the web interface expects the status; the wording is that of an invalid IP address"),
)
SUBACCOUNT_NAME_REQUIRED = ErrorMessage(
    "subaccount_name_required",
    400,
    "`name` is a required field",
    documented(f"{SUBACCOUNTS}, Create a Subaccount; for a name that is blank it is assumed"),
    {"param": "name"},
    echoes=("value",),
)
NAME_TOO_LONG = ErrorMessage(
    "name_too_long",
    400,
    "name must be 64 characters or less",
    assumed(f"the limit is in the {SUBACCOUNTS}; wording as for ip_pool"),
    {"param": "name"},
    echoes=("value",),
)
KEY_LABEL_REQUIRED = ErrorMessage(
    "key_label_required",
    400,
    "`key_label` is a required field",
    documented(f"{SUBACCOUNTS}, Create a Subaccount; for a label that is blank it is assumed"),
    {"param": "key_label"},
    echoes=("value",),
)
KEY_GRANTS_REQUIRED = ErrorMessage(
    "key_grants_required",
    400,
    "`key_grants` is a required field",
    documented(f"{SUBACCOUNTS}, Create a Subaccount; for an empty list it is assumed"),
    {"param": "key_grants"},
    echoes=("value",),
)
KEY_GRANTS_INVALID = ErrorMessage(
    "key_grants_invalid",
    400,
    "Invalid `key_grants value`. Supported values are: 'smtp/inject', 'sending_domains/manage',"
    " 'message_events/view', 'suppression_lists/manage'",
    documented(f"{SUBACCOUNTS}, Create a Subaccount; its list of grants is longer than the one in the message"),
    {"param": "key_grants"},
    echoes=("value",),
)
KEY_IPS_NO_ARRAY = ErrorMessage(
    "key_ips_no_array",
    400,
    "`key_valid_ips` must be an Array",
    documented(f"{SUBACCOUNTS}, Create a Subaccount"),
    {"param": "key_valid_ips"},
    echoes=("value",),
)
KEY_IPS_INVALID = ErrorMessage(
    "key_ips_invalid",
    400,
    "`key_valid_ips` must have valid netmask values",
    documented(f"{SUBACCOUNTS}, Create a Subaccount"),
    {"param": "key_valid_ips"},
    echoes=("value",),
)
IP_POOL_TOO_LONG = ErrorMessage(
    "ip_pool_too_long",
    400,
    "ip_pool must be 20 characters or less",
    documented(f"{SUBACCOUNTS}, Create and Update a Subaccount"),
    {"param": "ip_pool"},
    echoes=("value",),
)
IP_POOL_INVALID = ErrorMessage(
    "ip_pool_invalid",
    400,
    "ip_pool must be alphanumeric and underscore",
    documented(f"{SUBACCOUNTS}, Create a Subaccount"),
    {"param": "ip_pool"},
    echoes=("value",),
)
PER_PAGE_RANGE = ErrorMessage(
    "per_page_range",
    400,
    "per_page must be between 1 and 100",
    assumed(f"the limit is in the {SUBACCOUNTS}; wording as for a stage of warm-up"),
    {"param": "per_page"},
    echoes=("value",),
)
CURSOR_INVALID = ErrorMessage(
    "cursor_invalid",
    400,
    "Invalid `cursor` value",
    assumed("no document has it; wording as for key_grants"),
    {"param": "cursor"},
    echoes=("value",),
)
IDS_INVALID = ErrorMessage(
    "ids_invalid",
    400,
    "Invalid `ids` value",
    assumed("no document has it; wording as for key_grants"),
    {"param": "ids"},
    echoes=("value",),
)


def _unsupported(param: str, supported: tuple[str, ...]) -> ErrorMessage:
    values = ", ".join(f"'{value}'" for value in supported)
    return ErrorMessage(
        f"{param}_unsupported",
        400,
        f"Invalid `{param}` value. Supported values are: {values}",
        assumed(f"the values are in the {SUBACCOUNTS}; wording as for key_grants"),
        {"param": param},
        echoes=("value",),
    )


STATUS_UNSUPPORTED = _unsupported("status", STATUSES)
SORT_BY_UNSUPPORTED = _unsupported("sort_by", SORTS)
ORDER_UNSUPPORTED = _unsupported("order", ORDERS)
OPTION_UNSUPPORTED = _unsupported("option", OPTIONS)

# Transmissions: what a message has

_FORMAT = {"class": "invalid data format/type", "code": "1300"}
_COMBINATION = {"class": "invalid combination of fields", "code": "1301"}
_MISSING = {"class": "required field is missing", "code": "1400"}
_NOT_FOUND = {"class": "Subresource not found", "code": "1603"}
_DOMAIN = {"class": "Invalid domain", "code": "7001"}

CAMPAIGN_SIZE = Limit(64, documented(f"{TRANSMISSIONS}, campaign_id; {SMTP}"))
"""In bytes, as the sizes below."""
DESCRIPTION_SIZE = Limit(1024, documented(f"{TRANSMISSIONS}, description"))
METADATA_SIZE = Limit(10_000, documented(f"{TRANSMISSIONS}, metadata: 10KB; that it is the JSON text is assumed"))
SUBSTITUTION_SIZE = Limit(99_999, documented(f"{ARTICLE}: less than 100000 bytes; that it is the JSON text is assumed"))
FILENAME_SIZE = Limit(255, documented(f"{TRANSMISSIONS}, Attachment and Inline Image Object"))
MESSAGE_SIZE = Limit(
    20_000_000,
    documented(f"{TRANSMISSIONS}: text, html, attachments and inline images; that Base64 counts as sent is assumed"),
)
SCHEDULE_DAYS = Limit(3, documented(f"{TRANSMISSIONS}, Scheduled Transmissions"))
SANDBOX_LIMIT = Limit(5, documented(f"{TRANSMISSIONS}, The Sandbox Domain; that each recipient counts is assumed"))
SANDBOX_TEMPLATE = "my-first-email"
SANDBOX_SENDER = "support@sparkpostbox.com"
"""The template that the sandbox domain is used with, and the address that it is from: Transmissions API reference."""


def json_type(value: object) -> str:
    """Return SparkPost's name of the type of a JSON value."""
    names = {str: "string", bool: "boolean", dict: "json_object", list: "json_array", type(None): "null"}
    return names.get(type(value), "number")


def size(value: Any) -> int:
    """Return the size of a text, or of the compact JSON of another value, in bytes."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return len(text.encode())


def invalid_header_name(headers: Iterable[str]) -> str | None:
    """Return the first invalid name of headers."""
    return next((name for name in headers if not re.fullmatch("[!-9;-~]+", name)), None)


def invalid_header_value(headers: object) -> object:
    """Return the first value of headers that is no text; an empty text if all are texts."""
    values = headers.values() if isinstance(headers, Mapping) else ()
    return next((value for value in values if not isinstance(value, str)), "")


def _field_type(key: str, expected: str) -> ErrorMessage:
    return ErrorMessage(
        key,
        422,
        f"field '{{field}}' is of type '{{sent}}', but needs to be of type '{expected}'",
        documented(f"{ARTICLE}; json_array and json_object are in a client's source, other names are assumed"),
        _FORMAT,
        derived={"sent": json_type},
    )


def _content_type(key: str, expected: str) -> ErrorMessage:
    return ErrorMessage(key, 422, f"{{field}} needs to by of type {expected}", documented(ARTICLE), _FORMAT)


def _too_long(key: str, limit: int) -> ErrorMessage:
    return ErrorMessage(
        key,
        422,
        f"field '{{field}}' is of length '{{count}}', but needs to be of max length '{limit}'",
        documented(ARTICLE),
        _FORMAT,
        derived={"count": size},
    )


FIELD_STRING = _field_type("field_string", "string")
FIELD_BOOLEAN = _field_type("field_boolean", "boolean")
FIELD_OBJECT = _field_type("field_object", "json_object")
CAMPAIGN_TOO_LONG = _too_long("campaign_too_long", CAMPAIGN_SIZE)
DESCRIPTION_TOO_LONG = _too_long("description_too_long", DESCRIPTION_SIZE)
METADATA_TOO_LONG = _too_long("metadata_too_long", METADATA_SIZE)
FILENAME_TOO_LONG = _too_long("filename_too_long", FILENAME_SIZE)
FIELD_REQUIRED = ErrorMessage("field_required", 422, "field '{field}' is required", documented(ARTICLE), _MISSING)
NUM_RCPT_ERRORS_INVALID = ErrorMessage(
    "num_rcpt_errors_invalid",
    400,
    "param 'num_rcpt_errors' must be an integer",
    documented(f"{ARTICLE}; for a negative number it is assumed"),
    {"class": "invalid params", "code": "1200"},
)
SUBSTITUTION_TOO_LARGE = ErrorMessage(
    "substitution_too_large",
    422,
    "Transmission-level substitution data must be less than 100000 bytes",
    documented(ARTICLE),
    {"class": "Substitution data too large", "code": "2002"},
)
START_TIME_INVALID = ErrorMessage(
    "start_time_invalid", 422, "Error parsing scheduled start_time", documented(ARTICLE), _FORMAT
)
START_TIME_TOO_LATE = ErrorMessage(
    "start_time_too_late",
    422,
    "The scheduled start time cannot be more than 3 days in the future.",
    assumed(f"the {TRANSMISSIONS} has the limit, in these words, and no error"),
    _FORMAT,
)
RETURN_PATH_INVALID = ErrorMessage(
    "return_path_invalid", 422, "return_path '{value}' is not a valid email address", documented(ARTICLE), _FORMAT
)

CONTENT_REQUIRED = ErrorMessage(
    "content_required",
    422,
    "content object or template_id required",
    documented(f"API introduction, Errors; {ARTICLE}"),
    _MISSING,
)
CONTENT_EMPTY = ErrorMessage(
    "content_empty", 422, "No valid fields exist in the 'content' object", documented(ARTICLE), _MISSING
)
CONTENT_STRING = _content_type("content_string", "string")
CONTENT_OBJECT = _content_type("content_object", "json_object")
CONTENT_ARRAY = _content_type("content_array", "json_array")
HEADER_TYPE = ErrorMessage(
    "header_type",
    422,
    "content.headers json dictionary value has type '{sent}' when expecting type 'string'",
    observed("mautic/mautic pull request 9006; its status and code are assumed"),
    _FORMAT,
    derived={"sent": lambda headers: json_type(invalid_header_value(headers))},
)
HEADER_NAME_INVALID = ErrorMessage(
    "header_name_invalid",
    422,
    "Error while validating header {name}: Invalid header name",
    documented(f"{ARTICLE}; later an event may report it instead, and that profile live has it is assumed"),
    {"class": "Invalid header", "code": "3002"},
    derived={"name": invalid_header_name},
)
EXCLUSIVE_CONTENT = ErrorMessage(
    "exclusive_content",
    422,
    "content.email_rfc822 and content.{field} are mutually exclusive",
    documented(f"{ARTICLE}, for the subject; for other fields it is assumed"),
    _COMBINATION,
)
TEMPLATE_AND_AB_TEST = ErrorMessage(
    "template_and_ab_test",
    422,
    "You may not specify both template_id and ab_test_id",
    documented(ARTICLE),
    _COMBINATION,
)
TEMPLATE_NOT_FOUND = ErrorMessage(
    "template_not_found",
    422,
    "template '{value}' does not exist",
    documented(f"{TRANSMISSIONS}, Send a Template"),
    _NOT_FOUND,
)
AB_TEST_NOT_FOUND = ErrorMessage(
    "ab_test_not_found",
    422,
    "ab_test_id '{value}' does not exist",
    documented(f"{TRANSMISSIONS}, Send an A/B Test"),
    _NOT_FOUND,
)
FROM_REQUIRED = ErrorMessage("from_required", 422, "content.from is a required field", documented(ARTICLE), _MISSING)
FROM_EMAIL_REQUIRED = ErrorMessage(
    "from_email_required", 422, "content.from.email is a required field", documented(ARTICLE), _MISSING
)
SUBJECT_REQUIRED = ErrorMessage(
    "subject_required", 422, "content.subject is a required field", documented(ARTICLE), _MISSING
)
TEXT_REQUIRED = ErrorMessage(
    "text_required",
    422,
    "At least one of 'text' or 'html' needs to exist in 'content'",
    documented(ARTICLE),
    _MISSING,
)
AMP_ALONE = ErrorMessage(
    "amp_alone", 422, "content.amp_html requires content.html or content.text", documented(ARTICLE), _MISSING
)
IMAGES_WITHOUT_HTML = ErrorMessage(
    "images_without_html", 422, "content.inline_images requires content.html", documented(ARTICLE), _MISSING
)
MESSAGE_TOO_LARGE = ErrorMessage(
    "message_too_large",
    422,
    "The estimated message size is above the 20 MB message size limit",
    documented(ARTICLE),
    _FORMAT,
)
NO_SENDING_DOMAIN = ErrorMessage(
    "no_sending_domain",
    400,
    "No sending domain specified",
    observed("SparkPost/nodemailer-sparkpost-transport issue 19; django-anymail issue 212"),
    _DOMAIN,
)
UNCONFIGURED_DOMAIN = ErrorMessage(
    "unconfigured_domain",
    400,
    "Unconfigured or unverified sending domain.",
    documented(f"{TRANSMISSIONS}, Send Inline Content"),
    _DOMAIN,
)

# Transmissions: recipients

RECIPIENTS_REQUIRED = ErrorMessage(
    "recipients_required", 422, "recipients or list_id required", documented(ARTICLE), _MISSING
)
RECIPIENTS_TYPE = ErrorMessage(
    "recipients_type",
    422,
    "Invalid recipients type - needs to be json_array or json_object",
    documented(ARTICLE),
    _FORMAT,
)
LIST_NOT_FOUND = ErrorMessage(
    "list_not_found", 422, "Recipient list '{value}' does not exist", documented(ARTICLE), _NOT_FOUND
)
NO_VALID_RECIPIENT = ErrorMessage(
    "no_valid_recipient",
    400,
    "At least one valid recipient is required",
    observed("SparkPost/php-sparkpost issue 127; laravel/framework issue 17277: the code is a number"),
    {"code": 5002},
)
ADDRESS_REQUIRED = ErrorMessage(
    "address_required",
    422,
    "address.email is required for each recipient",
    documented(f"{TRANSMISSIONS}, Send a Template; {ARTICLE}"),
    _MISSING,
)
ADDRESS_INVALID = ErrorMessage(
    "address_invalid", 422, "invalid recipient address: {value}", documented(ARTICLE), _FORMAT
)
EMAIL_INVALID = ErrorMessage(
    "email_invalid",
    422,
    "invalid recipient address.email: {value}",
    observed("SparkPost/gosparkpost issue 114"),
    _FORMAT,
)
ADDRESS_TYPE = ErrorMessage(
    "address_type",
    422,
    "address {value} is not JSON",
    observed("SparkPost/python-sparkpost issue 20, for a recipient that is a text"),
    _FORMAT,
)
RECIPIENT_DATA_TYPE = ErrorMessage(
    "recipient_data_type", 422, "{field} : is not of type json_object", documented(ARTICLE), _FORMAT
)

# Sending: pools

SHARED_POOL_ID = "sp_shared"
"""The id of SparkPost's shared pool in an outbox; until 2017 a transmission could name it."""
WARMUP_VOLUMES = (
    *(200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 40_000, 50_000, 75_000, 100_000, 150_000, 200_000, 250_000),
    *(325_000, 400_000, 500_000, 600_000, 750_000, 1_000_000, 1_250_000, 1_750_000, 2_000_000, 3_000_000, 4_250_000),
    *(5_000_000, 6_000_000, 7_500_000, 10_000_000),
)
"""The number of messages that an IP sends a day, by stage: support site, automated IP warm-up."""

SENDING_POOL_NOT_FOUND = ErrorMessage(
    "sending_pool_not_found",
    422,
    "IP Pool '{value}' does not exist",
    observed("SparkPost/node-sparkpost issue 248"),
    {**_FORMAT, "smtp": "5.6.0"},
)
SENDING_POOL_EMPTY = ErrorMessage(
    "sending_pool_empty", 422, "IP Pool '{value}' is empty", documented(ARTICLE), {**_FORMAT, "smtp": "5.6.0"}
)
SENDING_POOL_SHARED = ErrorMessage(
    "sending_pool_shared",
    422,
    "sp_shared is not a valid customer ip pool",
    documented(ARTICLE),
    {**_FORMAT, "smtp": "5.6.0"},
)
SENDING_POOL_NOT_ASSIGNED = ErrorMessage(
    "sending_pool_not_assigned",
    422,
    "IP Pool '{value}' does not exist",
    assumed(
        "support site, dedicated IP pools: it is an error if a subaccount with a pool names another one; the wording is"
        " that of an unknown pool"
    ),
    {**_FORMAT, "smtp": "5.6.0"},
)

# Sending: limits

SANDBOX_TEMPLATE_INVALID = ErrorMessage(
    "sandbox_template_invalid", 422, "Invalid Template ID (sandbox)", documented(CODES), {"code": "2106"}
)
SANDBOX_LIMIT_EXCEEDED = ErrorMessage(
    "sandbox_limit_exceeded", 420, "Exceed Sending Limit (sandbox)", documented(f"{ARTICLE}; {CODES}"), {"code": "2103"}
)
HOURLY_LIMIT_EXCEEDED = ErrorMessage(
    "hourly_limit_exceeded",
    420,
    "Exceed Sending Limit (hourly)",
    documented(f"{TRANSMISSIONS}, Sending Limits; only a planned fault returns it"),
    {"code": "2101"},
)
DAILY_LIMIT_EXCEEDED = ErrorMessage(
    "daily_limit_exceeded",
    420,
    "Exceed Sending Limit (daily)",
    documented(f"{ARTICLE}; only a planned fault returns it"),
    {"code": "2102"},
)
MONTHLY_LIMIT_EXCEEDED = ErrorMessage(
    "monthly_limit_exceeded",
    420,
    "Exceed Sending Limit (monthly)",
    documented(f"{ARTICLE}; only a planned fault returns it"),
    {"code": "2105"},
)

# Sending: SMTP

MAX_COPIES = 1000
"""The maximum number of addresses in `cc`, `bcc` and `archive` of X-MSYS-API together: SMTP API reference."""

# Errors of any field of a body

_WRONG_TYPE = assumed(
    f"wording and format as for key_valid_ips in the {SUBACCOUNTS}, the only error of this kind in a current document;"
    " for every field of every body"
)


def _wrong_type(key: str, name: str) -> ErrorMessage:
    return ErrorMessage(key, 400, f"`{{field}}` must be {name}", _WRONG_TYPE, {"param": "{field}"}, echoes=("value",))


STRING_TYPE = _wrong_type("string_type", "a String")
BOOLEAN_TYPE = _wrong_type("boolean_type", "a Boolean")
NUMBER_TYPE = _wrong_type("number_type", "a Number")
ARRAY_TYPE = _wrong_type("array_type", "an Array")
OBJECT_TYPE = _wrong_type("object_type", "an Object")

# Errors of any operation

UNAUTHORIZED = ErrorMessage(
    "unauthorized",
    401,
    "Unauthorized.",
    observed(
        "operator notes 2026-08-05: no key, an unknown key and a key used from a disallowed address get the same bytes"
    ),
    {"spaced": True},
)
WRONG_REGION = ErrorMessage(
    "wrong_region",
    401,
    "Unauthorized.",
    observed(
        "node-sparkpost issue 234, php-sparkpost issue 180, nodemailer-sparkpost-transport issue 20: a key of the other"
        " region gets 401; the bytes are those of an unknown key"
    ),
    {"spaced": True},
)
FORBIDDEN = ErrorMessage(
    "forbidden",
    403,
    "Forbidden.",
    observed("SparkPost/php-sparkpost issue 64, darrencauthon/csharp-sparkpost issue 159: a key without the grant"),
    {"spaced": True},
)
PREFLIGHT = ErrorMessage(
    "preflight",
    403,
    "Forbidden.",
    assumed("the support article on requests from a browser has the status of OPTIONS, not its body"),
    {"spaced": True},
)
NOT_FOUND = ErrorMessage(
    "not_found",
    404,
    "Resource could not be found",
    documented(
        "A/B testing and relay webhooks API references, for unknown resources there; for any unknown path it is assumed"
    ),
)
NOT_ALLOWED = ErrorMessage(
    "not_allowed",
    405,
    "{method} is not supported on {path}",
    assumed("cividesk/com.cividesk.email.sparkpost issue 62 has it for transmissions; assumed for every path"),
    {"class": "invalid http method", "code": "1102"},
)
NOT_JSON = ErrorMessage(
    "not_json",
    422,
    "Problems parsing request as json",
    assumed("SparkPost/php-sparkpost issue 108 has it for transmissions; assumed for every body"),
    _FORMAT,
)
NOT_AN_OBJECT = ErrorMessage(
    "not_an_object",
    422,
    "JSON object expected",
    assumed(f"{ARTICLE}, has it for transmissions; assumed for every body"),
    _FORMAT,
)
TOO_LARGE = ErrorMessage(
    "too_large", 413, "Request entity too large", assumed("the API introduction has the status, not the wording")
)
NOT_IMPLEMENTED = ErrorMessage(
    "not_implemented",
    501,
    "mockserver does not implement {method} {path}",
    assumed("this server's own error: SparkPost has the operation, this server does not implement it"),
)
CRASHED = ErrorMessage(
    "crashed", 500, "Internal server error", assumed("the API introduction has the status, not the wording")
)

RATE_LIMITED = ErrorMessage(
    "rate_limited", 429, "Too many requests", assumed("the support site's table of codes has the wording, not the body")
)
UNAVAILABLE = ErrorMessage(
    "unavailable",
    503,
    "Unable to contact authorization service.",
    observed("cividesk/com.cividesk.email.sparkpost issue 94"),
)
PLANNED = assumed("a planned fault: the client chose its status; its message is the standard reason phrase")

FAILURES = {
    "no_credential": UNAUTHORIZED,
    "unknown_credential": UNAUTHORIZED,
    "not_found": NOT_FOUND,
    "not_allowed": NOT_ALLOWED,
    "too_large": TOO_LARGE,
    "crashed": CRASHED,
    "not_implemented": NOT_IMPLEMENTED,
}
"""The errors of requests that fail before or instead of an operation."""

FAULTS = {
    entry.status: entry for entry in (UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_LARGE, RATE_LIMITED, CRASHED, UNAVAILABLE)
}
"""The errors of planned faults, by status."""

RIGHTS = assumed(
    "the grants are those of the web interface; it is a guess that those of IP pools include sending IPs, and"
    " billing/manage buying"
)
"""The evidence for the grants of operations."""
