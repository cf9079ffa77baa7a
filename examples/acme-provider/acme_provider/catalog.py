"""The errors and limits of Acme Mail, each with its source."""

from mockserver.core.errors import ErrorMessage, Limit, assumed, documented

_GUIDE = documented("Acme Mail API guide, Errors")

MAX_POOLS = Limit(20, documented("Acme Mail API guide, Limits"))
MAX_NAME_LENGTH = Limit(40, documented("Acme Mail API guide, Limits"))

NAME_MISSING = ErrorMessage("name_missing", 422, "name is required", _GUIDE)
NAME_TOO_LONG = ErrorMessage("name_too_long", 422, "name is too long (maximum is 40 characters)", _GUIDE)
NAME_TAKEN = ErrorMessage("name_taken", 409, "pool {name} exists", _GUIDE)
TOO_MANY_POOLS = ErrorMessage("too_many_pools", 400, "no more than 20 pools", _GUIDE)
POOL_NOT_FOUND = ErrorMessage("pool_not_found", 404, "pool {name} does not exist", _GUIDE)

NOT_JSON = ErrorMessage("not_json", 400, "body is not a JSON object", _GUIDE)
UNAUTHORIZED = ErrorMessage("unauthorized", 401, "invalid token", _GUIDE)
NOT_FOUND = ErrorMessage("not_found", 404, "not found", _GUIDE)
NOT_ALLOWED = ErrorMessage("not_allowed", 405, "method not allowed", _GUIDE)
TOO_LARGE = ErrorMessage("too_large", 413, "body is too large", assumed("the guide has no limit"))
NOT_IMPLEMENTED = ErrorMessage(
    "not_implemented",
    501,
    "mockserver does not implement {method} {path}",
    assumed("Acme Mail has this operation, this server does not"),
)
CRASHED = ErrorMessage("crashed", 500, "internal error", assumed("the guide does not mention it"))
PLANNED = assumed("a planned fault has the standard phrase of its status")
