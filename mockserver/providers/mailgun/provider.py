"""Mailgun's blueprint: API keys, subaccounts, its error format, the headers of its responses, and its forms."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Mapping
from email.utils import formatdate
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import flask
from flask import request
from werkzeug.http import HTTP_STATUS_CODES

from ...core.addresses import normalize_ip
from ...core.clock import whole_seconds
from ...core.errors import ApiError, ErrorMessage
from ...core.profiles import Profile
from ...core.smtp import SmtpProvider
from ...core.store import Caller
from ...core.tenants import Tenants
from ...web.blueprint import ProviderBlueprint
from ...web.bodies import NotAnObject, NotJson, parse_json_object
from ...web.exchange import Exchange, current_exchange
from ...web.provider import JSON, Failure
from ...web.service import Service
from . import catalog
from .models import State, normalize_domain
from .rules import jobs
from .rules.credentials import SMTP, key_of_default, smtp_credential
from .schemas.seed import MailgunSeed

SENDING = "sending"
"""The scope of the operations that a sending key may call."""
SENDING_PATH = re.compile(r"/v3/(?P<domain>[^/]+)/messages(?:\.mime)?")
URLENCODED = "application/x-www-form-urlencoded"

_HEADERS = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Credentials", "true"),
    ("Cache-Control", "no-store"),
    ("Strict-Transport-Security", "max-age=63072000; includeSubDomains"),
    ("X-Xss-Protection", "1; mode=block"),
)


class Mailgun(ProviderBlueprint):
    """Mailgun."""

    title = "Mailgun"
    hosts: ClassVar[Mapping[str, str | None]] = catalog.HOSTS
    catalog: ClassVar[ModuleType] = catalog
    seed_schema = MailgunSeed
    operations_file = Path(__file__).with_name("operations.txt")
    api_key_pattern = re.compile("key-[0-9a-f]{32}|[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}")
    api_key_format = "'key-' and 32 hexadecimal digits, or 32-8-8 hexadecimal digits"
    authorization_format = "Basic authentication with user 'api' and the key as password"
    example_api_key = "key-0123456789abcdef0123456789abcdef"
    content_type = "application/json; charset=utf-8"

    def get_credential(self, request: flask.Request) -> str | None:
        """Return the password of Basic authentication as user `api`."""
        scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, _, key = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return None
        return key or None if user == "api" and not key.startswith(SMTP) else None

    def find_login(self, tenants: Tenants, login: str, password: str, region: str | None) -> Caller | None:
        """Return the caller of a login over SMTP, None if it is unknown. `credentials.check_login` checks the rest.

        An unknown API key in a default password gets a tenant as in a request by HTTP. Raises `TenantEvicted`.
        """
        key = key_of_default(password)
        found = tenants.known_caller(self.name, smtp_credential(login, password))
        if found is None and key is not None and not key.startswith(SMTP):
            found = tenants.caller(self.name, key, self.api_key_pattern, region)
        return found

    def authorize(self, exchange: Exchange) -> None:
        """Set the account that the request acts for. A subaccount has to be open."""
        state: State = exchange.tx.state
        own = exchange.account
        if own is not None and state.subaccounts[own].status != "open":
            raise _unauthorized(state.profile)()
        if exchange.caller is not None and exchange.caller.registration.scopes is not None:
            self._check_sending_key(exchange, exchange.caller.registration.scopes)
        other = exchange.request.headers.get("X-Mailgun-On-Behalf-Of")
        if other is not None:
            subaccount = state.subaccounts.get(other)
            if own is not None or subaccount is None or subaccount.status != "open":
                raise catalog.FORBIDDEN()
            exchange.account = other

    def _check_sending_key(self, exchange: Exchange, domains: frozenset[str]) -> None:
        """Raise an error unless a key that may only send does that, from one of its domains."""
        operation, domain = exchange.operation, exchange.path_values.get("domain_name", "")
        is_sending = operation is not None and operation.scope == SENDING
        if not is_sending or normalize_domain(domain) not in domains:
            raise _unauthorized(exchange.tx.state.profile)()

    def failure(self, failure: Failure, *, method: str, path: str, profile: Profile) -> ApiError:
        error = catalog.FAILURES[failure]
        if error is catalog.UNAUTHORIZED:
            error = _unauthorized(profile)
        elif error is catalog.NOT_FOUND and profile[catalog.WRONG_PATH_IS_200] and f"{path}/".startswith("/v3/"):
            error = catalog.WRONG_PATH
        elif error is catalog.TOO_LARGE and SENDING_PATH.fullmatch(path):
            error = catalog.SENDING_TOO_LARGE
        return error.with_values(method=method, path=path)

    def general_errors(self, path: str) -> Iterable[ErrorMessage]:
        return (catalog.SENDING_FAULTS if SENDING_PATH.fullmatch(path) else catalog.FAULTS).values()

    def fault_error(self, status: int, exchange: Exchange) -> ApiError:
        """Return the error of a planned fault. 429 has the header from which clients read how long to wait."""
        if status == 401:
            return _unauthorized(exchange.tx.state.profile)()
        sending, end = SENDING_PATH.fullmatch(exchange.path), whole_seconds(exchange.tx.now) + 60
        if sending is not None and status in catalog.LIMIT_FAULTS:
            time = formatdate(end, usegmt=True).replace("GMT", "UTC")
            error = catalog.LIMIT_FAULTS[status](domain=sending["domain"], time=time)
        else:
            known = catalog.FAULTS if sending is None else catalog.SENDING_FAULTS
            planned = ErrorMessage("planned", status, HTTP_STATUS_CODES.get(status, "Error"), catalog.PLANNED)
            error = known.get(status, planned)()
        if status == 429:
            error.headers = (("X-RateLimit-Reset", str(end)),)
        return error

    def error_response(self, error: ApiError) -> flask.Response:
        status, challenge = error.entry.status, error.detail("challenge")
        headers = [("Www-Authenticate", challenge)] if challenge else []
        if error.detail("plain"):
            return self.make_response((error.message, status, headers))
        return self.json_response({"message": error.message}, status, headers, error.detail("content_type"))

    def options_response(self, path: str, allow: str) -> flask.Response:
        """Return the response to a method that the path does not support, which is assumed."""
        error = catalog.NOT_ALLOWED()
        return self.make_response((error.message, error.entry.status, [("Allow", allow)]))

    def response_headers(self, exchange: Exchange) -> Iterable[tuple[str, str]]:
        """Yield the headers of recorded responses. All but a 401 contain the public part of the API key."""
        yield from _HEADERS
        if exchange.caller is not None and (exchange.error is None or exchange.error.entry.status != 401):
            yield "X-Mailgun-Key-Id", _key_id(exchange.caller.registration.credential)

    def run_due_jobs(self, state: State, now: float) -> State:
        return jobs.run_due_jobs(state, now)

    @property
    def service(self) -> Service:
        from .service import SERVICE

        return SERVICE

    def make_api_key(self, material: str) -> str:
        return f"key-{material[:32]}"

    def authorization_header(self, key: str) -> str:
        return "Basic " + base64.b64encode(f"api:{key}".encode()).decode()

    def client_env(self, url: str, key: str) -> Mapping[str, str]:
        return {"MAILGUN_API_KEY": key, "MAILGUN_BASE_URL": url, "MG_API_KEY": key, "MG_URL": url}

    def smtp_provider(self) -> SmtpProvider:
        from .smtp import SMTP  # most servers have no SMTP port

        return SMTP

    def encode(self, data: object) -> bytes:
        """Return compact JSON and a newline."""
        return super().encode(data) + b"\n"


def _unauthorized(profile: Profile) -> ErrorMessage:
    return catalog.UNAUTHORIZED_JSON if profile[catalog.JSON_401] else catalog.UNAUTHORIZED


def _key_id(key: str) -> str:
    """Return two groups of eight hexadecimal characters: the last two of a key, or a digest of a key without groups."""
    found = re.search(r"[0-9a-f]{8}-[0-9a-f]{8}\Z", key)
    digest = hashlib.sha256(key.encode()).hexdigest()
    return found[0] if found else f"{digest[:8]}-{digest[8:16]}"


blueprint = Mailgun("mailgun", __name__)


# Helpers of views


def form_fields(*lists: str) -> dict[str, Any]:
    """Return the first value of each form field; of `lists` all values, also of `ip[]` and `ip[0]` for `ip`."""
    exchange = current_exchange()
    fields: dict[str, Any] = {}
    for key, value in exchange.form.items(multi=True):
        name = re.sub(r"\[[0-9]*\]\Z", "", key)
        if name in lists:
            fields.setdefault(name, []).append(value)
            exchange.fields_read.add(key)
        else:
            fields.setdefault(key, value)
    return fields


def query_params(*names: str) -> dict[str, str]:
    """Return the parameters that are not empty, from the query, as documented, or else from the form."""
    return _params(names, request.args, _form())


def form_params(*names: str) -> dict[str, str]:
    """Return the parameters that are not empty, from the form, as documented, or else from the query."""
    strict = current_exchange().tx.state.profile[catalog.STRICT_FORMS]
    return _params(names, _form(), {} if strict else request.args)


def _form() -> Mapping[str, str]:
    exchange = current_exchange()
    strict = request.method == "DELETE" and exchange.tx.state.profile[catalog.STRICT_DELETE_BODIES]
    return {} if strict and request.mimetype == URLENCODED else exchange.form


def _params(names: Iterable[str], *places: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters that are not empty, each from the first place that has it."""
    found = {name: next((place[name] for place in places if place.get(name)), "") for name in names}
    return {name: value for name, value in found.items() if value}


def json_body() -> dict[str, Any]:
    """Return the JSON object in the body. The Content-Type has to be JSON."""
    if request.mimetype != JSON:
        raise catalog.NOT_JSON()
    try:
        return parse_json_object(current_exchange().body)
    except (NotJson, NotAnObject):
        raise catalog.NOT_JSON() from None


def split_commas(texts: Iterable[str]) -> list[str]:
    """Return the items of comma-separated lists."""
    return [part.strip() for text in texts for part in text.split(",") if part.strip()]


def normalized_ip(ip: str, field: str = "ip") -> str:
    """Return the IP address in a path in its usual spelling; `field` is its name in the path."""
    address = normalize_ip(ip)
    if address is None:
        raise catalog.BAD_VALUE(field=field, value=ip)
    return address
