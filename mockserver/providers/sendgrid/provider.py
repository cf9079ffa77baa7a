"""SendGrid's blueprint: API keys, scopes, the three formats of its errors, and the headers of its responses."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import flask
from flask.typing import ResponseReturnValue
from werkzeug.http import HTTP_STATUS_CODES

from ...core.errors import ApiError, ErrorMessage
from ...core.profiles import Profile
from ...core.smtp import Dialect
from ...web.blueprint import ProviderBlueprint
from ...web.bodies import NotAnObject, NotJson, parse_json, parse_json_object
from ...web.exchange import Exchange, current_exchange
from ...web.provider import Failure
from . import catalog
from .rules import Tx
from .rules.api_keys import api_key, find_issued
from .schemas.seed import SendGridSeed

View = Callable[..., ResponseReturnValue]
RATE_LIMIT = int(catalog.RATE_LIMIT)


class SendGrid(ProviderBlueprint):
    """SendGrid."""

    title = "SendGrid"
    hosts: ClassVar[Mapping[str, str | None]] = catalog.HOSTS
    catalog: ClassVar[ModuleType] = catalog
    seed_schema = SendGridSeed
    operations_file = Path(__file__).with_name("operations.txt")
    api_key_pattern = re.compile(r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}")
    api_key_format = "SG.22.43: 'SG.', 22 characters, a dot, 43 characters"
    authorization_format = "'Authorization: Bearer KEY'"
    example_api_key = "SG.mockserverDemoKey00000.mockserverDemoKey00000000000000000000000000"
    rate_limit_window = int(catalog.RATE_WINDOW)

    def get_credential(self, request: flask.Request) -> str | None:
        """Return the key of `Authorization: Bearer KEY`."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        return key.strip() or None if scheme.lower() == "bearer" else None

    def authorize(self, exchange: Exchange) -> None:
        """Set the account that the request acts for, then check its region and the scope."""
        subusers = exchange.tx.state.subusers
        self._look_up_issued_key(exchange)
        subuser = _header_text(exchange.request.headers.get("On-Behalf-Of"))
        if subuser is not None:
            if exchange.account is not None or subuser not in subusers:
                raise _error(exchange, Failure.UNKNOWN_CREDENTIAL)
            exchange.account = subuser
        elif exchange.account is not None and exchange.account not in subusers:  # the subuser was deleted
            raise _error(exchange, Failure.UNKNOWN_CREDENTIAL)
        account = exchange.account
        if exchange.region != (subusers[account].region if account is not None else self.first_region):
            is_management = catalog.family(exchange.path) == catalog.MANAGEMENT
            raise catalog.MANAGEMENT_WRONG_REGION() if is_management else catalog.WRONG_REGION()
        if exchange.operation is not None and exchange.operation.scope is not None:
            _check_scope(exchange, exchange.operation.scope)

    def _look_up_issued_key(self, exchange: Exchange) -> None:
        """Set the account and the scopes of an issued key to those in the state, where it may be deleted or updated."""
        caller = exchange.caller
        assert caller is not None
        if not caller.registration.issued:
            return
        key = find_issued(exchange.tx.state, caller.registration.credential)
        if key is None:
            raise _error(exchange, Failure.UNKNOWN_CREDENTIAL)
        scopes = frozenset(key.scopes) if key.scopes is not None else None
        registration = replace(caller.registration, account=key.subuser, scopes=scopes)
        exchange.caller, exchange.account = replace(caller, registration=registration), key.subuser

    def failure(self, failure: Failure, *, method: str, path: str, profile: Profile) -> ApiError:
        error = catalog.FAILURES[catalog.family(path)][failure]
        return error.with_values(method=method, path=path)

    def general_errors(self, path: str) -> Iterable[ErrorMessage]:
        return catalog.FAULTS[catalog.family(path)].values()

    def fault_error(self, status: int, exchange: Exchange) -> ApiError:
        """Return the error of a planned fault."""
        family = catalog.family(exchange.path)
        error = catalog.FAULTS[family].get(status)
        if error is None:
            message = HTTP_STATUS_CODES.get(status, "Error").lower()
            details = {"family": family, "field": "" if family == catalog.MANAGEMENT else None}
            error = ErrorMessage("planned", status, message, catalog.PLANNED, details)
        return error()

    def error_response(self, error: ApiError) -> flask.Response:
        field = error.detail("field")
        match error.entry.details["family"]:
            case catalog.BARE:
                data: dict[str, Any] = {"error": error.message}
            case catalog.PLAIN:
                data = {"errors": [{"message": each.message} for each in (error, *error.others)]}
            case catalog.MAIL:
                data = {"errors": [{"message": error.message, "field": field, "help": None}]}
            case _:
                data = {"errors": [{"field": field, "message": error.message}]}
        return self.json_response(data, error.entry.status)

    def options_response(self, path: str, allow: str) -> flask.Response:
        """Return the methods of a path. The empty body is assumed."""
        return self.make_response(("", 200, [("Allow", allow)]))

    def response_headers(self, exchange: Exchange) -> Iterable[tuple[str, str]]:
        """Yield the rate limit, with 0 remaining requests for a 429, and for the classic API the headers of recorded
        responses."""
        rate = exchange.tx.rate
        if rate is not None:
            is_exceeded = exchange.error is not None and exchange.error.entry.status == 429
            yield "X-RateLimit-Limit", str(RATE_LIMIT)
            yield "X-RateLimit-Remaining", "0" if is_exceeded else str(max(0, RATE_LIMIT - rate.times))
            yield "X-RateLimit-Reset", str(rate.until)
        if catalog.family(exchange.path) in (catalog.CLASSIC, catalog.PLAIN):
            yield from _cors_headers(exchange.allowed_methods)

    def reason_phrase(self, status: int) -> str:
        """Return the phrase in capitals, as the documents (`204 NO CONTENT`) and recorded responses do."""
        return HTTP_STATUS_CODES.get(status, "Unknown").upper()

    def make_api_key(self, material: str) -> str:
        return api_key(material)

    def authorization_header(self, key: str) -> str:
        return f"Bearer {key}"

    def client_env(self, url: str, key: str) -> Mapping[str, str]:
        return {"SENDGRID_API_KEY": key, "SENDGRID_BASE_URL": url}

    def smtp_dialect(self) -> Dialect:
        from .smtp import DIALECT  # most servers have no SMTP port

        return DIALECT


@functools.lru_cache(maxsize=128)
def _cors_headers(allowed_methods: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    methods = ", ".join([*allowed_methods, "OPTIONS"])
    return (
        ("Access-Control-Allow-Origin", "*"),
        *((("Access-Control-Allow-Methods", methods),) if allowed_methods else ()),
        ("Access-Control-Max-Age", "21600"),
        ("Access-Control-Expose-Headers", "Link"),
    )


blueprint = SendGrid("sendgrid", __name__)


def _header_text(value: str | None) -> str | None:
    """Return a header's value, which WSGI decodes as Latin-1, as UTF-8 if it is. No document names its encoding."""
    try:
        return value.encode("latin-1").decode() if value is not None else None
    except UnicodeError:
        return value


def _error(exchange: Exchange, failure: Failure) -> ApiError:
    """Return the error of a failure in the format of the request's path."""
    return catalog.FAILURES[catalog.family(exchange.path)][failure]()


# Helpers of views


def granted_scopes() -> frozenset[str] | None:
    """Return the scopes of the request's key; None for all."""
    return _scopes(current_exchange())


def require_scope(scope: str) -> None:
    """Raise an error if the request's key does not have a scope."""
    _check_scope(current_exchange(), scope)


def _scopes(exchange: Exchange) -> frozenset[str] | None:
    assert exchange.caller is not None
    return exchange.caller.registration.scopes


def _check_scope(exchange: Exchange, scope: str) -> None:
    scopes = _scopes(exchange)
    if scopes is None or scope in scopes:
        return
    if catalog.family(exchange.path) == catalog.MANAGEMENT:
        raise catalog.MISSING_SCOPE(scopes=scope)
    raise catalog.ACCESS_FORBIDDEN()


def global_only(view: View) -> View:
    """Decorate a view that the EU host does not have: there it returns the 404 of unknown paths, which is assumed."""

    @functools.wraps(view)
    def wrapper(tx: Tx, **values: str) -> ResponseReturnValue:
        if current_exchange().region != blueprint.first_region:
            raise _error(current_exchange(), Failure.NOT_FOUND)
        return view(tx, **values)

    return wrapper


def parent_only(view: View) -> View:
    """Decorate a view that subusers do not have: for them it returns the 404 of unknown paths, which is assumed."""

    @functools.wraps(view)
    def wrapper(tx: Tx, **values: str) -> ResponseReturnValue:
        if tx.account is not None:
            raise _error(current_exchange(), Failure.NOT_FOUND)
        return view(tx, **values)

    return wrapper


def json_body(*, drop_null: bool = False, not_json: ErrorMessage | None = None) -> dict[str, Any]:
    """Return the JSON object in the body. The Content-Type is ignored: no document requires one.

    With `drop_null`, a null field counts as not sent, which is assumed for IP Address Management. `not_json` is the
    error of another body; by default it is that of the family.
    """
    exchange = current_exchange()
    try:
        data = parse_json_object(exchange.body)
    except (NotJson, NotAnObject):
        error = not_json or catalog.NOT_JSON[catalog.family(exchange.path)]
        raise error() from None
    return {name: value for name, value in data.items() if value is not None} if drop_null else data


def json_strings() -> list[str]:
    """Return the JSON array of strings in the body."""
    exchange = current_exchange()
    try:
        data = parse_json(exchange.body)
    except NotJson:
        data = None
    if not isinstance(data, list) or not all(isinstance(item, str) for item in data):
        raise catalog.NOT_JSON[catalog.family(exchange.path)]()
    return data
