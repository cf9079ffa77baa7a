"""What SendGrid refuses, in its words; its limits; and what it has that this server does not.

Four families of error bodies, chosen by route: classic and mail have `field` null or a name, IP Address Management has
`field` empty or a name, and the two deletions of the classic pools answer a bare `error`.
"""

from ...errors import Entry, Limit, Source, assumed, documented, observed

CLASSIC = "classic"
BARE = "bare"
MANAGEMENT = "management"
MAIL = "mail"

POOLS = "IP Pools page"
SPEC = "IP Pools specification"
MANAGEMENT_POOLS = "GET all IP Pools that have Associated IPs"
MANAGEMENT_SPEC = "IP Address Management specification"


def classic(key: str, status: int, field: str | None, message: str, source: Source) -> Entry:
    return Entry(key, status, message, source, {"family": CLASSIC, "field": field})


def bare(key: str, status: int, message: str, source: Source) -> Entry:
    return Entry(key, status, message, source, {"family": BARE})


def management(key: str, status: int, field: str, message: str, source: Source) -> Entry:
    return Entry(key, status, message, source, {"family": MANAGEMENT, "field": field})


def mail(key: str, status: int, message: str, source: Source) -> Entry:
    return Entry(key, status, message, source, {"family": MAIL, "field": None})


MAX_POOLS = Limit(100, documented(f"{POOLS}: 100 IP pools per user"))
MAX_NAME_LENGTH = Limit(64, documented(f"{POOLS}: name, max of 64 characters"))
MAX_POOL_IPS = Limit(100, documented(f"{MANAGEMENT_POOLS}: maximum of 100 associated IP addresses"))
MAX_PREVIEW = Limit(10, documented(f"{MANAGEMENT_POOLS}: a maximum of 10 IPs per pool"))
MIN_PAGE = Limit(1, documented(f"{MANAGEMENT_POOLS}: limit should be > 0"))
MAX_PAGE = Limit(100, documented(f"{MANAGEMENT_POOLS}: limit should be <= 100"))
DEFAULT_PAGE = Limit(100, assumed("the default is not published; the largest page allowed"))

REGIONS = ("eu", "us")

# Classic pools

NAME_MISSING = classic(
    "name_missing", 400, "name", "missing required argument", assumed("the words of /v3/api_keys for a missing name")
)
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
IP_MISSING = classic(
    "ip_missing", 400, "ip", "missing required argument", assumed("the words of /v3/api_keys for a missing name")
)
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
UNMODELLED = classic(
    "unmodelled",
    501,
    None,
    "mockserver does not model {method} {path}; it invents no answer",
    assumed("ours: SendGrid has this operation, this server does not"),
)
MANAGEMENT_NOT_ALLOWED = management(
    "management_not_allowed", 405, "", "method not allowed", assumed("the words of the mail specification's 405")
)
MANAGEMENT_TOO_LARGE = management(
    "management_too_large", 413, "", "content too large", assumed("the words of the mail specification's 413")
)
MANAGEMENT_CRASHED = management("management_crashed", 500, "", "internal server error", documented(MANAGEMENT_POOLS))
MANAGEMENT_UNMODELLED = management(
    "management_unmodelled",
    501,
    "",
    "mockserver does not model {method} {path}; it invents no answer",
    assumed("ours: SendGrid has this operation, this server does not"),
)
MAIL_NOT_ALLOWED = mail(
    "mail_not_allowed", 405, "method not allowed", documented("Mail specification, 405; other texts were seen")
)
MAIL_TOO_LARGE = mail("mail_too_large", 413, "content too large", documented("Mail specification, 413"))
MAIL_CRASHED = mail("mail_crashed", 500, "internal server error", documented("Mail specification, 500"))
MAIL_UNMODELLED = mail(
    "mail_unmodelled",
    501,
    "mockserver does not model {method} {path}; it invents no answer",
    assumed("ours: SendGrid has this operation, this server does not"),
)

GENERAL: dict[str, dict[str, Entry]] = {
    CLASSIC: {
        "no_credential": AUTHORIZATION_REQUIRED,
        "unknown_credential": AUTHORIZATION_REQUIRED,
        "not_found": NOT_FOUND,
        "not_allowed": NOT_ALLOWED,
        "too_large": TOO_LARGE,
        "crashed": CRASHED,
        "unmodelled": UNMODELLED,
    },
    MANAGEMENT: {
        "no_credential": AUTHORIZATION_REQUIRED,
        "unknown_credential": AUTHORIZATION_REQUIRED,
        "not_found": NOT_FOUND,
        "not_allowed": MANAGEMENT_NOT_ALLOWED,
        "too_large": MANAGEMENT_TOO_LARGE,
        "crashed": MANAGEMENT_CRASHED,
        "unmodelled": MANAGEMENT_UNMODELLED,
    },
    MAIL: {
        "no_credential": MAIL_NO_CREDENTIAL,
        "unknown_credential": MAIL_UNKNOWN_CREDENTIAL,
        "not_found": NOT_FOUND,
        "not_allowed": MAIL_NOT_ALLOWED,
        "too_large": MAIL_TOO_LARGE,
        "crashed": MAIL_CRASHED,
        "unmodelled": MAIL_UNMODELLED,
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

FAULTS: dict[str, dict[int, Entry]] = {
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


UNMODELLED_OPERATIONS = {
    "/v3/api_keys": ["GET", "POST"],
    "/v3/ips": ["GET", "POST"],
    "/v3/ips/assigned": ["GET"],
    "/v3/ips/remaining": ["GET"],
    "/v3/ips/warmup": ["GET", "POST"],
    "/v3/ips/warmup/{ip_address}": ["GET", "DELETE"],
    "/v3/ips/{ip_address}": ["GET"],
    "/v3/mail/batch": ["POST"],
    "/v3/mail/batch/{batch_id}": ["GET"],
    "/v3/mail/send": ["POST"],
    "/v3/messages/{msg_id}": ["GET"],
    "/v3/partners/accounts/{account_id}/ips": ["GET", "POST", "DELETE"],
    "/v3/scopes": ["GET"],
    "/v3/send_ips/ips": ["GET", "POST"],
    "/v3/send_ips/ips/{ip}": ["GET", "PATCH"],
    "/v3/send_ips/ips/{ip}/subusers": ["GET"],
    "/v3/send_ips/ips/{ip}/subusers:batchAdd": ["POST"],
    "/v3/send_ips/ips/{ip}/subusers:batchDelete": ["POST"],
    "/v3/send_ips/pools": ["POST"],
    "/v3/send_ips/pools/{poolid}": ["GET", "PUT", "DELETE"],
    "/v3/send_ips/pools/{poolid}/ips": ["GET"],
    "/v3/send_ips/pools/{poolid}/ips:batchAdd": ["POST"],
    "/v3/send_ips/pools/{poolid}/ips:batchDelete": ["POST"],
    "/v3/subusers": ["GET", "POST"],
    "/v3/subusers/{name}/ips": ["PUT"],
}
"""What the specifications have, and this server answers 501."""
