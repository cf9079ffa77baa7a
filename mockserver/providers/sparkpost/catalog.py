"""What SparkPost refuses, in its words; its reserved names; and what it has that this server does not.

Errors come in two dialects that live side by side. The newer one, of pools and sending IPs, has `message` alone or
`message`, `param`, `value`. The older one adds `description` and a `code` that is a string of digits.
"""

from ...errors import Entry, assumed, documented, observed

POOLS = "IP Pools API reference"
IPS = "Sending IPs API reference"

DEFAULT_POOL = "default"
"""The id of the pool that every account has."""

# Pools

POOL_NOT_FOUND = Entry("pool_not_found", 404, "IP pool not found.", documented(f"{POOLS}, Get IP Pool"))
POOL_DOES_NOT_EXIST = Entry(
    "pool_does_not_exist", 404, "IP Pool {id} does not exist.", documented(f"{POOLS}, Update and Delete an IP Pool")
)
DEFAULT_NOT_UPDATABLE = Entry(
    "default_not_updatable",
    400,
    "IP Pool default is reserved and cannot be updated.",
    documented(f"{POOLS}, Update an IP Pool"),
)
DEFAULT_RESERVED = Entry(
    "default_reserved", 400, "IP Pool default is reserved.", documented(f"{POOLS}, Delete an IP Pool")
)
DEFAULT_NAME_TAKEN = Entry(
    "default_name_taken",
    400,
    "IP Pool default is reserved.",
    assumed("the words of deleting it, for a name whose id would be 'default'"),
)
NAME_REQUIRED = Entry(
    "name_required",
    400,
    "`name` is a required field",
    assumed("the words and shape of the Subaccounts API reference, for a name that is missing, blank or no string"),
    {"param": "name"},
    echoes=("value",),
)
FIELD_TYPE = Entry(
    "field_type",
    422,
    "invalid data format/type",
    assumed("the withdrawn support article on extended error codes has it for the services for sending"),
    {
        "description": "field '{field}' is of type '{type}', but needs to be of type 'string'",
        "code": "1300",
    },
)

# Sending IPs

IP_INVALID = Entry(
    "ip_invalid",
    400,
    "external ip must be a valid IPv4 address",
    documented(f"{IPS}, Get; for updating it is assumed"),
)
IP_NOT_FOUND = Entry("ip_not_found", 404, "Sending IP does not exist", documented(f"{IPS}, Get and Update"))
TARGET_POOL_DOES_NOT_EXIST = Entry(
    "target_pool_does_not_exist",
    400,
    "IP Pool {value} does not exist.",
    documented(f"{IPS}, Update a Sending IP"),
)
IP_POOL_REQUIRED = Entry(
    "ip_pool_required",
    400,
    "`ip_pool` is a required field",
    assumed("the words and shape of the Subaccounts API reference, for a pool that is missing, blank or no string"),
    {"param": "ip_pool"},
    echoes=("value",),
)

# Not about one operation

UNAUTHORIZED = Entry(
    "unauthorized",
    401,
    "Unauthorized.",
    observed("operator notes 2026-08-05: no key, unknown key and key from a foreign address answer the same bytes"),
    {"spaced": True},
)
FORBIDDEN = Entry(
    "forbidden",
    403,
    "Forbidden.",
    observed("SparkPost/php-sparkpost issue 64, darrencauthon/csharp-sparkpost issue 159: a key without the grant"),
    {"spaced": True},
)
PREFLIGHT = Entry(
    "preflight",
    403,
    "Forbidden.",
    assumed("the support article on calling from a browser has the status of OPTIONS, not its body"),
    {"spaced": True},
)
NOT_FOUND = Entry(
    "not_found",
    404,
    "Resource could not be found",
    documented("A/B testing and relay webhooks API references, for things unknown there; for any unknown path assumed"),
)
NOT_ALLOWED = Entry(
    "not_allowed",
    405,
    "invalid http method",
    assumed("cividesk/com.cividesk.email.sparkpost issue 62 saw it on transmissions; taken for every path"),
    {"description": "{method} is not supported on {path}", "code": "1102"},
)
NOT_JSON = Entry(
    "not_json",
    422,
    "invalid data format/type",
    assumed("SparkPost/php-sparkpost issue 108 saw it on transmissions; taken for every body"),
    {"description": "Problems parsing request as json", "code": "1300"},
)
NOT_AN_OBJECT = Entry(
    "not_an_object",
    422,
    "invalid data format/type",
    assumed("the withdrawn support article on extended error codes has it for the services for sending"),
    {"description": "JSON object expected", "code": "1300"},
)
TOO_LARGE = Entry(
    "too_large", 413, "Request entity too large", assumed("the API introduction has the status, not the words")
)
UNMODELLED = Entry(
    "unmodelled",
    501,
    "mockserver does not model {method} {path}; it invents no answer",
    assumed("ours: SparkPost has this operation, this server does not"),
)
CRASHED = Entry("crashed", 500, "Internal server error", assumed("the API introduction has the status, not the words"))

RATE_LIMITED = Entry(
    "rate_limited", 429, "Too many requests", assumed("the support site's table of codes has the words, not the body")
)
UNAVAILABLE = Entry(
    "unavailable",
    503,
    "Unable to contact authorization service.",
    observed("cividesk/com.cividesk.email.sparkpost issue 94"),
)
PLANNED = assumed("a planned fault: its status was asked for, its words are the standard phrase")

FAULTS = {
    entry.status: entry for entry in (UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_LARGE, RATE_LIMITED, CRASHED, UNAVAILABLE)
}
"""How a planned error of some status is said."""

RIGHTS = assumed("the grants of IP pools are the web interface's own; that they cover sending IPs too is a guess")
"""Where the grants of operations come from."""

UNMODELLED_OPERATIONS = {
    "/api/v1/account": ["GET", "PUT"],
    "/api/v1/account/add-ons/dedicated_ips": ["POST"],
    "/api/v1/account/aws-marketplace/add-ons/dedicated_ips": ["POST"],
    "/api/v1/account/integrations/aws-marketplace/add-ons/dedicated_ips": ["POST"],
    "/api/v1/billing/subscription": ["GET"],
    "/api/v1/metrics/deliverability": ["GET"],
    "/api/v1/metrics/ip-pools": ["GET"],
    "/api/v1/metrics/sending-ips": ["GET"],
    "/api/v1/sending-domains": ["GET", "POST"],
    "/api/v1/subaccounts": ["GET", "POST"],
    "/api/v1/subaccounts/summary": ["GET"],
    "/api/v1/subaccounts/{id}": ["GET", "PUT"],
    "/api/v1/transmissions": ["GET", "POST", "DELETE"],
    "/api/v1/transmissions/{id}": ["GET", "DELETE"],
}
"""What the API references and the web interface call, and this server answers 501."""
