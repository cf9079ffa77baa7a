"""SendGrid's blueprint: API keys, scopes, the three formats of its errors, and the headers of its responses."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import flask
from flask.typing import ResponseReturnValue
from werkzeug.http import HTTP_STATUS_CODES

from ...core.errors import ApiError, ErrorMessage
from ...core.profiles import Profile
from ...core.smtp import SmtpProvider
from ...web.blueprint import ProviderBlueprint
from ...web.bodies import NotAnObject, NotJson, parse_form, parse_json, parse_json_object
from ...web.exchange import Exchange, current_exchange
from ...web.provider import Failure, UsedLimit
from ...web.server_state import server_state
from ...web.service import Service
from ...web.wrappers import read_body
from . import catalog
from .models import State
from .rules import Tx
from .rules.api_keys import api_key, find_issued
from .schemas.seed import SendGridSeed

View = Callable[..., ResponseReturnValue]
RATE_LIMIT = int(catalog.RATE_LIMIT)
MAIL_PATH, WEB_PATH = "/v3/mail/send", "/api/mail.send.json"
HELP = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html#"
MAIL_HEADERS = (
    ("Access-Control-Allow-Origin", "https://sendgrid.api-docs.io"),
    ("Access-Control-Allow-Methods", "POST"),
    ("Access-Control-Allow-Headers", "Authorization, Content-Type, On-behalf-of, x-sg-elas-acl"),
    ("Access-Control-Max-Age", "600"),
    ("X-No-CORS-Reason", "https://sendgrid.com/docs/Classroom/Basics/API/cors.html"),
)
"""Headers of recorded responses of mail/send: sendgrid-php issue 793 and others."""


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
        """Return the key of `Authorization: Bearer KEY`, or in Web API v2 the field `api_key` of the form."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return key.strip() or None
        return _form_key(request) if request.path.endswith(WEB_PATH) else None

    def authorize(self, exchange: Exchange) -> None:
        """Set the account that the request acts for, then check its region and the scope.

        Sending ignores On-Behalf-Of: sendgrid/docs issue 2894, sendgrid-nodejs issue 886.
        """
        subusers = exchange.tx.state.subusers
        family = catalog.family(exchange.path)
        self._look_up_issued_key(exchange)
        subuser = _header_text(exchange.request.headers.get("On-Behalf-Of"))
        if family in (catalog.MAIL, catalog.WEB):  # it has no effect: the message leaves from the parent
            subuser = None
        if subuser is not None:
            if exchange.account is not None or subuser not in subusers:
                raise _error(exchange, Failure.UNKNOWN_CREDENTIAL)
            exchange.account = subuser
        elif exchange.account is not None and exchange.account not in subusers:  # the subuser was deleted
            raise _error(exchange, Failure.UNKNOWN_CREDENTIAL)
        account = exchange.account
        if exchange.region != (subusers[account].region if account is not None else self.first_region):
            raise catalog.WRONG_REGIONS[family]()
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
        is_unauthorized = failure in (Failure.NO_CREDENTIAL, Failure.UNKNOWN_CREDENTIAL)
        if is_unauthorized and path == MAIL_PATH and method != "POST":  # the method is checked first
            error = catalog.MAIL_NOT_ALLOWED()
            error.headers = (("Allow", "POST"),)
            return error
        return catalog.FAILURES[catalog.family(path)][failure].with_values(method=method, path=path)

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
        errors = (error, *error.others)
        match error.entry.details["family"]:
            case catalog.BARE:
                data: dict[str, Any] = {"error": error.message}
            case catalog.PLAIN:
                data = {"errors": [{"message": each.message} for each in errors]}
            case catalog.MAIL:
                data = {"errors": [_mail_error(each) for each in errors]}
            case catalog.WEB:
                data = {"errors": [each.message for each in errors], "message": "error"}
            case _:
                data = {"errors": [{"field": error.detail("field"), "message": error.message}]}
        return self.json_response(data, error.entry.status)

    def options_response(self, path: str, allow: str) -> flask.Response:
        """Return the methods of a path. The empty body is assumed."""
        return self.make_response(("", 200, [("Allow", allow)]))

    def response_headers(self, exchange: Exchange) -> Iterable[tuple[str, str]]:
        """Yield the rate limit, with 0 remaining requests for a 429, and the headers of recorded responses.

        Responses about sending have no rate limit: sendgrid-go issue 105.
        """
        rate, family = exchange.tx.rate, catalog.family(exchange.path)
        if family == catalog.MAIL:
            yield from MAIL_HEADERS
        elif rate is not None and family != catalog.WEB:
            is_exceeded = exchange.error is not None and exchange.error.entry.status == 429
            yield "X-RateLimit-Limit", str(RATE_LIMIT)
            yield "X-RateLimit-Remaining", "0" if is_exceeded else str(max(0, RATE_LIMIT - rate.times))
            yield "X-RateLimit-Reset", str(rate.until)
        if family in (catalog.CLASSIC, catalog.PLAIN):
            yield from _cors_headers(exchange.allowed_methods)

    def reason_phrase(self, status: int) -> str:
        """Return the phrase in capitals, as the documents (`204 NO CONTENT`) and recorded responses do."""
        return HTTP_STATUS_CODES.get(status, "Unknown").upper()

    def used_limits(self, state: State) -> Iterator[UsedLimit]:
        """Yield the limits on pools and API keys, of the account and of each subuser that has any; on IPs of a pool."""
        for account in (None, *state.subusers):
            of = "" if account is None else f" of {account}"
            pools, keys = state.pools_of(account), state.keys_of(account)
            if pools or account is None:
                yield UsedLimit(f"pools{of}", len(pools), catalog.MAX_POOLS, catalog.MAX_POOLS.source)
            if keys or account is None:
                yield UsedLimit(f"API keys{of}", len(keys), catalog.MAX_KEYS, catalog.MAX_KEYS.source)
        fullest = max(state.pools.values(), key=lambda pool: len(pool.ips), default=None)
        if fullest is not None:
            source = catalog.MAX_POOL_IPS.source
            yield UsedLimit(f"IPs of the pool {fullest.name}", len(fullest.ips), catalog.MAX_POOL_IPS, source)

    @property
    def service(self) -> Service:
        from .service import SERVICE

        return SERVICE

    def make_api_key(self, material: str) -> str:
        return api_key(material)

    def authorization_header(self, key: str) -> str:
        return f"Bearer {key}"

    def client_env(self, url: str, key: str) -> Mapping[str, str]:
        return {"SENDGRID_API_KEY": key, "SENDGRID_BASE_URL": url}

    def smtp_provider(self) -> SmtpProvider:
        from .smtp import SMTP  # most servers have no SMTP port

        return SMTP


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


def _form_key(request: flask.Request) -> str | None:
    """Return the field `api_key` of a form. Raises `RequestEntityTooLarge`."""
    body = read_body(request, server_state().config.max_body_bytes)
    return parse_form(body, request.headers.get("Content-Type", "")).get("api_key") or None


def _mail_error(error: ApiError) -> dict[str, Any]:
    """Return an error of mail/send, with the page about its field."""
    field, anchor = error.detail("field"), error.entry.details.get("help")
    if anchor is None and field is not None:
        anchor = "message." + re.sub(r"\.\d+|\.email$", "", field)
    return {"message": error.message, "field": field, "help": f"{HELP}{anchor}" if anchor else None}


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
    family = catalog.family(exchange.path)
    if family == catalog.MANAGEMENT:
        raise catalog.MISSING_SCOPE(scopes=scope)
    raise catalog.FORBIDDEN[family]()


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


def mail_body() -> dict[str, Any]:
    """Return the JSON object in the body of mail/send, whose size, Content-Type and encoding are checked."""
    exchange = current_exchange()
    if len(exchange.body) > catalog.MAX_MAIL_BYTES:
        raise catalog.MAIL_TOO_LARGE()
    if exchange.request.mimetype != "application/json":
        raise catalog.MAIL_CONTENT_TYPE()
    try:
        exchange.body.decode()
    except UnicodeDecodeError:
        raise catalog.MAIL_NOT_UTF8() from None
    data = json_body()
    if b'"headers"' in exchange.body:
        _check_header_names(exchange.body)
    return data


def _check_header_names(body: bytes) -> None:
    """Raise the error of an object `headers` that has a name more than once; in `json_body` the last one counts."""
    repeated: dict[int, dict[str, Any]] = {}

    def read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            repeated[id(found)] = found
        return found

    mail = json.loads(body, object_pairs_hook=read_object)
    own = mail.get("personalizations")
    parts = [
        ("", mail),
        *([(f"personalizations.{at}.", each) for at, each in enumerate(own)] if type(own) is list else []),
    ]
    for path, part in parts:
        if isinstance(part, dict) and id(part.get("headers")) in repeated:
            raise catalog.MAIL_HEADER_DUPLICATES(field=f"{path}headers")


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
