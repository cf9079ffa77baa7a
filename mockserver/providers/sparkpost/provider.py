"""SparkPost's blueprint: API keys, grants, and the two formats of its errors."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import flask
from werkzeug.http import HTTP_STATUS_CODES

from ...core.errors import ApiError, ErrorMessage
from ...core.profiles import Profile
from ...core.smtp import SmtpProvider
from ...web.blueprint import ProviderBlueprint
from ...web.bodies import NotAnObject, NotJson, parse_json_object
from ...web.exchange import Exchange, current_exchange
from ...web.provider import Failure, UsedLimit
from ...web.service import Service
from . import catalog, responses
from .models import State
from .rules.sending_ips import bought_ips
from .rules.subaccounts import is_valid_key
from .schemas.seed import SparkPostSeed

REASON_PHRASES = {**HTTP_STATUS_CODES, 420: "Exceed Sending Limit"}
"""Reason phrases by status. The one of 420 is in the table of errors of the API introduction."""


class SparkPost(ProviderBlueprint):
    """SparkPost."""

    title = "SparkPost"
    hosts: ClassVar[Mapping[str, str | None]] = catalog.HOSTS
    catalog: ClassVar[ModuleType] = catalog
    seed_schema = SparkPostSeed
    operations_file = Path(__file__).with_name("operations.txt")
    api_key_pattern = re.compile("[0-9a-fA-F]{40}")
    api_key_format = "40 hexadecimal digits"
    authorization_format = "'Authorization: KEY', or Basic authentication with the key as user and no password"
    example_api_key = "5ba7b0575e0b1c6ad4cab4d2ac1b3a3f0e1d2c3b"

    def get_credential(self, request: flask.Request) -> str | None:
        """Return the key: the whole header, or the user name of Basic authentication without a password."""
        value = request.headers.get("Authorization", "")
        scheme, _, rest = value.partition(" ")
        if scheme.lower() != "basic" or not rest:
            return value or None
        try:
            key, _, password = base64.b64decode(rest, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return None
        return key if not password else None

    def served_regions(self, state: State) -> Sequence[str]:
        """Return the region of the account."""
        return (state.home,)

    def check_region(self, exchange: Exchange) -> None:
        """Raise the error of an unknown key if the account is in another region."""
        if exchange.region != exchange.tx.state.home:
            raise catalog.WRONG_REGION()

    def authorize(self, exchange: Exchange) -> None:
        """Check the grant. The subaccount header is recorded; only sending uses it.

        Every resource belongs to the primary account.
        """
        assert exchange.caller is not None
        registration = exchange.caller.registration
        if registration.issued and not is_valid_key(exchange.tx.state, registration.credential):
            raise catalog.UNAUTHORIZED()
        exchange.account = registration.account or exchange.request.headers.get("X-MSYS-SUBACCOUNT")
        scope = exchange.operation.scope if exchange.operation is not None else None
        if not _is_granted(registration.scopes, scope):
            raise catalog.FORBIDDEN()
        if registration.account is not None and scope not in catalog.KEY_GRANTS:
            raise catalog.FORBIDDEN()

    def failure(self, failure: Failure, *, method: str, path: str, profile: Profile) -> ApiError:
        return catalog.FAILURES[failure].with_values(method=method, path=path)

    def general_errors(self, path: str) -> Iterable[ErrorMessage]:
        return catalog.FAULTS.values()

    def fault_error(self, status: int, exchange: Exchange) -> ApiError:
        error = catalog.FAULTS.get(status)
        if error is None:
            error = ErrorMessage("planned", status, REASON_PHRASES.get(status, "Error"), catalog.PLANNED)
        return error()

    def error_response(self, error: ApiError) -> flask.Response:
        """Return an error; in the format that names the parameter, with the errors of the other parameters."""
        errors = [error]
        if "param" in error.entry.details:
            errors += [other for other in error.others if "param" in other.entry.details]
        data = [responses.error(each, has_description=has_description()) for each in errors]
        response = self.json_response({"errors": data}, error.entry.status)
        if error.entry.details.get("spaced"):  # the gateway in front of the services sends spaces in its JSON
            response.set_data(b'{"errors": [ {"message": ' + self.encode(error.message) + b"} ]}")
        return response

    def options_response(self, path: str, allow: str) -> flask.Response:
        """Return an error: no cross-origin request is supported."""
        return self.error_response(catalog.PREFLIGHT())

    def reason_phrase(self, status: int) -> str:
        """Return the standard phrase, or SparkPost's own for a status without one."""
        return REASON_PHRASES.get(status, "Unknown")

    def used_limits(self, state: State) -> Iterator[UsedLimit]:
        """Yield the limit on IPs that are bought."""
        yield UsedLimit("dedicated IPs", bought_ips(state), state.dedicated_ip_limit, catalog.IP_LIMIT.source)

    @property
    def service(self) -> Service:
        from .service import SERVICE

        return SERVICE

    def make_api_key(self, material: str) -> str:
        return material[:40]

    def authorization_header(self, key: str) -> str:
        return key

    def client_env(self, url: str, key: str) -> Mapping[str, str]:
        return {"SPARKPOST_API_KEY": key, "SPARKPOST_BASE_URL": f"{url}/api/v1"}

    def smtp_provider(self) -> SmtpProvider:
        from .smtp import SMTP  # most servers have no SMTP port

        return SMTP


blueprint = SparkPost("sparkpost", __name__)


def _is_granted(scopes: frozenset[str] | None, scope: str | None) -> bool:
    """Return whether grants, None for all, include a scope. `manage` includes `view`."""
    if scopes is None or scope is None or scope in scopes:
        return True
    area, _, right = scope.partition("/")
    return right == "view" and f"{area}/manage" in scopes


def has_description() -> bool:
    """Return whether the errors of the current request have a `description`: those of transmissions may have none."""
    if not flask.has_request_context():
        return True
    exchange = current_exchange()
    if not exchange.path.startswith(catalog.TRANSMISSIONS_PATH):
        return True
    state: State | None = exchange.tx.state  # None if the request is not authenticated
    is_switched = state is not None and state.profile[catalog.DESCRIPTION_AS_MESSAGE]
    return not (is_switched or exchange.request.headers.get("X-MSYS-OPT-IN") == "1")


# Helpers of views


def json_body() -> dict[str, Any]:
    """Return the JSON object in the body. The Content-Type is ignored: SparkPost requires none."""
    try:
        return parse_json_object(current_exchange().body)
    except NotJson:
        raise catalog.NOT_JSON() from None
    except NotAnObject:
        raise catalog.NOT_AN_OBJECT() from None
