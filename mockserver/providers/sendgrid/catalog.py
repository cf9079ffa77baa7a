"""What SendGrid refuses, in its words; its limits and switches; and what it has that this server does not.

Four families of error bodies, chosen by route: classic and mail have `field` null or a name, IP Address Management has
`field` empty or a name, and the two deletions of the classic pools answer a bare `error`.
"""

from ...core.errors import ErrorMessage, Limit, Source, assumed, documented, observed
from ...core.profiles import Switch

CLASSIC = "classic"
BARE = "bare"
MANAGEMENT = "management"
MAIL = "mail"

POOLS = "IP Pools page"
SPEC = "IP Pools specification"
MANAGEMENT_POOLS = "GET all IP Pools that have Associated IPs"
MANAGEMENT_SPEC = "IP Address Management specification"
WARMUP_SPEC = "IP Warmup specification"
SUBUSERS_SPEC = "Subusers specification"
_OURS = assumed("ours: SendGrid has this operation, this server does not")
_LIKE_API_KEYS = assumed("the words of /v3/api_keys for a missing name")


def classic(key: str, status: int, field: str | None, message: str, source: Source) -> ErrorMessage:
    return ErrorMessage(key, status, message, source, {"family": CLASSIC, "field": field})


def bare(key: str, status: int, message: str, source: Source) -> ErrorMessage:
    return ErrorMessage(key, status, message, source, {"family": BARE})


def management(key: str, status: int, field: str, message: str, source: Source) -> ErrorMessage:
    return ErrorMessage(key, status, message, source, {"family": MANAGEMENT, "field": field})


def mail(key: str, status: int, message: str, source: Source) -> ErrorMessage:
    return ErrorMessage(key, status, message, source, {"family": MAIL, "field": None})


MAX_POOLS = Limit(100, documented(f"{POOLS}: 100 IP pools per user"))
MAX_NAME_LENGTH = Limit(64, documented(f"{POOLS}: name, max of 64 characters"))
MAX_POOL_IPS = Limit(100, documented(f"{MANAGEMENT_POOLS}: maximum of 100 associated IP addresses"))
MAX_PREVIEW = Limit(10, documented(f"{MANAGEMENT_POOLS}: a maximum of 10 IPs per pool"))
MIN_PAGE = Limit(1, documented(f"{MANAGEMENT_POOLS}: limit should be > 0"))
MAX_PAGE = Limit(100, documented(f"{MANAGEMENT_POOLS}: limit should be <= 100"))
DEFAULT_PAGE = Limit(100, assumed("the default is not published; the largest page allowed"))

MIN_NAME_LENGTH = Limit(2, documented(f"{MANAGEMENT_SPEC}, name; the classic API knows no least length"))
MAX_BATCH_IPS = Limit(100, documented(f"{MANAGEMENT_SPEC}: the number of IPs must be between 1 and 100"))
MAX_BATCH_SUBUSERS = Limit(
    1_000, documented(f"{MANAGEMENT_SPEC}: more than 1000 subusers per call; for a new IP its schema has 100")
)
MAX_IPS_PAGE = Limit(5_000, documented(f"{MANAGEMENT_SPEC}, GET IPs: limit should be ≤ 5000"))
DEFAULT_IPS_PAGE = Limit(5_000, assumed("the default is not published; the largest page allowed"))
DEFAULT_CLASSIC_PAGE = Limit(10, documented(f"{SPEC}, GET IPs: the default of limit"))
MAX_CLASSIC_PAGE = Limit(
    500, assumed("the API introduction has it as default and maximum of every list; that more is refused is a guess")
)
PRICE_PER_IP = Limit(20, documented(f"{SPEC}, GET remaining IPs; an older page has 30"))

REGIONS = ("eu", "us")
EU_HOST = "api.eu.sendgrid.com"
"""The host of EU regional subusers. What only the parent account can do is not there."""

SCOPES = (
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
)
"""What a key without limits may do, as far as this server knows."""

# Switches

MEMBERS_AS_OBJECTS = Switch(
    "members_as_objects",
    "GET of a classic pool gives its IPs as objects with `ip`, `start_date` and `warmup`, not as texts.",
    observed("StrongGrid issues 239 and 240, recorded in 2018; maintained clients read nothing else"),
)
ADDED_IP_IS_201 = Switch(
    "added_ip_is_201",
    "Adding an IP to a classic pool is answered 201, not 200.",
    documented(f"{SPEC}, POST an IP; the tests of the official clients expect it"),
)
WARMUP_IS_201 = Switch(
    "warmup_is_201",
    "Putting an IP into warm-up is answered 201, not 200.",
    documented("an older IP Warmup page; the newer specification and the official clients have 200"),
    live=False,
)

# Classic pools

NAME_MISSING = classic("name_missing", 400, "name", "missing required argument", _LIKE_API_KEYS)
NAME_TOO_LONG = classic(
    "name_too_long",
    400,
    "name",
    "needs to be between 2 to 64 characters long",
    assumed("the limit is documented, the words are those of IP Address Management"),
)
NAME_TAKEN = classic(
    "name_taken", 400, "name", "already exists", assumed("the words of IP Address Management for the same")
)
TOO_MANY_POOLS = classic(
    "too_many_pools",
    400,
    None,
    "100 pools limit has been reached",
    assumed("the limit is documented, the words are those of IP Address Management"),
)
POOL_NOT_FOUND = classic(
    "pool_not_found", 404, "error", "Unable to locate specified IPs Pool", documented(f"{SPEC}, GET a pool")
)
RENAMED_POOL_NOT_FOUND = classic(
    "renamed_pool_not_found", 404, None, "ip pool not found", documented(f"{SPEC}, PUT a pool")
)
DELETED_POOL_NOT_FOUND = bare(
    "deleted_pool_not_found", 404, "Unable to locate specified IPs Pool", documented(f"{SPEC}, DELETE a pool")
)
MEMBER_NOT_FOUND = bare(
    "member_not_found",
    404,
    "Unable to locate specified IPs Pool",
    documented(f"{SPEC}, DELETE an IP of a pool; that it holds for an IP that is not in the pool is assumed"),
)
IP_MISSING = classic("ip_missing", 400, "ip", "missing required argument", _LIKE_API_KEYS)
NOT_ADDABLE = classic(
    "not_addable",
    404,
    None,
    "resource not found",
    documented(f"{SPEC}, POST an IP; for an IP without reverse DNS, not enabled or not owned it is assumed"),
)
POOL_FULL = classic(
    "pool_full",
    400,
    "ip",
    "the total number of IPs per pool cannot exceed 100. current IP count in ‘{name}’ is ‘{count}’",
    assumed("the limit is documented, the words are those of IP Address Management"),
)
BODY_NOT_JSON = classic(
    "body_not_json",
    400,
    None,
    "Request body is not valid json",
    assumed("the words of the contacts API, the nearest documented"),
)

# Classic IPs and warm-up

IP_NOT_FOUND = classic(
    "ip_not_found", 404, None, "resource not found", assumed("the words of IP Warmup for an IP that is not there")
)
NOT_WARMABLE = classic("not_warmable", 404, None, "resource not found", documented(f"{WARMUP_SPEC}, POST an IP"))
NOT_WARMING = classic(
    "not_warming", 404, None, "resource not found", documented(f"{WARMUP_SPEC}, GET and DELETE an IP")
)
COUNT_MISSING = classic(
    "count_missing",
    400,
    "count",
    "missing required argument",
    assumed("the words of /v3/api_keys for a missing name; also for what is no number above 0"),
)
SUBUSERS_NOT_YOURS = classic(
    "subusers_not_yours",
    400,
    None,
    "one or more subusers do not belong to this user",
    documented(f"{SPEC}, POST IPs; for what is no array of texts it is assumed"),
)
EXCLUDE_WHITELABELS_VALUE = classic(
    "exclude_whitelabels_value",
    400,
    "exclude_whitelabels",
    "must be one of the following: true, false",
    assumed(f"the words of is_enabled in the {MANAGEMENT_SPEC}"),
)
WARMUP_VALUE = classic(
    "warmup_value",
    400,
    "warmup",
    "must be one of the following: true, false",
    assumed(f"the words of is_enabled in the {MANAGEMENT_SPEC}"),
)
USER_CAN_SEND_VALUE = classic(
    "user_can_send_value",
    400,
    "user_can_send",
    "must be one of the following: true, false",
    assumed(f"the words of is_enabled in the {MANAGEMENT_SPEC}"),
)
CLASSIC_NO_IPS_REMAINING = classic(
    "classic_no_ips_remaining", 400, None, "No IPs remaining", assumed("the words of IP Address Management")
)
CLASSIC_LIMIT_RANGE = classic(
    "classic_limit_range",
    400,
    "limit",
    "should be > 0 and <= 500",
    assumed("the words of IP Address Management for its own maximum"),
)
OFFSET_TYPE = classic(
    "offset_type", 400, "offset", "must be a numeric value", assumed("the words of after_key in IP Address Management")
)
OFFSET_RANGE = classic(
    "offset_range", 400, "offset", "must be >= 0", assumed("the words of after_key in IP Address Management")
)
SORT_VALUE = classic(
    "sort_value",
    400,
    "sort_by_direction",
    "must be one of the following: asc, desc",
    assumed(f"the values are documented, the words are those of is_enabled in the {MANAGEMENT_SPEC}"),
)

# Subusers

USERNAME_MISSING = classic(
    "username_missing",
    400,
    "username",
    "missing required argument",
    _LIKE_API_KEYS,
)
EMAIL_MISSING = classic("email_missing", 400, "email", "missing required argument", _LIKE_API_KEYS)
PASSWORD_MISSING = classic(
    "password_missing",
    400,
    "password",
    "missing required argument",
    _LIKE_API_KEYS,
)
SUBUSER_IPS_MISSING = classic(
    "subuser_ips_missing",
    400,
    "ips",
    "missing required argument",
    _LIKE_API_KEYS,
)
USERNAME_TAKEN = classic(
    "username_taken",
    400,
    None,
    "username exists",
    documented(f"{SUBUSERS_SPEC}, POST; its example has no field"),
)
IPS_NOT_VALID = classic(
    "ips_not_valid",
    400,
    None,
    "unable to validate IPs at this time",
    documented(
        f"{SUBUSERS_SPEC}, POST, without a field; that it is for an IP that is not there, and on PUT, is assumed"
    ),
)
SUBUSER_NOT_FOUND = classic(
    "subuser_not_found", 404, None, "resource not found", assumed("the words of an IP that is not there")
)

# IP Address Management

LIMIT_RANGE = management(
    "limit_range",
    400,
    "limit",
    "should be > 0 and <= 100",
    documented(f"{MANAGEMENT_POOLS}; for what is no number it is assumed"),
)
AFTER_KEY_TYPE = management("after_key_type", 400, "after_key", "must be a numeric value", documented(MANAGEMENT_POOLS))
AFTER_KEY_RANGE = management("after_key_range", 400, "after_key", "must be >= 0", documented(MANAGEMENT_POOLS))
REGION_VALUE = management(
    "region_value",
    400,
    "region",
    "must be one of the following: all, eu, us",
    assumed(f"the values are documented, the words are those of is_enabled in the {MANAGEMENT_SPEC}"),
)
INCLUDE_REGION_VALUE = management(
    "include_region_value",
    400,
    "include_region",
    "must be one of the following: true, false",
    assumed(f"the words of is_enabled in the {MANAGEMENT_SPEC}"),
)
MISSING_SCOPE = management("missing_scope", 401, "", "missing required scope: {scopes}", documented(MANAGEMENT_POOLS))

# IP Address Management: bodies and pools

MANAGEMENT_BODY_NOT_JSON = management(
    "management_body_not_json",
    400,
    "",
    "failed to parse the request body as a JSON payload",
    documented(f"{MANAGEMENT_SPEC}; for a field of another type it is assumed"),
)
POOL_ID_TYPE = management("pool_id_type", 400, "poolid", "must be a numeric value", documented(MANAGEMENT_SPEC))
POOL_ID_NOT_FOUND = management("pool_id_not_found", 400, "poolid", "not found", documented(MANAGEMENT_SPEC))
POOL_NAME_MISSING = management(
    "pool_name_missing", 400, "name", "not found in the request body", documented(MANAGEMENT_SPEC)
)
POOL_NAME_START = management(
    "pool_name_start", 400, "name", "cannot start with a dot or a space", documented(MANAGEMENT_SPEC)
)
POOL_NAME_LENGTH = management(
    "pool_name_length", 400, "name", "needs to be between 2 to 64 characters long", documented(MANAGEMENT_SPEC)
)
POOL_NAME_TAKEN = management("pool_name_taken", 400, "name", "already exists", documented(MANAGEMENT_SPEC))
POOL_LIMIT = management("pool_limit", 400, "", "100 pools limit has been reached", documented(MANAGEMENT_SPEC))
IPS_MISSING = management(
    "ips_missing",
    400,
    "ips",
    "not found in the request body",
    documented(f"{MANAGEMENT_SPEC}, batchAdd; its text for batchDelete is a placeholder"),
)
IPS_LENGTH = management(
    "ips_length",
    400,
    "ips",
    "the number of IPs must be between 1 and 100",
    documented(f"{MANAGEMENT_SPEC}, batchAdd and batchDelete; for a new pool it is assumed"),
)
IPS_UNASSIGNABLE = management(
    "ips_unassignable",
    400,
    "ips",
    "unable to verify IPs assignability: {ip}",
    documented(f"{MANAGEMENT_SPEC}, batchAdd; which IPs it is for, and for a new pool, is assumed"),
)
IPS_NOT_IN_POOL = management(
    "ips_not_in_pool", 400, "ips", "not found in pool ‘{name}’: {ip}", documented(f"{MANAGEMENT_SPEC}, batchDelete")
)
IPS_TOO_MANY = management(
    "ips_too_many",
    400,
    "ips",
    "the total number of IPs per pool cannot exceed 100. current IP count in ‘{name}’ is ‘{count}’",
    documented(f"{MANAGEMENT_SPEC}, batchAdd; that the first quoted word is the pool's name is assumed"),
)

# IP Address Management: IPs

IPS_LIMIT_RANGE = management(
    "ips_limit_range", 400, "limit", "should be > 0 and ≤ 5000", documented(f"{MANAGEMENT_SPEC}, GET IPs")
)
AFTER_KEY_ADDRESS = management("after_key_address", 400, "after_key", "invalid IP address", documented(MANAGEMENT_SPEC))
BEFORE_KEY_ADDRESS = management(
    "before_key_address", 400, "before_key", "invalid IP address", documented(MANAGEMENT_SPEC)
)
BOTH_KEYS = management("both_keys", 400, "after_key", "cannot be used with ‘before_key’", documented(MANAGEMENT_SPEC))
IS_LEASED_VALUE = management(
    "is_leased_value", 400, "is_leased", "must be one of the following: true, false", documented(MANAGEMENT_SPEC)
)
IS_ENABLED_VALUE = management(
    "is_enabled_value", 400, "is_enabled", "must be one of the following: true, false", documented(MANAGEMENT_SPEC)
)
IS_PARENT_ASSIGNED_VALUE = management(
    "is_parent_assigned_value",
    400,
    "is_parent_assigned",
    "must be one of the following: true, false",
    documented(MANAGEMENT_SPEC),
)
IS_PARENT_ASSIGNED_BY_SUBUSER = management(
    "is_parent_assigned_by_subuser",
    400,
    "is_parent_assigned",
    "cannot be used for a sub user account",
    documented(MANAGEMENT_SPEC),
)
POOL_TYPE = management("pool_type", 400, "pool", "must be numeric", documented(MANAGEMENT_SPEC))
POOL_UNKNOWN = management("pool_unknown", 400, "pool", "not found", documented(MANAGEMENT_SPEC))
POOL_AND_PARENT_ASSIGNED = management(
    "pool_and_parent_assigned",
    400,
    "pool",
    "cannot be used with ‘is_parent_assigned’",
    documented(MANAGEMENT_SPEC),
)
START_ADDED_AT_TYPE = management(
    "start_added_at_type", 400, "start_added_at", "must be numeric", documented(MANAGEMENT_SPEC)
)
END_ADDED_AT_TYPE = management("end_added_at_type", 400, "end_added_at", "must be numeric", documented(MANAGEMENT_SPEC))
NEW_REGION_VALUE = management(
    "new_region_value",
    400,
    "region",
    "must be one of the following: eu, us",
    assumed(f"the values are documented, the words are those of is_enabled in the {MANAGEMENT_SPEC}"),
)
ADDRESS_INVALID = management("address_invalid", 400, "ip", "invalid IP address", documented(MANAGEMENT_SPEC))
ADDRESS_NOT_FOUND = management("address_not_found", 400, "ip", "not found", documented(f"{MANAGEMENT_SPEC}, GET an IP"))
NOT_OWNED = management(
    "not_owned", 400, "ip", "unable to verify IP ownership", documented(f"{MANAGEMENT_SPEC}, PATCH an IP")
)
SETTING_MISSING = management(
    "setting_missing",
    400,
    "",
    "at least one of the following is required: is_enabled, is_auto_warmup, is_parent_assigned",
    documented(f"{MANAGEMENT_SPEC}, PATCH an IP"),
)
NO_IPS_REMAINING = management(
    "no_ips_remaining", 400, "", "No IPs remaining", documented(f"{MANAGEMENT_SPEC}, POST an IP")
)
IS_AUTO_WARMUP_MISSING = management(
    "is_auto_warmup_missing",
    400,
    "is_auto_warmup",
    "not found in the request body",
    documented(f"{MANAGEMENT_SPEC}, POST an IP"),
)
IS_PARENT_ASSIGNED_MISSING = management(
    "is_parent_assigned_missing",
    400,
    "is_parent_assigned",
    "not found in the request body",
    documented(f"{MANAGEMENT_SPEC}, POST an IP"),
)
SUBUSERS_ALL_WARMING = management(
    "subusers_all_warming",
    400,
    "subusers",
    "these users must have at least one IP that is not in warmup: {id}",
    documented(f"{MANAGEMENT_SPEC}, POST an IP"),
)

# IP Address Management: the subusers of an IP

ADDRESS_OF_NONE = management(
    "address_of_none",
    400,
    "",
    "invalid IP address",
    documented(f"{MANAGEMENT_SPEC}, subusers of an IP; for an IP that is not the account's it is assumed"),
)
SUBUSERS_EMPTY = management(
    "subusers_empty",
    400,
    "subusers",
    "must not be empty",
    documented(f"{MANAGEMENT_SPEC}, batchAdd and batchDelete; for a missing field it is assumed"),
)
SUBUSERS_TOO_MANY = management(
    "subusers_too_many", 400, "subusers", "cannot assign more than 1000 subusers per call", documented(MANAGEMENT_SPEC)
)
SUBUSERS_WITH_CALLER = management(
    "subusers_with_caller", 400, "subusers", "cannot contain caller’s userID", documented(MANAGEMENT_SPEC)
)
SUBUSERS_UNVERIFIED = management(
    "subusers_unverified", 400, "subusers", "unverified subusers: {id}", documented(MANAGEMENT_SPEC)
)

# Not about one operation

AUTHORIZATION_REQUIRED = classic(
    "authorization_required",
    401,
    None,
    "authorization required",
    documented("API reference, classic 401; for IP Address Management, unknown keys and subusers it is assumed"),
)
MAIL_NO_CREDENTIAL = mail(
    "mail_no_credential", 401, "Permission denied, wrong credentials", observed("sendgrid-php issue 831 and others")
)
MAIL_UNKNOWN_CREDENTIAL = mail(
    "mail_unknown_credential",
    401,
    "The provided authorization grant is invalid, expired, or revoked",
    observed("sendgrid-php issue 793 and others"),
)
ACCESS_FORBIDDEN = classic(
    "access_forbidden", 403, None, "access forbidden", observed("sendgrid-csharp issue 185, sendgrid-php issue 263")
)
NOT_FOUND = classic("not_found", 404, None, "resource not found", observed("sendgrid/docs issue 2759"))
NOT_ALLOWED = classic(
    "not_allowed", 405, None, "method not allowed", assumed("the words of the mail specification's 405")
)
TOO_LARGE = classic("too_large", 413, None, "content too large", assumed("the words of the mail specification's 413"))
CRASHED = classic(
    "crashed",
    500,
    None,
    "internal server error",
    observed("trois-six/terraform-provider-sendgrid issue 10"),
)
NOT_IMPLEMENTED = classic(
    "not_implemented",
    501,
    None,
    "mockserver does not model {method} {path}; it invents no answer",
    _OURS,
)
MANAGEMENT_NOT_ALLOWED = management(
    "management_not_allowed", 405, "", "method not allowed", assumed("the words of the mail specification's 405")
)
MANAGEMENT_TOO_LARGE = management(
    "management_too_large", 413, "", "content too large", assumed("the words of the mail specification's 413")
)
MANAGEMENT_CRASHED = management("management_crashed", 500, "", "internal server error", documented(MANAGEMENT_POOLS))
MANAGEMENT_NOT_IMPLEMENTED = management(
    "management_not_implemented",
    501,
    "",
    "mockserver does not model {method} {path}; it invents no answer",
    _OURS,
)
MAIL_NOT_ALLOWED = mail(
    "mail_not_allowed", 405, "method not allowed", documented("Mail specification, 405; other texts were seen")
)
MAIL_TOO_LARGE = mail("mail_too_large", 413, "content too large", documented("Mail specification, 413"))
MAIL_CRASHED = mail("mail_crashed", 500, "internal server error", documented("Mail specification, 500"))
MAIL_NOT_IMPLEMENTED = mail(
    "mail_not_implemented",
    501,
    "mockserver does not model {method} {path}; it invents no answer",
    _OURS,
)

NOT_JSON: dict[str, ErrorMessage] = {CLASSIC: BODY_NOT_JSON, MANAGEMENT: MANAGEMENT_BODY_NOT_JSON}
"""What a body that is not the JSON it should be is refused with, by family."""

GENERAL: dict[str, dict[str, ErrorMessage]] = {
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
        "no_credential": AUTHORIZATION_REQUIRED,
        "unknown_credential": AUTHORIZATION_REQUIRED,
        "not_found": NOT_FOUND,
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
}
"""What a request meets that is not about one operation, by family."""

RATE_LIMIT = Limit(600, observed("a recorded X-Ratelimit-Limit of 2017; told in headers, enforced nowhere"))
RATE_WINDOW = Limit(60, assumed("in seconds; a recorded X-Ratelimit-Reset of 2017 is the end of a minute of the clock"))
RATE_LIMITED = classic(
    "rate_limited", 429, None, "too many requests", observed("trois-six/terraform-provider-sendgrid pull request 6")
)
MANAGEMENT_RATE_LIMITED = management(
    "management_rate_limited", 429, "", "too many requests", assumed("the words of the classic API")
)
PLANNED = assumed("a planned fault: its status was asked for, its words are the standard phrase")

FAULTS: dict[str, dict[int, ErrorMessage]] = {
    CLASSIC: {
        entry.status: entry
        for entry in (AUTHORIZATION_REQUIRED, ACCESS_FORBIDDEN, NOT_FOUND, TOO_LARGE, RATE_LIMITED, CRASHED)
    },
    MANAGEMENT: {
        entry.status: entry
        for entry in (
            AUTHORIZATION_REQUIRED,
            ACCESS_FORBIDDEN,
            NOT_FOUND,
            MANAGEMENT_TOO_LARGE,
            MANAGEMENT_RATE_LIMITED,
            MANAGEMENT_CRASHED,
        )
    },
    MAIL: {entry.status: entry for entry in (MAIL_UNKNOWN_CREDENTIAL, MAIL_TOO_LARGE, MAIL_CRASHED)},
}
"""How a planned error of some status is said, by family."""

RIGHTS = assumed("which operation needs which scope is published nowhere; the names of the scopes are")
"""Where the scopes of operations come from."""


def family(path: str) -> str:
    """Return the family of errors that a path answers with."""
    if path.startswith("/v3/send_ips"):
        return MANAGEMENT
    return MAIL if path.startswith("/v3/mail/") else CLASSIC


NOT_IMPLEMENTED_OPERATIONS = {
    "/v3/api_keys": ["GET", "POST"],
    "/v3/mail/batch": ["POST"],
    "/v3/mail/batch/{batch_id}": ["GET"],
    "/v3/mail/send": ["POST"],
    "/v3/messages/{msg_id}": ["GET"],
    "/v3/partners/accounts/{account_id}/ips": ["GET", "POST", "DELETE"],
    "/v3/subusers/{subuser_name}": ["PATCH"],
}
"""What the specifications have, and this server answers 501."""
