"""SendGrid's errors, limits and switches, and its operations that this server does not implement.

The path decides the format of an error, its family. In the classic and mail families `field` is null or a name, in IP
Address Management it is empty or a name. The errors of subusers and reverse DNS have a message only, and all errors of
a request are returned, as in the mail family. Two deletions of the classic pools return only `error`. Web API v2 has a
list of messages.
"""

import json
from typing import Any

from ...core.errors import ErrorMessage, Limit, assumed, documented, observed
from ...core.profiles import Switch

CLASSIC = "classic"
BARE = "bare"
PLAIN = "plain"
MANAGEMENT = "management"
MAIL = "mail"
WEB = "web"

POOLS = "IP Pools page"
SPEC = "IP Pools specification"
MANAGEMENT_POOLS = "GET all IP Pools that have Associated IPs"
MANAGEMENT_SPEC = "IP Address Management specification"
WARMUP_SPEC = "IP Warmup specification"
SUBUSERS_SPEC = "Subusers specification"
RDNS_SPEC = "Reverse DNS specification"
KEYS = "API Keys page"
MAIL_PAGE = "Mail Send errors page"
MAIL_SPEC = "Mail Send specification"
WEB_PAGE = "Web API v2 Mail page"
_OURS = assumed("this server's own error: SendGrid has the operation, this server does not implement it")
_LIKE_API_KEYS = assumed("wording as in /v3/api_keys for a missing name")


_BARE = {"family": BARE}
_PLAIN = {"family": PLAIN}
_MAIL = {"family": MAIL, "field": None}
_WEB = {"family": WEB}


def classic(field: str | None) -> dict[str, Any]:
    """Return the details of an error of the classic API."""
    return {"family": CLASSIC, "field": field}


def management(field: str) -> dict[str, Any]:
    """Return the details of an error of IP Address Management."""
    return {"family": MANAGEMENT, "field": field}


def mail(field: str, help: str | None = None) -> dict[str, Any]:
    """Return the details of an error of mail/send; `help` is the anchor of its help, by default that of the field."""
    return {"family": MAIL, "field": field, "help": help}


def json_text(value: object) -> str:
    """Return a text, or the JSON of another value, which is assumed."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


MAX_POOLS = Limit(100, documented(f"{POOLS}: 100 IP pools per user"))
MAX_NAME_LENGTH = Limit(64, documented(f"{POOLS}: name, max of 64 characters"))
MAX_POOL_IPS = Limit(100, documented(f"{MANAGEMENT_POOLS}: maximum of 100 associated IP addresses"))
MAX_PREVIEW = Limit(10, documented(f"{MANAGEMENT_POOLS}: a maximum of 10 IPs per pool"))
MIN_PAGE = Limit(1, documented(f"{MANAGEMENT_POOLS}: limit should be > 0"))
MAX_PAGE = Limit(100, documented(f"{MANAGEMENT_POOLS}: limit should be <= 100"))
DEFAULT_PAGE = Limit(100, assumed("the default is not published; the largest page allowed"))

MIN_NAME_LENGTH = Limit(2, documented(f"{MANAGEMENT_SPEC}, name; the classic API has no minimum"))
MAX_BATCH_IPS = Limit(100, documented(f"{MANAGEMENT_SPEC}: the number of IPs must be between 1 and 100"))
MAX_BATCH_SUBUSERS = Limit(
    1_000, documented(f"{MANAGEMENT_SPEC}: more than 1000 subusers per call; for a new IP its schema has 100")
)
MAX_IPS_PAGE = Limit(5_000, documented(f"{MANAGEMENT_SPEC}, GET IPs: limit should be ≤ 5000"))
DEFAULT_IPS_PAGE = Limit(5_000, assumed("the default is not published; the largest page allowed"))
DEFAULT_CLASSIC_PAGE = Limit(10, documented(f"{SPEC}, GET IPs: the default of limit"))
MAX_CLASSIC_PAGE = Limit(
    500,
    assumed(
        "the API introduction has it as default and maximum of every list; that a larger limit is an error is a guess"
    ),
)
MAX_KEYS = Limit(
    100, documented(f"{KEYS}: 100 API keys per account; a subuser is an account of its own, which is assumed")
)
PRICE_PER_IP = Limit(20, documented(f"{SPEC}, GET remaining IPs; an older page has 30"))

MAX_PERSONALIZATIONS = Limit(1_000, documented(f"{MAIL_PAGE}: limited to 1000 personalizations per API request"))
MAX_RECIPIENTS = Limit(1_000, documented(f"{MAIL_PAGE}: a limit of 1000 total recipients (to + cc + bcc) per request"))
MAX_ADDRESS_LENGTH = Limit(320, documented(f"{MAIL_PAGE}: the maximum total length of 320 characters"))
MAX_CATEGORIES = Limit(10, documented(f"{MAIL_PAGE}: a limit of 10 categories for each email"))
MAX_CATEGORY_LENGTH = Limit(255, documented(f"{MAIL_PAGE}: each category must not be longer than 255 characters"))
MAX_CUSTOM_ARGS_BYTES = Limit(
    10_000, documented(f"{MAIL_PAGE}: 10,000 bytes per personalization; that names and values count is assumed")
)
MAX_SUBSTITUTIONS_BYTES = Limit(
    10_000, documented(f"{MAIL_SPEC}: 10,000 bytes per personalization; that names and values count is assumed")
)
MAX_GROUPS = Limit(25, documented(f"{MAIL_PAGE}: a limit of 25 unsubscribe groups"))
MAX_SCHEDULE_SECONDS = Limit(259_200, documented(f"{MAIL_PAGE}: at most 72 hours in advance"))
MIN_POOL_NAME_LENGTH = Limit(2, documented(f"{MAIL_SPEC}, ip_pool_name"))
MAX_POOL_NAME_LENGTH = Limit(64, documented(f"{MAIL_SPEC}, ip_pool_name"))
MAX_MAIL_BYTES = Limit(
    31_457_280,
    observed("the SIZE of SendGrid's SMTP server, sendgrid/docs issue 2638; that it holds for mail/send is assumed"),
)
MAX_SMTPAPI_RECIPIENTS = Limit(10_000, assumed("so that one header does not make any number of messages"))

RESERVED_HEADERS = frozenset(
    {
        "bcc",
        "cc",
        "content-transfer-encoding",
        "content-type",
        "dkim-signature",
        "from",
        "received",
        "reply-to",
        "subject",
        "to",
        "x-sg-eid",
        "x-sg-id",
    }
)
"""Headers that a message may not set, in lower case, as the Mail Send errors page lists them."""

# fmt: off
WARMUP_SCHEDULE = (
    20, 28, 39, 55, 77, 108, 151, 211, 295, 413, 579, 810, 1_000, 1_587, 2_222, 3_111, 4_356, 6_098, 8_583, 11_953,
    16_734, 23_427, 32_798, 45_917, 64_284, 89_998, 125_997, 176_395, 246_953, 345_735, 484_029, 677_640, 948_696,
    1_328_175, 1_859_444, 2_603_222, 3_644_511, 5_102_316, 7_143_242, 10_000_539, 14_000_754, 19_601_056,
)
# fmt: on
"""The number of messages an hour from an IP in automated warm-up, by its day, from 0: the page on warming up an IP.

That each recipient is a message, and that there is no limit after the last day, is assumed.
"""

REGIONS = ("eu", "us")
SUBUSER_REGIONS = ("eu", "global")
HOSTS = {"api.sendgrid.com": "global", "api.eu.sendgrid.com": "eu"}
"""The hosts with the region of the accounts that each serves; the parent account is global."""

SCOPES = (
    "api_keys.create",
    "api_keys.delete",
    "api_keys.read",
    "api_keys.update",
    "ips.assigned.read",
    "ips.create",
    "ips.delete",
    "ips.pools.create",
    "ips.pools.delete",
    "ips.pools.ips.create",
    "ips.pools.ips.delete",
    "ips.pools.ips.read",
    "ips.pools.ips.update",
    "ips.pools.read",
    "ips.pools.update",
    "ips.read",
    "ips.update",
    "ips.warmup.create",
    "ips.warmup.delete",
    "ips.warmup.read",
    "ips.warmup.update",
    "mail.send",
    "subusers.create",
    "subusers.delete",
    "subusers.read",
    "subusers.update",
    "whitelabel.create",
    "whitelabel.delete",
    "whitelabel.read",
    "whitelabel.update",
)
"""The scopes of a key with full access, as far as this server implements them."""
FURTHER_SCOPES = ("2fa_required", "sender_verification_eligible")
"""The scopes that a key gets in addition to those that it is created with."""

# Switches

MEMBERS_AS_OBJECTS = Switch(
    "members_as_objects",
    "GET of a classic pool returns its IPs as objects with `ip`, `start_date` and `warmup`, not as strings.",
    observed("StrongGrid issues 239 and 240, recorded in 2018; maintained clients read no other format"),
)
ADDED_IP_IS_201 = Switch(
    "added_ip_is_201",
    "Adding an IP to a classic pool returns 201, not 200.",
    documented(f"{SPEC}, POST an IP; the tests of the official clients expect it"),
)
WARMUP_IS_201 = Switch(
    "warmup_is_201",
    "Starting the warm-up of an IP returns 201, not 200.",
    documented("an older IP Warmup page; the newer specification and the official clients have 200"),
    live=False,
)

IPS_WAIT_FOR_RDNS = Switch(
    "ips_wait_for_rdns",
    "A new IP has no reverse DNS, and can join a pool only after it is set up.",
    documented(
        f"{POOLS}: whitelabeled IPs only; in the {RDNS_SPEC} a call sets it up. When a new IP has it is not said"
    ),
    live=False,
)

KEYS_GET_MORE_SCOPES = Switch(
    "keys_get_more_scopes",
    "A new or updated API key gets `2fa_required` and `sender_verification_eligible` as well; only GET shows them.",
    observed("trois-six/terraform-provider-sendgrid issues 2 and 10"),
)
UPDATED_KEY_WITHOUT_SCOPES = Switch(
    "updated_key_without_scopes",
    "PUT of an API key returns its id and name only, without its scopes.",
    observed("kenzo0107/terraform-provider-sendgrid pull request 114; the schema of the specification has none either"),
)

UNKNOWN_POOL_IS_DROPPED = Switch(
    "unknown_pool_is_dropped",
    "mail/send accepts a message that names an unknown pool, and never sends it.",
    observed("sendgrid-python issue 1121, of 2025; segmentio/action-destinations pull request 1677, of 2023"),
)

# Classic pools

NAME_MISSING = ErrorMessage("name_missing", 400, "missing required argument", _LIKE_API_KEYS, classic("name"))
NAME_TOO_LONG = ErrorMessage(
    "name_too_long",
    400,
    "needs to be between 2 to 64 characters long",
    assumed("the limit is documented, the wording is that of IP Address Management"),
    classic("name"),
)
NAME_TAKEN = ErrorMessage(
    "name_taken", 400, "already exists", assumed("wording as in IP Address Management"), classic("name")
)
TOO_MANY_POOLS = ErrorMessage(
    "too_many_pools",
    400,
    "100 pools limit has been reached",
    assumed("the limit is documented, the wording is that of IP Address Management"),
    classic(None),
)
POOL_NOT_FOUND = ErrorMessage(
    "pool_not_found", 404, "Unable to locate specified IPs Pool", documented(f"{SPEC}, GET a pool"), classic("error")
)
RENAMED_POOL_NOT_FOUND = ErrorMessage(
    "renamed_pool_not_found", 404, "ip pool not found", documented(f"{SPEC}, PUT a pool"), classic(None)
)
DELETED_POOL_NOT_FOUND = ErrorMessage(
    "deleted_pool_not_found", 404, "Unable to locate specified IPs Pool", documented(f"{SPEC}, DELETE a pool"), _BARE
)
MEMBER_NOT_FOUND = ErrorMessage(
    "member_not_found",
    404,
    "Unable to locate specified IPs Pool",
    documented(f"{SPEC}, DELETE an IP of a pool; that it holds for an IP that is not in the pool is assumed"),
    _BARE,
)
IP_MISSING = ErrorMessage("ip_missing", 400, "missing required argument", _LIKE_API_KEYS, classic("ip"))
NOT_ADDABLE = ErrorMessage(
    "not_addable",
    404,
    "resource not found",
    documented(f"{SPEC}, POST an IP; that it is for an unknown pool or an IP that is not the account's is assumed"),
    classic(None),
)
NOT_WHITELABELED = ErrorMessage(
    "not_whitelabeled",
    404,
    "resource not found",
    assumed("pools take only IPs with reverse DNS; the error is not documented, so it is that of an unknown IP"),
    classic(None),
)
NOT_ENABLED = ErrorMessage(
    "not_enabled",
    404,
    "resource not found",
    assumed(
        "an IP must be enabled before it joins a pool; the error is not documented, so it is that of an unknown IP"
    ),
    classic(None),
)
POOL_FULL = ErrorMessage(
    "pool_full",
    400,
    "the total number of IPs per pool cannot exceed 100. current IP count in ‘{name}’ is ‘{count}’",
    assumed("the limit is documented, the wording is that of IP Address Management"),
    classic("ip"),
)
BODY_NOT_JSON = ErrorMessage(
    "body_not_json",
    400,
    "Request body is not valid json",
    assumed("wording as in the contacts API, the closest documented one"),
    classic(None),
)

# Classic IPs and warm-up

IP_NOT_FOUND = ErrorMessage(
    "ip_not_found", 404, "resource not found", assumed("wording as in IP Warmup for an unknown IP"), classic(None)
)
NOT_WARMABLE = ErrorMessage(
    "not_warmable", 404, "resource not found", documented(f"{WARMUP_SPEC}, POST an IP"), classic(None)
)
NOT_WARMING = ErrorMessage(
    "not_warming", 404, "resource not found", documented(f"{WARMUP_SPEC}, GET and DELETE an IP"), classic(None)
)
COUNT_MISSING = ErrorMessage(
    "count_missing",
    400,
    "missing required argument",
    assumed("wording as in /v3/api_keys for a missing name; also for a value that is not a number above 0"),
    classic("count"),
)
SUBUSERS_NOT_YOURS = ErrorMessage(
    "subusers_not_yours",
    400,
    "one or more subusers do not belong to this user",
    documented(f"{SPEC}, POST IPs; for a value that is not an array of strings it is assumed"),
    classic(None),
)
EXCLUDE_WHITELABELS_VALUE = ErrorMessage(
    "exclude_whitelabels_value",
    400,
    "must be one of the following: true, false",
    assumed(f"wording as for is_enabled in the {MANAGEMENT_SPEC}"),
    classic("exclude_whitelabels"),
)
WARMUP_VALUE = ErrorMessage(
    "warmup_value",
    400,
    "must be one of the following: true, false",
    assumed(f"wording as for is_enabled in the {MANAGEMENT_SPEC}"),
    classic("warmup"),
)
USER_CAN_SEND_VALUE = ErrorMessage(
    "user_can_send_value",
    400,
    "must be one of the following: true, false",
    assumed(f"wording as for is_enabled in the {MANAGEMENT_SPEC}"),
    classic("user_can_send"),
)
CLASSIC_NO_IPS_REMAINING = ErrorMessage(
    "classic_no_ips_remaining", 400, "No IPs remaining", assumed("wording as in IP Address Management"), classic(None)
)
CLASSIC_LIMIT_RANGE = ErrorMessage(
    "classic_limit_range",
    400,
    "should be > 0 and <= 500",
    assumed("wording as in IP Address Management for its maximum"),
    classic("limit"),
)
OFFSET_TYPE = ErrorMessage(
    "offset_type",
    400,
    "must be a numeric value",
    assumed("wording as for after_key in IP Address Management"),
    classic("offset"),
)
OFFSET_RANGE = ErrorMessage(
    "offset_range", 400, "must be >= 0", assumed("wording as for after_key in IP Address Management"), classic("offset")
)
SORT_VALUE = ErrorMessage(
    "sort_value",
    400,
    "must be one of the following: asc, desc",
    assumed(f"the values are documented; wording as for is_enabled in the {MANAGEMENT_SPEC}"),
    classic("sort_by_direction"),
)

# API keys

KEY_NAME_MISSING = ErrorMessage(
    "key_name_missing", 400, "missing required argument", documented(f"{KEYS}, POST"), classic("name")
)
KEY_SCOPES_MISSING = ErrorMessage(
    "key_scopes_missing",
    400,
    "missing required argument",
    assumed("at least one scope is documented for PUT; wording as for a missing name"),
    classic("scopes"),
)
KEY_NAME_EXPECTED = ErrorMessage(
    "key_name_expected",
    400,
    "expected JSON request body with 'name' property",
    documented(f"{KEYS}, PUT; for PATCH it is assumed"),
    classic(None),
)
TOO_MANY_KEYS = ErrorMessage(
    "too_many_keys", 403, "Cannot create more than 100 API Keys", documented(f"{KEYS}, POST"), classic(None)
)
KEY_NOT_FOUND = ErrorMessage(
    "key_not_found", 404, "unable to find API Key", documented(f"{KEYS}, GET a key"), classic(None)
)
UPDATED_KEY_NOT_FOUND = ErrorMessage(
    "updated_key_not_found",
    404,
    "unable to find API Key to update",
    documented(f"{KEYS}, PUT; for PATCH it is assumed"),
    classic(None),
)
DELETED_KEY_NOT_FOUND = ErrorMessage(
    "deleted_key_not_found", 404, "unable to find API Key for deletion", documented(f"{KEYS}, DELETE"), classic(None)
)

# Subusers

_MISSING = assumed("wording as in /v3/api_keys for a missing name; without a field, as the documented errors are")
USERNAME_MISSING = ErrorMessage("username_missing", 400, "missing required argument", _MISSING, _PLAIN)
EMAIL_MISSING = ErrorMessage("email_missing", 400, "missing required argument", _MISSING, _PLAIN)
PASSWORD_MISSING = ErrorMessage("password_missing", 400, "missing required argument", _MISSING, _PLAIN)
SUBUSER_IPS_MISSING = ErrorMessage("subuser_ips_missing", 400, "missing required argument", _MISSING, _PLAIN)
NEW_SUBUSER_REGION = ErrorMessage(
    "new_subuser_region",
    400,
    "invalid region",
    assumed(f"the values are documented; wording as for an unknown name in the {SUBUSERS_SPEC}, PATCH"),
    _PLAIN,
)
NEW_SUBUSER_INCLUDE_REGION = ErrorMessage(
    "new_subuser_include_region",
    400,
    "invalid include_region",
    assumed(f"wording as for an unknown name in the {SUBUSERS_SPEC}, PATCH"),
    _PLAIN,
)
USERNAME_TAKEN = ErrorMessage(
    "username_taken", 400, "username exists", documented(f"{SUBUSERS_SPEC}, POST, with the error of the IPs"), _PLAIN
)
IPS_NOT_VALID = ErrorMessage(
    "ips_not_valid",
    400,
    "unable to validate IPs at this time",
    documented(f"{SUBUSERS_SPEC}, POST; for an unknown IP, and on PUT, it is assumed"),
    _PLAIN,
)
SUBUSERS_NOT_IN_PLAN = ErrorMessage(
    "subusers_not_in_plan",
    403,
    "User does not have permission to create subuser",
    observed("sendgrid-python issue 873: a plan without subusers"),
    _PLAIN,
)
SUBUSER_OF_SUBUSER = ErrorMessage(
    "subuser_of_subuser",
    403,
    "you dont have permission to access this resource",
    documented(f"{SUBUSERS_SPEC}, POST; that it is for a subuser is assumed"),
    _PLAIN,
)
SUBUSER_UNKNOWN = ErrorMessage(
    "subuser_unknown", 400, "invalid username", documented(f"{SUBUSERS_SPEC}, PATCH"), _PLAIN
)
NO_FIELDS = ErrorMessage(
    "no_fields",
    400,
    "no fields provided",
    documented(f"{SUBUSERS_SPEC}, PATCH; for a value that is not a boolean it is assumed"),
    _PLAIN,
)
PLAIN_BODY_NOT_JSON = ErrorMessage(
    "plain_body_not_json",
    400,
    "Request body is not valid json",
    assumed("wording as in the contacts API; without a field, as the documented errors of subusers are"),
    _PLAIN,
)
SUBUSER_REGION_VALUE = ErrorMessage(
    "subuser_region_value",
    400,
    "must be one of the following: all, eu, global",
    assumed(f"the values are documented; wording as for is_enabled in the {MANAGEMENT_SPEC}"),
    classic("region"),
)
SUBUSER_INCLUDE_REGION_VALUE = ErrorMessage(
    "subuser_include_region_value",
    400,
    "must be one of the following: true, false",
    assumed(f"wording as for is_enabled in the {MANAGEMENT_SPEC}"),
    classic("include_region"),
)
SUBUSER_NOT_FOUND = ErrorMessage(
    "subuser_not_found", 404, "resource not found", assumed("wording as for an unknown IP"), classic(None)
)

# Reverse DNS

RDNS_IP_MISSING = ErrorMessage("rdns_ip_missing", 400, "missing required argument", _MISSING, _PLAIN)
RDNS_DOMAIN_MISSING = ErrorMessage("rdns_domain_missing", 400, "missing required argument", _MISSING, _PLAIN)
RDNS_SUBDOMAIN_TYPE = ErrorMessage(
    "rdns_subdomain_type",
    400,
    "invalid subdomain",
    assumed(f"wording as for an unknown name in the {SUBUSERS_SPEC}, PATCH"),
    _PLAIN,
)
RDNS_IP_NOT_FOUND = ErrorMessage(
    "rdns_ip_not_found", 404, "resource not found", assumed("wording as for an unknown IP in IP Warmup"), _PLAIN
)
RDNS_EXISTS = ErrorMessage(
    "rdns_exists",
    400,
    "already exists",
    assumed("that an IP has one record is a guess; wording as for a pool in IP Address Management"),
    _PLAIN,
)
RDNS_NOT_FOUND = ErrorMessage(
    "rdns_not_found",
    404,
    "Reverse DNS record not found.",
    documented(f"{RDNS_SPEC}, POST validate; for GET and DELETE it is assumed"),
    _PLAIN,
)

# IP Address Management

LIMIT_RANGE = ErrorMessage(
    "limit_range",
    400,
    "should be > 0 and <= 100",
    documented(f"{MANAGEMENT_POOLS}; for a value that is not a number it is assumed"),
    management("limit"),
)
AFTER_KEY_TYPE = ErrorMessage(
    "after_key_type", 400, "must be a numeric value", documented(MANAGEMENT_POOLS), management("after_key")
)
AFTER_KEY_RANGE = ErrorMessage(
    "after_key_range", 400, "must be >= 0", documented(MANAGEMENT_POOLS), management("after_key")
)
BEFORE_KEY_TYPE = ErrorMessage(
    "before_key_type",
    400,
    "must be a numeric value",
    assumed("two descriptions name before_key, the list of parameters does not have it; wording as for after_key"),
    management("before_key"),
)
BEFORE_KEY_RANGE = ErrorMessage(
    "before_key_range", 400, "must be >= 0", assumed("wording as for after_key"), management("before_key")
)
REGION_VALUE = ErrorMessage(
    "region_value",
    400,
    "must be one of the following: all, eu, us",
    assumed(f"the values are documented; wording as for is_enabled in the {MANAGEMENT_SPEC}"),
    management("region"),
)
INCLUDE_REGION_VALUE = ErrorMessage(
    "include_region_value",
    400,
    "must be one of the following: true, false",
    assumed(f"wording as for is_enabled in the {MANAGEMENT_SPEC}"),
    management("include_region"),
)
MISSING_SCOPE = ErrorMessage(
    "missing_scope", 401, "missing required scope: {scopes}", documented(MANAGEMENT_POOLS), management("")
)

# IP Address Management: bodies and pools

MANAGEMENT_BODY_NOT_JSON = ErrorMessage(
    "management_body_not_json",
    400,
    "failed to parse the request body as a JSON payload",
    documented(f"{MANAGEMENT_SPEC}; for a field of another type it is assumed"),
    management(""),
)
POOL_ID_TYPE = ErrorMessage(
    "pool_id_type", 400, "must be a numeric value", documented(MANAGEMENT_SPEC), management("poolid")
)
POOL_ID_NOT_FOUND = ErrorMessage(
    "pool_id_not_found", 400, "not found", documented(MANAGEMENT_SPEC), management("poolid")
)
POOL_NAME_MISSING = ErrorMessage(
    "pool_name_missing", 400, "not found in the request body", documented(MANAGEMENT_SPEC), management("name")
)
POOL_NAME_START = ErrorMessage(
    "pool_name_start", 400, "cannot start with a dot or a space", documented(MANAGEMENT_SPEC), management("name")
)
POOL_NAME_LENGTH = ErrorMessage(
    "pool_name_length",
    400,
    "needs to be between 2 to 64 characters long",
    documented(MANAGEMENT_SPEC),
    management("name"),
)
POOL_NAME_TAKEN = ErrorMessage(
    "pool_name_taken", 400, "already exists", documented(MANAGEMENT_SPEC), management("name")
)
POOL_LIMIT = ErrorMessage(
    "pool_limit", 400, "100 pools limit has been reached", documented(MANAGEMENT_SPEC), management("")
)
IPS_MISSING = ErrorMessage(
    "ips_missing",
    400,
    "not found in the request body",
    documented(f"{MANAGEMENT_SPEC}, batchAdd; its text for batchDelete is a placeholder"),
    management("ips"),
)
IPS_LENGTH = ErrorMessage(
    "ips_length",
    400,
    "the number of IPs must be between 1 and 100",
    documented(f"{MANAGEMENT_SPEC}, batchAdd and batchDelete; for a new pool it is assumed"),
    management("ips"),
)
IPS_UNASSIGNABLE = ErrorMessage(
    "ips_unassignable",
    400,
    "unable to verify IPs assignability: {ip}",
    documented(f"{MANAGEMENT_SPEC}, batchAdd; for which IPs, and that it is for a new pool too, is assumed"),
    management("ips"),
)
IPS_NOT_WHITELABELED = ErrorMessage(
    "ips_not_whitelabeled",
    400,
    "unable to verify IPs assignability: {ip}",
    assumed("pools take only IPs with reverse DNS; no document names the error"),
    management("ips"),
)
IPS_NOT_ENABLED = ErrorMessage(
    "ips_not_enabled",
    400,
    "unable to verify IPs assignability: {ip}",
    assumed("an IP must be enabled before it joins a pool; no document names the error"),
    management("ips"),
)
IPS_NOT_IN_POOL = ErrorMessage(
    "ips_not_in_pool",
    400,
    "not found in pool ‘{name}’: {ip}",
    documented(f"{MANAGEMENT_SPEC}, batchDelete"),
    management("ips"),
)
IPS_TOO_MANY = ErrorMessage(
    "ips_too_many",
    400,
    "the total number of IPs per pool cannot exceed 100. current IP count in ‘{name}’ is ‘{count}’",
    documented(f"{MANAGEMENT_SPEC}, batchAdd; that the first quoted word is the pool's name is assumed"),
    management("ips"),
)

# IP Address Management: IPs

IPS_LIMIT_RANGE = ErrorMessage(
    "ips_limit_range", 400, "should be > 0 and ≤ 5000", documented(f"{MANAGEMENT_SPEC}, GET IPs"), management("limit")
)
AFTER_KEY_ADDRESS = ErrorMessage(
    "after_key_address", 400, "invalid IP address", documented(MANAGEMENT_SPEC), management("after_key")
)
BEFORE_KEY_ADDRESS = ErrorMessage(
    "before_key_address", 400, "invalid IP address", documented(MANAGEMENT_SPEC), management("before_key")
)
BOTH_KEYS = ErrorMessage(
    "both_keys",
    400,
    "cannot be used with ‘before_key’",
    documented(f"{MANAGEMENT_SPEC}, GET IPs; {MANAGEMENT_POOLS}: after_key cannot be combined with before_key"),
    management("after_key"),
)
IS_LEASED_VALUE = ErrorMessage(
    "is_leased_value",
    400,
    "must be one of the following: true, false",
    documented(MANAGEMENT_SPEC),
    management("is_leased"),
)
IS_ENABLED_VALUE = ErrorMessage(
    "is_enabled_value",
    400,
    "must be one of the following: true, false",
    documented(MANAGEMENT_SPEC),
    management("is_enabled"),
)
IS_PARENT_ASSIGNED_VALUE = ErrorMessage(
    "is_parent_assigned_value",
    400,
    "must be one of the following: true, false",
    documented(MANAGEMENT_SPEC),
    management("is_parent_assigned"),
)
IS_PARENT_ASSIGNED_BY_SUBUSER = ErrorMessage(
    "is_parent_assigned_by_subuser",
    400,
    "cannot be used for a sub user account",
    documented(MANAGEMENT_SPEC),
    management("is_parent_assigned"),
)
POOL_TYPE = ErrorMessage("pool_type", 400, "must be numeric", documented(MANAGEMENT_SPEC), management("pool"))
POOL_UNKNOWN = ErrorMessage("pool_unknown", 400, "not found", documented(MANAGEMENT_SPEC), management("pool"))
POOL_AND_PARENT_ASSIGNED = ErrorMessage(
    "pool_and_parent_assigned",
    400,
    "cannot be used with ‘is_parent_assigned’",
    documented(MANAGEMENT_SPEC),
    management("pool"),
)
START_ADDED_AT_TYPE = ErrorMessage(
    "start_added_at_type", 400, "must be numeric", documented(MANAGEMENT_SPEC), management("start_added_at")
)
END_ADDED_AT_TYPE = ErrorMessage(
    "end_added_at_type", 400, "must be numeric", documented(MANAGEMENT_SPEC), management("end_added_at")
)
NEW_REGION_VALUE = ErrorMessage(
    "new_region_value",
    400,
    "must be one of the following: eu, us",
    assumed(f"the values are documented; wording as for is_enabled in the {MANAGEMENT_SPEC}"),
    management("region"),
)
ADDRESS_INVALID = ErrorMessage(
    "address_invalid", 400, "invalid IP address", documented(MANAGEMENT_SPEC), management("ip")
)
ADDRESS_NOT_FOUND = ErrorMessage(
    "address_not_found", 400, "not found", documented(f"{MANAGEMENT_SPEC}, GET an IP"), management("ip")
)
NOT_OWNED = ErrorMessage(
    "not_owned", 400, "unable to verify IP ownership", documented(f"{MANAGEMENT_SPEC}, PATCH an IP"), management("ip")
)
SETTING_MISSING = ErrorMessage(
    "setting_missing",
    400,
    "at least one of the following is required: is_enabled, is_auto_warmup, is_parent_assigned",
    documented(f"{MANAGEMENT_SPEC}, PATCH an IP"),
    management(""),
)
NO_IPS_REMAINING = ErrorMessage(
    "no_ips_remaining", 400, "No IPs remaining", documented(f"{MANAGEMENT_SPEC}, POST an IP"), management("")
)
IS_AUTO_WARMUP_MISSING = ErrorMessage(
    "is_auto_warmup_missing",
    400,
    "not found in the request body",
    documented(f"{MANAGEMENT_SPEC}, POST an IP"),
    management("is_auto_warmup"),
)
IS_PARENT_ASSIGNED_MISSING = ErrorMessage(
    "is_parent_assigned_missing",
    400,
    "not found in the request body",
    documented(f"{MANAGEMENT_SPEC}, POST an IP"),
    management("is_parent_assigned"),
)
SUBUSERS_ALL_WARMING = ErrorMessage(
    "subusers_all_warming",
    400,
    "these users must have at least one IP that is not in warmup: {id}",
    documented(f"{MANAGEMENT_SPEC}, POST an IP"),
    management("subusers"),
)

# IP Address Management: the subusers of an IP

SUBUSERS_IP_INVALID = ErrorMessage(
    "subusers_ip_invalid",
    400,
    "invalid IP address",
    documented(f"{MANAGEMENT_SPEC}, subusers of an IP; for an IP of another account it is assumed"),
    management(""),
)
SUBUSERS_EMPTY = ErrorMessage(
    "subusers_empty",
    400,
    "must not be empty",
    documented(f"{MANAGEMENT_SPEC}, batchAdd and batchDelete; for a missing field it is assumed"),
    management("subusers"),
)
SUBUSERS_TOO_MANY = ErrorMessage(
    "subusers_too_many",
    400,
    "cannot assign more than 1000 subusers per call",
    documented(MANAGEMENT_SPEC),
    management("subusers"),
)
SUBUSERS_WITH_CALLER = ErrorMessage(
    "subusers_with_caller", 400, "cannot contain caller’s userID", documented(MANAGEMENT_SPEC), management("subusers")
)
SUBUSERS_UNVERIFIED = ErrorMessage(
    "subusers_unverified", 400, "unverified subusers: {id}", documented(MANAGEMENT_SPEC), management("subusers")
)

# mail/send

MAIL_CONTENT_TYPE = ErrorMessage(
    "mail_content_type",
    415,
    "Content-Type should be application/json.",
    observed("sendgrid-python issue 214; that the status is 415 is in the tests of yKanazawa/sendgrid-dev"),
    _MAIL,
)

MAIL_NOT_UTF8 = ErrorMessage("mail_not_utf8", 415, "Invalid UTF8 in request", documented(MAIL_PAGE), _MAIL)

MAIL_BODY_NOT_JSON = ErrorMessage("mail_body_not_json", 400, "Bad Request", observed("sendgrid/docs issue 5060"), _MAIL)

MAIL_OBJECT_EXPECTED = ErrorMessage(
    "mail_object_expected",
    400,
    "Invalid type. Expected: object, given: {given}.",
    observed("sendgrid-ruby issue 138, sendgrid-django issue 64; for other fields and types it is assumed"),
    mail("{field}"),
)

MAIL_ARRAY_EXPECTED = ErrorMessage(
    "mail_array_expected",
    400,
    "Invalid type. Expected: array, given: {given}.",
    observed("sendgrid-ruby issue 138, sendgrid-django issue 64; for other fields and types it is assumed"),
    mail("{field}"),
)

MAIL_STRING_EXPECTED = ErrorMessage(
    "mail_string_expected",
    400,
    "Invalid type. Expected: string, given: {given}.",
    observed("sendgrid-ruby issue 138, sendgrid-django issue 64; for other fields and types it is assumed"),
    mail("{field}"),
)

MAIL_INTEGER_EXPECTED = ErrorMessage(
    "mail_integer_expected",
    400,
    "Invalid type. Expected: integer, given: {given}.",
    observed("sendgrid-ruby issue 138, sendgrid-django issue 64; for other fields and types it is assumed"),
    mail("{field}"),
)

MAIL_BOOLEAN_EXPECTED = ErrorMessage(
    "mail_boolean_expected",
    400,
    "Invalid type. Expected: boolean, given: {given}.",
    observed("sendgrid-ruby issue 138, sendgrid-django issue 64; for other fields and types it is assumed"),
    mail("{field}"),
)

MAIL_FROM_MISSING = ErrorMessage(
    "mail_from_missing",
    400,
    "The from object must be provided for every email send. It is an object that requires the email parameter, but "
    'may also contain a name parameter.  e.g. {{"email" : "example@example.com"}}  or {{"email" : '
    '"example@example.com", "name" : "Example Recipient"}}.',
    observed("sendgrid-ruby issue 438"),
    mail("from.email"),
)

MAIL_FROM_INVALID = ErrorMessage(
    "mail_from_invalid",
    400,
    "The from email does not contain a valid address.",
    observed("IVGFoundation for Swift, a response of 2017; which addresses are valid is assumed"),
    mail("{field}"),
)

MAIL_FROM_TOO_LONG = ErrorMessage(
    "mail_from_too_long",
    400,
    "The From email exceeds the maximum total length of 320 characters",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_OWN_FROM_MISSING = ErrorMessage(
    "mail_own_from_missing",
    400,
    "The from object must at least have an email parameter with a valid email address and may also contain a name "
    'parameter. e.g. {{"email": "example@example.com"}} or {{"email": "example@example.com", "name": "Example '
    'Recipient"}}',
    documented(f"{MAIL_PAGE}; for that of a personalization it is assumed"),
    mail("{field}"),
)

MAIL_PERSONALIZATIONS_MISSING = ErrorMessage(
    "mail_personalizations_missing",
    400,
    "The personalizations field is required and must have at least one personalization.",
    observed("sendgrid-ruby issue 438"),
    mail("personalizations", "-Personalizations-Errors"),
)

MAIL_TOO_MANY_PERSONALIZATIONS = ErrorMessage(
    "mail_too_many_personalizations",
    400,
    "The personalization block is limited to 1000 personalizations per API request. You have provided {count} "
    "personalizations. Please consider splitting this into multiple requests and resending your request.",
    documented(MAIL_PAGE),
    mail("personalizations"),
)

MAIL_TOO_MANY_RECIPIENTS = ErrorMessage(
    "mail_too_many_recipients",
    400,
    "There is a limit of 1000 total recipients (to + cc + bcc) per request.",
    documented(MAIL_PAGE),
    mail("personalizations"),
)

MAIL_DUPLICATE_RECIPIENT = ErrorMessage(
    "mail_duplicate_recipient",
    400,
    "Each email address in the personalization block should be unique between to, cc, and bcc. We found the first "
    "duplicate instance of [{value}] in the {name} field.",
    observed("symfony issue 33135; sendgrid-ruby issue 461: in any case of letters"),
    mail("{field}", "message.recipient-errors"),
)

MAIL_TO_MISSING = ErrorMessage(
    "mail_to_missing",
    400,
    "The to array is required for all personalization objects, and must have at least one email object with a valid "
    "email address.",
    observed("sendgrid-nodejs issue 1425"),
    mail("{field}"),
)

MAIL_TO_EMAIL_MISSING = ErrorMessage(
    "mail_to_email_missing",
    400,
    "The to email parameter is required.",
    observed("sendgrid-php issue 972"),
    mail("{field}"),
)

MAIL_ADDRESS_INVALID = ErrorMessage(
    "mail_address_invalid",
    400,
    "Does not contain a valid address.",
    observed("IVGFoundation for Swift, a response of 2017; which addresses are valid is assumed"),
    mail("{field}"),
)

MAIL_TO_TOO_LONG = ErrorMessage(
    "mail_to_too_long",
    400,
    "The To email exceeds the maximum total length of 320 characters",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_CC_EMAIL_MISSING = ErrorMessage(
    "mail_cc_email_missing",
    400,
    "The cc array, when used, must at least have an email parameter with a valid email address and it may also "
    'contain a name parameter. e.g. {{"email": "example@example.com"}} or {{"email": "example@example.com", "name": '
    '"Example Recipient"}}',
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_CC_TOO_LONG = ErrorMessage(
    "mail_cc_too_long",
    400,
    "The CC email exceeds the maximum total length of 320 characters",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_BCC_EMAIL_MISSING = ErrorMessage(
    "mail_bcc_email_missing",
    400,
    "The bcc array, when used, must at least have an email parameter with a valid email address and it may also "
    'contain a name parameter. e.g. {{"email": "example@example.com"}} or {{"email": "example@example.com", "name": '
    '"Example Recipient"}}',
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_BCC_TOO_LONG = ErrorMessage(
    "mail_bcc_too_long",
    400,
    "The BCC email exceeds the maximum total length of 320 characters",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_REPLY_TO_EMAIL_MISSING = ErrorMessage(
    "mail_reply_to_email_missing",
    400,
    "The reply_to object, when used, must at least have an email parameter with a valid email address and it may "
    'also contain a name parameter. e.g. {{"email": "example@example.com"}} or {{"email": "example@example.com", '
    '"name": "Example Recipient"}}',
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_REPLY_TO_TOO_LONG = ErrorMessage(
    "mail_reply_to_too_long",
    400,
    "The Reply-To email exceeds the maximum total length of 320 characters",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_SUBJECT_TYPE = ErrorMessage(
    "mail_subject_type",
    400,
    "The subject of your email must be a string at least one character in length.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_SUBJECT_MISSING = ErrorMessage(
    "mail_subject_missing",
    400,
    "The subject is required. You can get around this requirement if you use a template with a subject defined or "
    "if every personalization has a subject defined.",
    observed("nextjs-mongodb-app issue 107; documented too"),
    mail("subject"),
)

MAIL_CONTENT_MISSING = ErrorMessage(
    "mail_content_missing",
    400,
    "Unless a valid template_id is provided, the content parameter is required. There must be at least one defined "
    "content block. We typically suggest both text/plain and text/html blocks are included, but only one block is "
    "required.",
    observed("sendgrid-ruby issue 438"),
    mail("content"),
)

MAIL_CONTENT_TYPE_MISSING = ErrorMessage(
    "mail_content_type_missing",
    400,
    "A content type is required, this tells email clients how to display the email.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_CONTENT_TYPE_VALUE = ErrorMessage(
    "mail_content_type_value",
    400,
    "Your content type must be a string with length of at least one character.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_CONTENT_TYPE_CHARACTERS = ErrorMessage(
    "mail_content_type_characters",
    400,
    "Cannot contain ';', or CRLF characters.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_CONTENT_VALUE_MISSING = ErrorMessage(
    "mail_content_value_missing",
    400,
    "A content value is required, this is the content of the email you are sending.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_CONTENT_VALUE = ErrorMessage(
    "mail_content_value",
    400,
    "The content value must be a string at least one character in length.",
    observed("loopback-connector-sendgrid issue 10"),
    mail("{field}"),
)

MAIL_CONTENT_ORDER = ErrorMessage(
    "mail_content_order",
    400,
    "Following RFC 1341, section 7.2, if either text/html or text/plain are to be sent in your email: text/plain "
    "needs to be first, followed by text/html, followed by any other content.",
    documented(f"{MAIL_PAGE}; its field is assumed"),
    mail("content", "message.content.value"),
)

MAIL_ATTACHMENT_CONTENT = ErrorMessage(
    "mail_attachment_content",
    400,
    "The attachment content must be a string at least one character in length.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_ATTACHMENT_BASE64 = ErrorMessage(
    "mail_attachment_base64",
    400,
    "The attachment content must be base64 encoded.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_FILENAME_MISSING = ErrorMessage(
    "mail_filename_missing", 400, "filename is required.", documented(MAIL_PAGE), mail("{field}")
)

MAIL_FILENAME_TYPE = ErrorMessage(
    "mail_filename_type",
    400,
    "The filename of your attachment must be a string.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_FILENAME_CHARACTERS = ErrorMessage(
    "mail_filename_characters",
    400,
    "The filename of your attachment cannot contain CRLF characters.",
    documented(f"{MAIL_PAGE}: nor a semicolon or a comma"),
    mail("{field}"),
)

MAIL_ATTACHMENT_TYPE = ErrorMessage(
    "mail_attachment_type",
    400,
    "The attachment type must be a string and at least one character in length.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_ATTACHMENT_TYPE_CHARACTERS = ErrorMessage(
    "mail_attachment_type_characters",
    400,
    "The type cannot contain ';', or CRLF characters.",
    documented(f"{MAIL_PAGE}: nor a comma"),
    mail("{field}"),
)

MAIL_DISPOSITION = ErrorMessage(
    "mail_disposition",
    400,
    'The disposition of your attachment can be either "inline" or "attachment". You provided {provided}.',
    documented(MAIL_PAGE),
    mail("{field}"),
    derived={"provided": json_text},
)

MAIL_CONTENT_ID_TYPE = ErrorMessage(
    "mail_content_id_type",
    400,
    "The content ID of your attachment must be a string. You provided {provided}.",
    documented(MAIL_PAGE),
    mail("{field}"),
    derived={"provided": json_text},
)

MAIL_CONTENT_ID_CHARACTERS = ErrorMessage(
    "mail_content_id_characters",
    400,
    "The content ID of your attachment cannot contain CRLF characters.",
    documented(f"{MAIL_PAGE}: nor a semicolon or a comma"),
    mail("{field}"),
)

MAIL_TEMPLATE_TYPE = ErrorMessage(
    "mail_template_type",
    400,
    "The template ID must be a string, you provided {provided}.",
    documented(MAIL_PAGE),
    mail("{field}"),
    derived={"provided": json_text},
)

MAIL_HEADER_VALUES = ErrorMessage(
    "mail_header_values", 400, "The header values must be strings.", documented(MAIL_PAGE), mail("{field}")
)

MAIL_HEADER_DUPLICATES = ErrorMessage(
    "mail_header_duplicates",
    400,
    "The headers cannot contain duplicate keys.",
    documented(f"{MAIL_PAGE}; that case does not count is assumed"),
    mail("{field}"),
)

MAIL_HEADER_CHARACTERS = ErrorMessage(
    "mail_header_characters",
    400,
    "Header keys cannot contain non-ASCII characters and empty spaces.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_HEADER_RESERVED = ErrorMessage(
    "mail_header_reserved", 400, "Header can not be one of the reserved keys.", documented(MAIL_PAGE), mail("{field}")
)

MAIL_OWN_HEADER_VALUES = ErrorMessage(
    "mail_own_header_values",
    400,
    "All values of the headers object must be strings.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_OWN_HEADER_CHARACTERS = ErrorMessage(
    "mail_own_header_characters",
    400,
    "Header keys cannot contain non-ASCII characters or empty spaces.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_OWN_HEADER_RESERVED = ErrorMessage(
    "mail_own_header_reserved",
    400,
    "Header cannot be one of the reserved keys.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_SECTIONS = ErrorMessage(
    "mail_sections", 400, "The section values must be strings.", documented(MAIL_PAGE), mail("{field}")
)

MAIL_SUBSTITUTIONS = ErrorMessage(
    "mail_substitutions",
    400,
    "The substitution values must be an object of key/value pairs, where the values are all strings.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_SUBSTITUTIONS_TOO_LARGE = ErrorMessage(
    "mail_substitutions_too_large",
    400,
    "You are limited to 10,000 substitutions.",
    documented(f"{MAIL_PAGE}: 10,000 bytes"),
    mail("{field}"),
)

MAIL_CUSTOM_ARGS_VALUES = ErrorMessage(
    "mail_custom_args_values",
    400,
    "All values of custom arguments object must be strings",
    documented(f"{MAIL_PAGE}; for those of the whole message it is assumed"),
    mail("{field}"),
)

MAIL_CUSTOM_ARGS_EMPTY = ErrorMessage(
    "mail_custom_args_empty",
    400,
    "custom_args cannot be empty.",
    documented(f"{MAIL_PAGE}; for those of the whole message it is assumed"),
    mail("{field}"),
)

MAIL_CUSTOM_ARGS_TOO_LARGE = ErrorMessage(
    "mail_custom_args_too_large",
    400,
    "The combined size of both global and personalization custom arguments may not exceed 10,000 bytes per "
    "personalization.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_CATEGORIES_TYPE = ErrorMessage(
    "mail_categories_type", 400, "Categories must be an array of strings.", documented(MAIL_PAGE), mail("{field}")
)

MAIL_TOO_MANY_CATEGORIES = ErrorMessage(
    "mail_too_many_categories",
    400,
    "There is a limit of 10 categories for each email that is sent. You provided {count} categories.",
    documented(MAIL_PAGE),
    mail("categories"),
)

MAIL_CATEGORY_TOO_LONG = ErrorMessage(
    "mail_category_too_long",
    400,
    "Each category must not be longer than 255 characters. {value} exceeds this limit",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_CATEGORY_TWICE = ErrorMessage(
    "mail_category_twice",
    400,
    "The categories must be a unique list, and you have included {value} more than once. ",
    documented(MAIL_PAGE),
    mail("categories"),
)

MAIL_CATEGORY_CHARACTERS = ErrorMessage(
    "mail_category_characters",
    400,
    "Categories can not contain non-ASCII characters.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_SEND_AT_TYPE = ErrorMessage(
    "mail_send_at_type",
    400,
    "The send_at parameter is expecting a Unix timestamp as an integer. We will send immediately if you include a "
    "send_at timestamp that is in the past.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_SEND_AT_LATE = ErrorMessage(
    "mail_send_at_late",
    400,
    "Scheduling more than 72 hours in advance is forbidden.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_BATCH_ID_TYPE = ErrorMessage(
    "mail_batch_id_type", 400, "The batch_id must be a string.", documented(MAIL_PAGE), mail("{field}")
)

MAIL_GROUP_TYPE = ErrorMessage(
    "mail_group_type",
    400,
    "The ASM group ID must be an integer.",
    documented(f"{MAIL_PAGE}; for a missing one it is assumed"),
    mail("{field}"),
)

MAIL_GROUPS_TYPE = ErrorMessage(
    "mail_groups_type",
    400,
    "The ASM Group IDs to display must be an array of integers.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_TOO_MANY_GROUPS = ErrorMessage(
    "mail_too_many_groups",
    400,
    "There is a limit of 25 unsubscribe groups that can be displayed to a user at a time.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_POOL_TYPE = ErrorMessage(
    "mail_pool_type", 400, "The name of your IP pool must be a string.", documented(MAIL_PAGE), mail("{field}")
)

MAIL_POOL_UNKNOWN = ErrorMessage(
    "mail_pool_unknown",
    400,
    "The IP Pool name must be a valid pool name for your account. You provided {value}.",
    documented(f"{MAIL_PAGE}; for a name of another length than 2 to 64 characters it is assumed"),
    mail("ip_pool_name"),
)

MAIL_BYPASS_LIST_MANAGEMENT = ErrorMessage(
    "mail_bypass_list_management",
    400,
    "The bypass list management enable param should be a boolean value.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_FOOTER = ErrorMessage(
    "mail_footer", 400, "The footer enable param should be a boolean value.", documented(MAIL_PAGE), mail("{field}")
)

MAIL_FOOTER_HTML = ErrorMessage(
    "mail_footer_html",
    400,
    "The text/html version of your footer should be a string.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_FOOTER_TEXT = ErrorMessage(
    "mail_footer_text",
    400,
    "The text/plain version of your footer should be a string.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_SANDBOX_MODE = ErrorMessage(
    "mail_sandbox_mode",
    400,
    "The sandbox mode enable param should be a boolean value.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_CLICK_TRACKING = ErrorMessage(
    "mail_click_tracking",
    400,
    "The click tracking enable param should be a boolean value.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_CLICK_TRACKING_TEXT = ErrorMessage(
    "mail_click_tracking_text",
    400,
    "The click tracking enable text must be a boolean value.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_OPEN_TRACKING = ErrorMessage(
    "mail_open_tracking",
    400,
    "The open tracking enable param should be a boolean value.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_OPEN_TRACKING_TAG = ErrorMessage(
    "mail_open_tracking_tag",
    400,
    "The open tracking substitution tag must be a string.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_SUBSCRIPTION_TRACKING = ErrorMessage(
    "mail_subscription_tracking",
    400,
    "The subscription tracking enable param should be a boolean value.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_SUBSCRIPTION_TRACKING_HTML = ErrorMessage(
    "mail_subscription_tracking_html",
    400,
    "The subscription tracking unsubscribe content for text/html messages must be a string.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_SUBSCRIPTION_TRACKING_TEXT = ErrorMessage(
    "mail_subscription_tracking_text",
    400,
    "The subscription tracking unsubscribe content for text/plain messages must be a string. ",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_SUBSCRIPTION_TRACKING_TAG = ErrorMessage(
    "mail_subscription_tracking_tag",
    400,
    "The subscription tracking substitution tag must be a string value.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_GANALYTICS = ErrorMessage(
    "mail_ganalytics",
    400,
    "The Google Analytics enable param must be a boolean value.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_UTM_SOURCE = ErrorMessage(
    "mail_utm_source",
    400,
    "The Google Analytics utm_source must be a string value.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_UTM_MEDIUM = ErrorMessage(
    "mail_utm_medium",
    400,
    "The Google Analytics utm_medium must be a string value.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_UTM_TERM = ErrorMessage(
    "mail_utm_term",
    400,
    "The Google Analytics utm_term must be a string value.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_UTM_CONTENT = ErrorMessage(
    "mail_utm_content",
    400,
    "The Google Analytics utm_content must be a string value.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

MAIL_UTM_CAMPAIGN = ErrorMessage(
    "mail_utm_campaign",
    400,
    "The Google Analytics utm_campaign must be a string value.",
    documented(MAIL_PAGE),
    mail("{field}"),
)

_SENDER_IDENTITY = (
    "The from address does not match a verified Sender Identity. Mail cannot be sent until this error is resolved. "
    "Visit https://sendgrid.com/docs/for-developers/sending-email/sender-identity/ to see the Sender Identity "
    "requirements"
)
MAIL_SENDER_IDENTITY = ErrorMessage(
    "mail_sender_identity",
    403,
    _SENDER_IDENTITY,
    observed("sendgrid-ruby pull request 489; the same text is the reply of the SMTP server"),
    mail("from", ""),
)

# Web API v2

WEB_FROM_MISSING = ErrorMessage(
    "web_from_missing", 400, "Empty from email address (required)", observed("sendgrid-go issue 54"), _WEB
)

WEB_TO_MISSING = ErrorMessage(
    "web_to_missing", 400, "Missing destination email", observed("sendgrid-nodejs issue 1047"), _WEB
)

WEB_SUBJECT_MISSING = ErrorMessage(
    "web_subject_missing", 400, "Missing subject", observed("opennorth/multi_mail, its error messages"), _WEB
)

WEB_BODY_MISSING = ErrorMessage(
    "web_body_missing", 400, "Missing email body", observed("opennorth/multi_mail, its error messages"), _WEB
)

WEB_SENDER_IDENTITY = ErrorMessage(
    "web_sender_identity",
    403,
    _SENDER_IDENTITY,
    assumed("wording as in mail/send"),
    _WEB,
)

# Errors of any operation

AUTHORIZATION_REQUIRED = ErrorMessage(
    "authorization_required",
    401,
    "authorization required",
    documented("API reference, classic 401; for unknown keys and subusers it is assumed"),
    classic(None),
)
MANAGEMENT_AUTHORIZATION_REQUIRED = ErrorMessage(
    "management_authorization_required",
    401,
    "authorization required",
    documented(
        f"{MANAGEMENT_SPEC}, 401: its field is a string, empty for none; the wording is that of the classic API"
    ),
    management(""),
)
MAIL_NO_CREDENTIAL = ErrorMessage(
    "mail_no_credential",
    401,
    "Permission denied, wrong credentials",
    observed("sendgrid-php issue 831 and others"),
    _MAIL,
)
MAIL_UNKNOWN_CREDENTIAL = ErrorMessage(
    "mail_unknown_credential",
    401,
    "The provided authorization grant is invalid, expired, or revoked",
    observed("sendgrid-php issue 793 and others"),
    _MAIL,
)
WRONG_REGION = ErrorMessage(
    "wrong_region",
    401,
    "authorization required",
    assumed(
        "each host is for the users and subusers of its region; the error is not documented, so it is that of an "
        "unknown key"
    ),
    classic(None),
)
MANAGEMENT_WRONG_REGION = ErrorMessage(
    "management_wrong_region",
    401,
    "authorization required",
    assumed("as in the classic API"),
    management(""),
)
MAIL_WRONG_REGION = ErrorMessage(
    "mail_wrong_region",
    401,
    "The provided authorization grant is invalid, expired, or revoked",
    assumed("as in the classic API, that of an unknown key"),
    _MAIL,
)
WEB_WRONG_REGION = ErrorMessage(
    "web_wrong_region",
    401,
    "Permission denied, wrong credentials",
    assumed("as in the classic API, that of an unknown key"),
    _WEB,
)
WRONG_REGIONS: dict[str, ErrorMessage] = {
    CLASSIC: WRONG_REGION,
    PLAIN: WRONG_REGION,
    MANAGEMENT: MANAGEMENT_WRONG_REGION,
    MAIL: MAIL_WRONG_REGION,
    WEB: WEB_WRONG_REGION,
}
"""The errors of a request to the host of another region, by family."""
ACCESS_FORBIDDEN = ErrorMessage(
    "access_forbidden",
    403,
    "access forbidden",
    observed("sendgrid-csharp issue 185, sendgrid-php issue 263"),
    classic(None),
)
MAIL_ACCESS_FORBIDDEN = ErrorMessage(
    "mail_access_forbidden", 403, "access forbidden", documented(f"{MAIL_SPEC}, 403"), _MAIL
)
WEB_ACCESS_FORBIDDEN = ErrorMessage(
    "web_access_forbidden", 403, "access forbidden", assumed("wording as in mail/send"), _WEB
)
FORBIDDEN: dict[str, ErrorMessage] = {
    CLASSIC: ACCESS_FORBIDDEN,
    PLAIN: ACCESS_FORBIDDEN,
    MAIL: MAIL_ACCESS_FORBIDDEN,
    WEB: WEB_ACCESS_FORBIDDEN,
}
"""The errors of a key without the scope, by family; that of IP Address Management names the scope."""
NOT_FOUND = ErrorMessage("not_found", 404, "resource not found", observed("sendgrid/docs issue 2759"), classic(None))
MANAGEMENT_NOT_FOUND = ErrorMessage(
    "management_not_found",
    404,
    "resource not found",
    assumed("for an unknown path; wording as in the classic API"),
    management(""),
)
NOT_ALLOWED = ErrorMessage(
    "not_allowed",
    405,
    "method not allowed",
    observed("sendgrid/docs pull request 818: DELETE of a pool's IPs without an IP"),
    classic(None),
)
TOO_LARGE = ErrorMessage(
    "too_large", 413, "content too large", assumed("wording as in the mail specification's 413"), classic(None)
)
CRASHED = ErrorMessage(
    "crashed", 500, "internal server error", observed("trois-six/terraform-provider-sendgrid issue 10"), classic(None)
)
NOT_IMPLEMENTED = ErrorMessage(
    "not_implemented", 501, "mockserver does not implement {method} {path}", _OURS, classic(None)
)
MANAGEMENT_NOT_ALLOWED = ErrorMessage(
    "management_not_allowed",
    405,
    "method not allowed",
    assumed("wording as in the mail specification's 405"),
    management(""),
)
MANAGEMENT_TOO_LARGE = ErrorMessage(
    "management_too_large",
    413,
    "content too large",
    assumed("wording as in the mail specification's 413"),
    management(""),
)
MANAGEMENT_CRASHED = ErrorMessage(
    "management_crashed", 500, "internal server error", documented(MANAGEMENT_POOLS), management("")
)
MANAGEMENT_NOT_IMPLEMENTED = ErrorMessage(
    "management_not_implemented", 501, "mockserver does not implement {method} {path}", _OURS, management("")
)
MAIL_NOT_ALLOWED = ErrorMessage(
    "mail_not_allowed", 405, "method not allowed", documented("Mail specification, 405; other texts were seen"), _MAIL
)
MAIL_TOO_LARGE = ErrorMessage("mail_too_large", 413, "content too large", documented("Mail specification, 413"), _MAIL)
MAIL_CRASHED = ErrorMessage("mail_crashed", 500, "internal server error", documented("Mail specification, 500"), _MAIL)
MAIL_NOT_IMPLEMENTED = ErrorMessage(
    "mail_not_implemented", 501, "mockserver does not implement {method} {path}", _OURS, _MAIL
)

WEB_UNAUTHORIZED = ErrorMessage(
    "web_unauthorized",
    401,
    "Permission denied, wrong credentials",
    observed("sendgrid/docs issue 5235; the status is assumed"),
    _WEB,
)
WEB_NOT_FOUND = ErrorMessage("web_not_found", 404, "resource not found", assumed("wording as in the classic API"), _WEB)
WEB_NOT_ALLOWED = ErrorMessage(
    "web_not_allowed", 405, "method not allowed", assumed("wording as in the classic API"), _WEB
)
WEB_TOO_LARGE = ErrorMessage("web_too_large", 413, "content too large", assumed("wording as in mail/send"), _WEB)
WEB_CRASHED = ErrorMessage("web_crashed", 500, "internal server error", assumed("wording as in mail/send"), _WEB)
WEB_NOT_IMPLEMENTED = ErrorMessage(
    "web_not_implemented", 501, "mockserver does not implement {method} {path}", _OURS, _WEB
)

NOT_JSON: dict[str, ErrorMessage] = {
    CLASSIC: BODY_NOT_JSON,
    PLAIN: PLAIN_BODY_NOT_JSON,
    MANAGEMENT: MANAGEMENT_BODY_NOT_JSON,
    MAIL: MAIL_BODY_NOT_JSON,
}
"""The errors of a body that is not the expected JSON, by family."""

FAILURES: dict[str, dict[str, ErrorMessage]] = {
    CLASSIC: {
        "no_credential": AUTHORIZATION_REQUIRED,
        "unknown_credential": AUTHORIZATION_REQUIRED,
        "not_found": NOT_FOUND,
        "not_allowed": NOT_ALLOWED,
        "too_large": TOO_LARGE,
        "crashed": CRASHED,
        "not_implemented": NOT_IMPLEMENTED,
    },
    MANAGEMENT: {
        "no_credential": MANAGEMENT_AUTHORIZATION_REQUIRED,
        "unknown_credential": MANAGEMENT_AUTHORIZATION_REQUIRED,
        "not_found": MANAGEMENT_NOT_FOUND,
        "not_allowed": MANAGEMENT_NOT_ALLOWED,
        "too_large": MANAGEMENT_TOO_LARGE,
        "crashed": MANAGEMENT_CRASHED,
        "not_implemented": MANAGEMENT_NOT_IMPLEMENTED,
    },
    MAIL: {
        "no_credential": MAIL_NO_CREDENTIAL,
        "unknown_credential": MAIL_UNKNOWN_CREDENTIAL,
        "not_found": NOT_FOUND,
        "not_allowed": MAIL_NOT_ALLOWED,
        "too_large": MAIL_TOO_LARGE,
        "crashed": MAIL_CRASHED,
        "not_implemented": MAIL_NOT_IMPLEMENTED,
    },
    WEB: {
        "no_credential": WEB_UNAUTHORIZED,
        "unknown_credential": WEB_UNAUTHORIZED,
        "not_found": WEB_NOT_FOUND,
        "not_allowed": WEB_NOT_ALLOWED,
        "too_large": WEB_TOO_LARGE,
        "crashed": WEB_CRASHED,
        "not_implemented": WEB_NOT_IMPLEMENTED,
    },
}
FAILURES[PLAIN] = FAILURES[CLASSIC]
"""The errors of requests that fail before or instead of an operation, by family."""

RATE_LIMIT = Limit(
    600, observed("a recorded X-Ratelimit-Limit of 2017; this server sends it in headers and does not enforce it")
)
RATE_WINDOW = Limit(60, assumed("in seconds; a recorded X-Ratelimit-Reset of 2017 is at the end of a minute"))
RATE_LIMITED = ErrorMessage(
    "rate_limited",
    429,
    "too many requests",
    observed("trois-six/terraform-provider-sendgrid pull request 6"),
    classic(None),
)
MANAGEMENT_RATE_LIMITED = ErrorMessage(
    "management_rate_limited", 429, "too many requests", assumed("wording as in the classic API"), management("")
)
PLANNED = assumed("a planned fault: the client chose its status; its message is the standard reason phrase")

FAULTS: dict[str, dict[int, ErrorMessage]] = {
    CLASSIC: {
        entry.status: entry
        for entry in (AUTHORIZATION_REQUIRED, ACCESS_FORBIDDEN, NOT_FOUND, TOO_LARGE, RATE_LIMITED, CRASHED)
    },
    MANAGEMENT: {
        entry.status: entry
        for entry in (
            MANAGEMENT_AUTHORIZATION_REQUIRED,
            MANAGEMENT_NOT_FOUND,
            MANAGEMENT_TOO_LARGE,
            MANAGEMENT_RATE_LIMITED,
            MANAGEMENT_CRASHED,
        )
    },
    MAIL: {
        entry.status: entry for entry in (MAIL_UNKNOWN_CREDENTIAL, MAIL_ACCESS_FORBIDDEN, MAIL_TOO_LARGE, MAIL_CRASHED)
    },
    WEB: {entry.status: entry for entry in (WEB_UNAUTHORIZED, WEB_ACCESS_FORBIDDEN, WEB_TOO_LARGE, WEB_CRASHED)},
}
FAULTS[PLAIN] = FAULTS[CLASSIC]
"""The errors of planned faults, by family and status."""

RIGHTS = assumed("no document says which operation needs which scope; the names of the scopes are published")
"""The evidence for the scopes of operations."""


def family(path: str) -> str:
    """Return the family of the errors of a path."""
    if path.startswith("/v3/send_ips"):
        return MANAGEMENT
    if path.startswith(("/v3/subusers", "/v3/whitelabel")):
        return PLAIN
    if path.startswith("/api/"):
        return WEB
    return MAIL if path.startswith("/v3/mail/") else CLASSIC
