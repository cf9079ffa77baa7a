"""Mailgun's errors, limits and switches, and its operations that this server does not implement.

No public document has the errors of dedicated IP pools (DIPPs). Most of their messages are assumed, in the style of
known messages of the service: lower case, no full stop, quotes around parameter names.
"""

from ...core.errors import ErrorMessage, Limit, assumed, documented, observed
from ...core.profiles import Switch

SPEC = "Send API specification"

HOSTS = {"api.mailgun.net": "us", "api.eu.mailgun.net": "eu"}
"""The hosts with their regions. The API introduction: accounts, keys and the names of domains are global; IPs and
domains are in a region. That pools are too, and that the limits of an account are not, is assumed."""
REGIONS = tuple(HOSTS.values())

MIN_PAGE = Limit(10, documented(f"{SPEC}, GET /v3/ip_pools/{{pool_id}}/domains: limit, minimum 10"))
MAX_PAGE = Limit(500, documented(f"{SPEC}, GET /v3/ip_pools/{{pool_id}}/domains: limit, maximum 500"))
DEFAULT_PAGE = Limit(10, documented(f"{SPEC}, GET /v3/ip_pools/{{pool_id}}/domains: limit, default 10"))

MAX_DOMAINS = Limit(1000, documented(f"{SPEC}, GET /v4/domains: limit, maximum 1000; for the domains of an IP assumed"))
DEFAULT_DOMAINS = Limit(100, documented(f"{SPEC}, GET /v4/domains: limit, default 100; for other lists assumed"))
MAX_SUBACCOUNTS = Limit(1000, documented(f"{SPEC}, GET /v5/accounts/subaccounts: limit, maximum 1000"))
DEFAULT_SUBACCOUNTS = Limit(10, documented(f"{SPEC}, GET /v5/accounts/subaccounts: limit, default 10"))
MAX_WARMUPS = Limit(500, assumed("no document limits a page of warm-ups; as a page of a pool's domains"))
DEFAULT_WARMUPS = Limit(10, documented(f"{SPEC}, GET /v3/ip_warmups: limit, default 10"))
WARMUP_STAGES = Limit(15, documented(f"{SPEC}, GET /v3/ip_warmups/{{addr}}: the example has 15 stages"))
FIRST_STAGE = Limit(
    1000, documented(f"{SPEC}, GET /v3/ip_warmups/{{addr}}: the example's stages have 1000, 2000 and 4000 messages")
)
MAX_CREDENTIALS = Limit(
    1000, documented(f"{SPEC}, GET /v3/domains/{{domain_name}}/credentials: 400, can't be larger than 1000")
)
DEFAULT_CREDENTIALS = Limit(100, documented(f"{SPEC}, GET /v3/domains/{{domain_name}}/credentials: limit, default 100"))
MIN_PASSWORD = Limit(5, documented(f"{SPEC}, POST /v4/domains: 400, between 5 and 32 characters"))
MAX_PASSWORD = Limit(32, documented(f"{SPEC}, POST /v4/domains: 400, between 5 and 32 characters"))

MAX_RECIPIENTS = Limit(
    1000, documented("Messages page, api-sending: 400, max is 1000; that To, Cc and Bcc count together is assumed")
)
MAX_OPTIONS = Limit(
    16_384,
    documented(
        f"{SPEC}, POST /v3/{{domain_name}}/messages: 16KB; what counts, the bytes of names and values, is assumed"
    ),
)

STAGE_SECONDS = 86_400
"""The length of a stage of a warm-up. Mailgun's end after a number of messages; the example's took about a day."""

DIPPS = "DIPPs"
"""The feature that all operations on pools need."""
DETAILED_VIEW = "Detailed IP view"
"""The feature that the detailed list of IPs needs."""
ALL = "all"
ANY = "any"
NONE = "none"
IP_POOL = "ip_pool"
SHARED = "shared"

_NO_SOURCE = "no document has this case"
_ONLY_THE_RULE = assumed("the rule is documented, its wording is not")

REVOKE_IS_STARTED = Switch(
    "revoke_is_started",
    "Revoking a pool returns `started` and a reference instead of `success`.",
    observed("mailgun.js: the type of the response was changed after a test against the service"),
)
POOL_METADATA = Switch(
    "pool_metadata",
    "The list of pools has the time when each IP joined its pool, in `metadata.assignments`.",
    observed("mailgun.js: README and types of August 2026"),
)
REFUSE_WARMING_IPS = Switch(
    "refuse_warming_ips",
    "An IP on a warm-up cannot join a pool.",
    documented("the older IP Pools page, api-ip-pools; newer documents mention pools with such IPs"),
    live=False,
)
JSON_401 = Switch(
    "json_401",
    "401 is JSON with the message `Invalid private key` instead of the plain text `Forbidden`.",
    documented(f"{SPEC}, /v4/domains: 401; recorded responses are plain text"),
    live=False,
)
STRICT_DELETE_BODIES = Switch(
    "strict_delete_bodies",
    "A urlencoded body of DELETE is ignored, as by Go's form parser; parameters that mailgun.js sends there are lost.",
    assumed("query parameters and a multipart body are documented; no recording shows the effect of a urlencoded body"),
    live=False,
)

STRICT_FORMS = Switch(
    "strict_forms",
    "A parameter that is documented in a form is not read from the query.",
    assumed("only the form is documented; a form parser such as Go's reads the query as well"),
    live=False,
)

FLAT_CONNECTION = Switch(
    "flat_connection",
    "The connection settings of a domain are not below `connection`, and a change returns them with underscores.",
    observed(
        "mailgun/mailgun-ruby recordings of 2025; the older page api-domains has `connection`, which mailgun-go reads,"
        " and hyphens"
    ),
)
WRONG_PATH_IS_200 = Switch(
    "wrong_path_is_200",
    "An unknown path below /v3 returns 200 with the text of the root, `Mailgun Magnificent API`, instead of 404.",
    observed(
        "2017 to 2021: django-anymail issue 144, mailgun-ruby issue 110, mailgun.js issue 132, getfider/fider issue"
        " 1017; 404 was seen in 2015 and later"
    ),
)

UNKNOWN_DOMAIN_IS_401 = Switch(
    "unknown_domain_is_401",
    "Sending from a domain that the account does not have returns 401 `Forbidden` instead of 404 `Domain not found`.",
    observed("mailgun/mailgun-ruby recordings of 2021 and 2025; a recording of 2016 and the Messages page have 404"),
)
SENDING_REFUSED_IS_403 = Switch(
    "sending_refused_is_403",
    "A domain that is not allowed to send gets 403 instead of 400.",
    observed("mailgun/mailgun-ruby recordings of 2023 and 2025; the Messages page, api-sending, has 400"),
)

# Feature, pools

FEATURE_DISABLED = ErrorMessage(
    "feature_disabled",
    400,
    "this feature is disabled for the account",
    observed(
        "amp-labs/connectors pull request 3287, GET /v3/ip_pools and GET /v1/dynamic_pools/domains; for other"
        " operations and for the detailed list of IPs it is assumed"
    ),
)
POOL_NOT_FOUND = ErrorMessage("pool_not_found", 404, "ip pool not found", assumed(_NO_SOURCE))
INHERITED_EDIT = ErrorMessage(
    "inherited_edit",
    400,
    "inherited ip pool can't be modified",
    assumed("documented for changing a pool, assumed for delegating it too; the wording is not documented"),
)
INHERITED_DELETE = ErrorMessage(
    "inherited_delete",
    400,
    "inherited ip pool can't be deleted",
    _ONLY_THE_RULE,
)
NO_CHANGE = ErrorMessage("no_change", 400, "no changes requested", _ONLY_THE_RULE)
POOL_LAST_IP = ErrorMessage(
    "pool_last_ip", 400, "last ip can't be removed from an ip pool linked to domains", assumed(_NO_SOURCE)
)
POOL_WITHOUT_IPS = ErrorMessage(
    "pool_without_ips",
    400,
    "ip pool must contain at least one ip",
    assumed("documented for linking a pool in the older IP Pools page, api-ip-pools; the wording is not documented"),
)
REPLACEMENT_BOTH = ErrorMessage(
    "replacement_both", 400, "only one of 'ip' and 'pool_id' parameters can be specified", assumed(_NO_SOURCE)
)
REPLACEMENT_NEEDED = ErrorMessage(
    "replacement_needed",
    400,
    "either 'ip' or 'pool_id' parameter is required to delete a non-empty ip pool",
    _ONLY_THE_RULE,
)
REPLACEMENT_EMPTY = ErrorMessage(
    "replacement_empty",
    400,
    "replacement ip pool must contain at least one ip",
    assumed("documented for deleting a pool, assumed for unlinking it too; the wording is not documented"),
)
REPLACEMENT_SELF = ErrorMessage("replacement_self", 400, "ip pool can't be replaced with itself", assumed(_NO_SOURCE))
NOT_ELIGIBLE = ErrorMessage(
    "not_eligible",
    400,
    "account is not eligible for shared ips",
    assumed(
        "documented for the replacement `shared`, assumed for unlinking by an edit or a revocation; the wording is not"
        " documented"
    ),
)

# IPs

IP_FOREIGN = ErrorMessage(
    "ip_foreign",
    400,
    "ip {ip} does not belong to the account",
    assumed(
        "documented for adding IPs to a pool, assumed for creating one and for replacements too; the wording is not"
        " documented"
    ),
)
IP_NOT_DEDICATED = ErrorMessage(
    "ip_not_dedicated",
    400,
    "ip {ip} is not dedicated",
    assumed(
        "documented for adding IPs to a pool and replacing it, assumed for creating and unlinking; the wording is not"
        " documented"
    ),
)
IP_TAKEN = ErrorMessage(
    "ip_taken",
    400,
    "ip {ip} already belongs to another ip pool",
    assumed(
        "documented for PUT and POST of IPs and for replacing a pool, assumed for other operations; the wording is not"
        " documented"
    ),
)
IP_WARMING = ErrorMessage(
    "ip_warming",
    400,
    "ip {ip} is on warmup",
    assumed(
        "the rule is documented for a pool in the older page api-ip-pools (switch refuse_warming_ips), and for the"
        " only IPs of a domain in mailgun/documentation pull request 360; the wording is not documented"
    ),
)
IP_NOT_FOUND = ErrorMessage(
    "ip_not_found", 404, "ip not found", assumed("the rule is documented: the IP must belong to the account")
)
IP_ON_WARMUP = ErrorMessage("ip_on_warmup", 400, "ip {ip} is already on warmup", assumed(_NO_SOURCE))
WARMUP_NOT_FOUND = ErrorMessage("warmup_not_found", 404, "ip {ip} is not on warmup", assumed(_NO_SOURCE))
NO_MORE_IPS = ErrorMessage(
    "no_more_ips",
    400,
    "no more dedicated ips can be added to the account",
    assumed("the rule is documented: only if billing limits allow that; the wording is not"),
)
IP_MEMBER = ErrorMessage("ip_member", 400, "ip {ip} already belongs to the ip pool", assumed(_NO_SOURCE))
IP_NOT_MEMBER = ErrorMessage("ip_not_member", 404, "ip {ip} does not belong to the ip pool", assumed(_NO_SOURCE))

# Delegation

ACCOUNT_NOT_FOUND = ErrorMessage(
    "account_not_found",
    404,
    "account not found",
    documented(f"{SPEC}, /v5/accounts/subaccounts/{{id}}/ip_pool; for /v3/ip_pools/{{pool_id}}/delegate it is assumed"),
)
BAD_REQUEST = ErrorMessage(
    "bad_request",
    400,
    "invalid request parameters",
    documented(f"{SPEC}, /v5/accounts/subaccounts/{{id}}/ip_pool; for /v3/ip_pools/{{pool_id}}/delegate it is assumed"),
)
NOT_DELEGATED = ErrorMessage("not_delegated", 400, "ip pool is not delegated to the subaccount", assumed(_NO_SOURCE))

# Subaccounts: a separate service of Mailgun's, whose Content-Type has no charset

_ACCOUNTS = {"content_type": "application/json"}

SUBACCOUNT_NOT_FOUND = ErrorMessage(
    "subaccount_not_found",
    404,
    "Not Found",
    documented(f"{SPEC}, GET /v5/accounts/subaccounts/{{subaccount_id}}"),
    _ACCOUNTS,
)
SUBACCOUNT_BAD_REQUEST = ErrorMessage(
    "subaccount_bad_request",
    400,
    "Bad request",
    documented(f"{SPEC}, POST and DELETE /v5/accounts/subaccounts; for the list it is assumed"),
    _ACCOUNTS,
)
SUBACCOUNT_DISABLED = ErrorMessage(
    "subaccount_disabled",
    400,
    "subaccount is already disabled",
    documented(f"{SPEC}, POST /v5/accounts/subaccounts/{{subaccount_id}}/disable"),
    _ACCOUNTS,
)
SUBACCOUNT_LIMIT = ErrorMessage(
    "subaccount_limit",
    400,
    "Parent account has reached its allotted child limit",
    documented(f"{SPEC}, POST /v5/accounts/subaccounts/{{subaccount_id}}/enable; for creating one it is assumed"),
    _ACCOUNTS,
)
SUBACCOUNT_FORBIDDEN = ErrorMessage(
    "subaccount_forbidden",
    403,
    "Forbidden",
    documented(
        f"{SPEC}, DELETE /v5/accounts/subaccounts; for other operations that need the parent account it is assumed"
    ),
    _ACCOUNTS,
)

# Domains

DOMAIN_NOT_FOUND = ErrorMessage(
    "domain_not_found",
    404,
    "Domain not found",
    documented(f"{SPEC}, GET /v4/domains/{{name}}; for the IPs and the credentials of a domain it is assumed"),
)
DOMAIN_WRONG_REGION = ErrorMessage(
    "domain_wrong_region",
    404,
    "Domain not found",
    observed(
        "notifme-sdk issue 70, WP-Mail-SMTP issues 22 and 50, mailgun-js-boland issue 229: the host of the other region"
        " does not find a domain; for sending, its name follows the message"
    ),
)
DOMAIN_WITHOUT_NAME = ErrorMessage(
    "domain_without_name", 400, "Missing parameter 'name'", observed("mailgun/mailgun.js issue 177, creating a domain")
)
DOMAIN_TAKEN = ErrorMessage(
    "domain_taken",
    400,
    "This domain name is already taken",
    observed("mailgun/mailgun-ruby recording of 2016, creating a domain"),
)
DOMAIN_IPS_BOTH = ErrorMessage(
    "domain_ips_both", 400, "only one of 'ips' and 'pool_id' parameters can be specified", assumed(_NO_SOURCE)
)
SHORT_PASSWORD = ErrorMessage(
    "short_password",
    400,
    "Password is too short. It must be between 5 and 32 characters.",
    documented(f"{SPEC}, POST /v4/domains; for credentials the limits are documented, the message is assumed"),
)
LONG_PASSWORD = ErrorMessage(
    "long_password",
    400,
    "Password is too long. It must be between 5 and 32 characters.",
    assumed("the rule is documented; wording as for a password that is too short"),
)
DOMAIN_IS_DISABLED = ErrorMessage(
    "domain_is_disabled",
    400,
    "disabled domain can't be deleted",
    _ONLY_THE_RULE,
)
DOMAIN_IS_SANDBOX = ErrorMessage(
    "domain_is_sandbox",
    400,
    "sandbox domain can't be deleted",
    _ONLY_THE_RULE,
)
CREDENTIALS_LIMIT = ErrorMessage(
    "credentials_limit",
    400,
    "Limit parameter can't be larger than 1000",
    documented(f"{SPEC}, GET /v3/domains/{{domain_name}}/credentials"),
)
LOGIN_MISSING = ErrorMessage(
    "login_missing",
    400,
    "Parameter 'login' is missing",
    documented(f"{SPEC}, POST /v3/domains/{{domain_name}}/credentials"),
)
LOGIN_TAKEN = ErrorMessage(
    "login_taken",
    400,
    "Credentials already exist: {login}",
    assumed("no document has this case; the mock server of mailgun-go returns 400"),
)
PASSWORD_TAKEN = ErrorMessage(
    "password_taken",
    400,
    "Password of {login} is already in use",
    assumed("this server's own error: another tenant has the same login and password, so neither would be found"),
)
CREDENTIALS_NOT_FOUND = ErrorMessage(
    "credentials_not_found",
    404,
    "Credentials not found",
    documented(f"{SPEC}, PUT /v3/domains/{{domain_name}}/credentials/{{spec}}; for deleting them it is assumed"),
)
SYSTEM_MAILBOX = ErrorMessage(
    "system_mailbox",
    400,
    "Cannot delete system mailbox: {login}",
    documented(f"{SPEC}, DELETE /v3/domains/{{domain_name}}/credentials/{{spec}}"),
)
IP_OR_POOL = ErrorMessage(
    "ip_or_pool",
    400,
    "either 'ip' or 'pool_id' parameter is required, but not both",
    observed("mailgun/mailgun-php pull request 702, assigning to a domain; for unlinking it is assumed"),
)
DOMAIN_LINKED = ErrorMessage(
    "domain_linked",
    400,
    "domain ips can't be changed while an ip pool is linked to the domain",
    _ONLY_THE_RULE,
)
DOMAIN_LAST_IP = ErrorMessage(
    "domain_last_ip",
    400,
    "last ip can't be removed from the domain",
    _ONLY_THE_RULE,
)
DOMAIN_WITHOUT_IP = ErrorMessage("domain_without_ip", 404, "ip {ip} is not assigned to the domain", assumed(_NO_SOURCE))
DOMAIN_WITHOUT_POOL = ErrorMessage(
    "domain_without_pool", 400, "no ip pool is linked to the domain", assumed(_NO_SOURCE)
)

# Sending

_ERROR_CODES = documented("Messages page, api-sending: error codes")

SENDING_DOMAIN_NOT_FOUND = ErrorMessage(
    "sending_domain_not_found",
    404,
    "Domain not found: {domain}",
    documented("Messages page, api-sending: error codes; not with the switch unknown_domain_is_401"),
)
SENDING_WRONG_REGION = ErrorMessage(
    "sending_wrong_region",
    404,
    "Domain not found: {domain}",
    observed("notifme-sdk issue 70, WP-Mail-SMTP issues 22 and 50, mailgun-js-boland issue 229"),
)
NOT_ALLOWED_TO_SEND = ErrorMessage(
    "not_allowed_to_send",
    400,
    "Domain {domain} is not allowed to send: {reason}",
    documented("Messages page, api-sending: error codes; not with the switch sending_refused_is_403"),
)
NOT_ALLOWED_TO_SEND_403 = ErrorMessage(
    "not_allowed_to_send_403",
    403,
    "Domain {domain} is not allowed to send: {reason}",
    observed("mailgun/mailgun-ruby recordings of 2023 and 2025; only with the switch sending_refused_is_403"),
)
SANDBOX_REASON = (
    "Sandbox subdomains are for test purposes only. Please add your own domain or add the address to authorized "
    "recipients in Account Settings."
)
UNVERIFIED_REASON = (
    "The domain is unverified and requires DNS configuration. Log in to your control panel to view required DNS "
    "records."
)
DISABLED_REASON = "The domain is disabled."
"""The reasons: the first two as the Messages page has them, the last is assumed."""
NO_SENDER = ErrorMessage("no_sender", 400, "from parameter is missing", _ERROR_CODES)
NO_RECIPIENT = ErrorMessage("no_recipient", 400, "to parameter is missing", _ERROR_CODES)
INVALID_ADDRESS = ErrorMessage(
    "invalid_address",
    400,
    "{field} parameter is not a valid address. please check documentation",
    documented("Messages page, api-sending: error codes, and the note about RFC 5321, RFC 5322 and RFC 6854"),
)
TOO_MANY_RECIPIENTS = ErrorMessage("too_many_recipients", 400, "Too many recipients, max is 1000", _ERROR_CODES)
NO_CONTENT = ErrorMessage(
    "no_content",
    400,
    "Need at least one of 'text', 'html', 'amp-html' or 'template' parameters specified",
    documented(f"{SPEC}, POST /v3/{{domain_name}}/messages; the older Messages page names two of them"),
)
HTML_AND_TEMPLATE = ErrorMessage(
    "html_and_template", 400, "Only one parameters 'html' or 'template' is allowed", _ERROR_CODES
)
OPTIONS_TOO_LARGE = ErrorMessage(
    "options_too_large",
    400,
    "Send options (parameters starting with o:, h:, or v:) are limited to 16KB total",
    documented(f"{SPEC}, POST /v3/{{domain_name}}/messages"),
)
HEADER_NOT_ASCII = ErrorMessage(
    "header_not_ascii",
    400,
    "Header name must be pure ASCII: {name}",
    documented("Messages page, api-sending: error codes; for other characters that no header has it is assumed"),
)
NOT_A_DATE = ErrorMessage("not_a_date", 400, "{value} is not an RFC-2822 compliant date", _ERROR_CODES)
NOT_A_TIME = ErrorMessage(
    "not_a_time", 400, "{value} is not a valid time to send (value of 'o:time-zone-localize')", _ERROR_CODES
)
NOT_24_HOURS = ErrorMessage(
    "not_24_hours",
    400,
    "{value} invalid 24 hour time(value of 'o:time-zone-localize')",
    documented("Messages page, api-sending: error codes; that it is the one of an hour beyond 23 is assumed"),
)
VARIABLES_NOT_JSON = ErrorMessage(
    "variables_not_json", 400, "'recipient-variables' parameter is not a valid JSON", _ERROR_CODES
)
NOT_MULTIPART = ErrorMessage(
    "not_multipart",
    400,
    "Invalid request content type. Expecting 'multipart/form-data' but got '{content_type}'",
    _ERROR_CODES,
)
FORM_MALFORMED = ErrorMessage("form_malformed", 400, "malformed multipart/form-data request", _ERROR_CODES)
FORM_TRUNCATED = ErrorMessage(
    "form_truncated",
    400,
    "unable to parse request: unexpected EOF",
    documented("Messages page, api-sending: error codes; that it is the one of a form without its end is assumed"),
)
FORM_ESCAPE = ErrorMessage("form_escape", 400, "unable to parse request: invalid URL escape", _ERROR_CODES)
NO_MESSAGE = ErrorMessage("no_message", 400, "message parameter is missing", _ERROR_CODES)
MESSAGE_NOT_A_FILE = ErrorMessage("message_not_a_file", 400, "'message' parameter is not a file", _ERROR_CODES)
IP_NOT_USABLE = ErrorMessage(
    "ip_not_usable",
    403,
    "Rejected: IP {ip} can't be used to send the message",
    documented("Messages page, api-sending: error codes"),
)
POOL_NOT_USABLE = ErrorMessage(
    "pool_not_usable",
    403,
    "Rejected: IP pool {pool} can't be used to send the message",
    assumed("no document has the answer to an unknown pool; the wording is that for an IP"),
)

SENDING_TOO_LARGE = ErrorMessage(
    "sending_too_large",
    413,
    "request size exceeds 52.4MiB limit",
    documented("Messages page, api-sending: error codes; the limit of this server is a setting"),
)
REQUEST_LIMIT = ErrorMessage(
    "request_limit",
    429,
    "Domain {domain} is not allowed to send: request limit exceeded, try again after {time}",
    documented(
        "Messages page, api-sending: error codes; the specification names another limit, and a number of seconds"
    ),
)
RECIPIENT_LIMIT = ErrorMessage(
    "recipient_limit",
    420,
    "Domain {domain} is not allowed to send: recipient limit exceeded, try again after {time}",
    observed("mailgun/mailgun-java issue 50, TryGhost/Ghost issue 15725; the Messages page, api-sending, has 429"),
)

# Parameters

MISSING = ErrorMessage(
    "missing",
    400,
    "Missing mandatory parameter: {field}",
    assumed("wording as in mailgun/scroll, the open-source predecessor of the service"),
)
BAD_FORMAT = ErrorMessage(
    "bad_format",
    400,
    "Invalid format for parameter {field}: {value}",
    assumed("wording as in mailgun/scroll, the open-source predecessor of the service"),
)
BAD_VALUE = ErrorMessage(
    "bad_value",
    400,
    "Invalid parameter: {field} {value}",
    assumed("wording as in mailgun/scroll, the open-source predecessor of the service"),
)
NOT_JSON = ErrorMessage("not_json", 400, "invalid request body", assumed(_NO_SOURCE))

# Errors of any operation

UNAUTHORIZED = ErrorMessage(
    "unauthorized",
    401,
    "Forbidden",
    observed("mailgun/mailgun-ruby recordings of 2023 and 2025; they do not have the specification's JSON"),
    {"plain": True, "challenge": 'Basic realm="MG API"'},
)
UNAUTHORIZED_JSON = ErrorMessage(
    "unauthorized_json",
    401,
    "Invalid private key",
    documented(f"{SPEC}, /v4/domains: 401; only with the switch json_401, since recorded responses are plain text"),
    {"challenge": 'Basic realm="MG API"'},
)
FORBIDDEN = ErrorMessage(
    "forbidden",
    403,
    "Forbidden",
    assumed("documented for deleting a subaccount on its behalf; for an unknown or disabled one it is assumed"),
)
NOT_FOUND = ErrorMessage(
    "not_found",
    404,
    "404 page not found",
    assumed("the manual says that the 404 of an unknown endpoint is not JSON; the wording is Go's default"),
    {"plain": True},
)
WRONG_PATH = ErrorMessage(
    "wrong_path",
    200,
    "Mailgun Magnificent API",
    observed("django-anymail issue 144, mailgun-ruby issue 110, mailgun.js issue 132; only with wrong_path_is_200"),
    {"plain": True},
)
NOT_ALLOWED = ErrorMessage("not_allowed", 405, "Method Not Allowed", assumed(_NO_SOURCE), {"plain": True})
TOO_LARGE = ErrorMessage(
    "too_large",
    413,
    "Request Entity Too Large",
    assumed("the API introduction has the status and its name, no message"),
)
NOT_IMPLEMENTED = ErrorMessage(
    "not_implemented",
    501,
    "mockserver does not implement {method} {path}",
    assumed("this server's own error: Mailgun has the operation, this server does not implement it"),
)
CRASHED = ErrorMessage(
    "crashed",
    500,
    "Internal Server Error",
    assumed("wording as in mailgun/scroll, the open-source predecessor of the service"),
)

RATE_LIMITED = ErrorMessage(
    "rate_limited",
    429,
    "Rate limit exceeded",
    assumed("the API introduction has the status; no document has a message"),
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
"""The errors of requests that fail before or instead of an operation; the switch json_401 changes those with 401."""

FAULTS = {entry.status: entry for entry in (UNAUTHORIZED, FORBIDDEN, TOO_LARGE, RATE_LIMITED, CRASHED)}
"""The errors of planned faults, by status."""
SENDING_FAULTS = {each.status: each for each in (UNAUTHORIZED, FORBIDDEN, SENDING_TOO_LARGE, CRASHED)}
"""Those of the operations that send."""
LIMIT_FAULTS = {each.status: each for each in (REQUEST_LIMIT, RECIPIENT_LIMIT)}
"""Those of the operations that send, with a domain and a time."""
