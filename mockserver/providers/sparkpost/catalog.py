"""SparkPost's errors, limits and switches, and its operations that this server does not implement.

Errors have two formats. The newer one, of pools, sending IPs and subaccounts, has `message` alone or `message`, `param`
and `value`. The older one adds `description`, and `code`, a string of digits.
"""

from ...core.errors import ErrorMessage, Limit, assumed, documented, observed
from ...core.profiles import Switch

POOLS = "IP Pools API reference"
IPS = "Sending IPs API reference"
NEW_POOLS = "IP Pools API reference of 2026"
NEW_IPS = "Sending IPs API reference of 2026"
SUBACCOUNTS = "Subaccounts API reference of 2026"
_WITHDRAWN = assumed("as in the withdrawn support article on extended error codes, where it is for sending")

DEFAULT_POOL = "default"
"""The id of the pool that every account has."""
SHARED_POOL = "shared pool"
"""The id of SparkPost's own overflow pool, which belongs to no account."""

HOSTS = {"api.sparkpost.com": "us", "api.eu.sparkpost.com": "eu"}
"""The hosts with their regions. The API introduction: accounts of the two are separate."""
REGIONS = tuple(HOSTS.values())

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
    "invalid http method",
    assumed("cividesk/com.cividesk.email.sparkpost issue 62 has it for transmissions; assumed for every path"),
    {"description": "{method} is not supported on {path}", "code": "1102"},
)
NOT_JSON = ErrorMessage(
    "not_json",
    422,
    "invalid data format/type",
    assumed("SparkPost/php-sparkpost issue 108 has it for transmissions; assumed for every body"),
    {"description": "Problems parsing request as json", "code": "1300"},
)
NOT_AN_OBJECT = ErrorMessage(
    "not_an_object",
    422,
    "invalid data format/type",
    _WITHDRAWN,
    {"description": "JSON object expected", "code": "1300"},
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
