"""Acme Mail's blueprint: API keys and the format of errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import flask
from werkzeug.http import HTTP_STATUS_CODES

from mockserver import ProviderBlueprint
from mockserver.core.errors import ApiError, ErrorMessage
from mockserver.core.profiles import Profile
from mockserver.web.bodies import NotAnObject, NotJson, parse_json_object
from mockserver.web.exchange import Exchange, current_exchange
from mockserver.web.provider import Failure

from . import catalog
from .schemas import AcmeSeed


class Acme(ProviderBlueprint):
    """Acme Mail."""

    title = "Acme Mail"
    hosts: ClassVar[Mapping[str, str | None]] = {"api.acme-mail.example": None}
    catalog: ClassVar[ModuleType] = catalog
    seed_schema = AcmeSeed
    openapi_document = Path(__file__).parent / "openapi.yaml"
    operations_file = Path(__file__).parent / "operations.txt"
    api_key_pattern = re.compile("acme_[0-9a-f]{32}")
    example_api_key = "acme_0123456789abcdef0123456789abcdef"

    def get_credential(self, request: flask.Request) -> str | None:
        """Return the token of `Authorization: Bearer TOKEN`."""
        authorization = request.authorization
        return authorization.token if authorization is not None and authorization.type == "bearer" else None

    def authorize(self, exchange: Exchange) -> None:
        """Allow everything: a key has no scopes."""

    def failure(self, failure: Failure, *, method: str, path: str, profile: Profile) -> ApiError:
        match failure:
            case Failure.NO_CREDENTIAL | Failure.UNKNOWN_CREDENTIAL:
                return catalog.UNAUTHORIZED()
            case Failure.NOT_FOUND:
                return catalog.NOT_FOUND()
            case Failure.NOT_ALLOWED:
                return catalog.NOT_ALLOWED()
            case Failure.TOO_LARGE:
                return catalog.TOO_LARGE()
            case Failure.NOT_IMPLEMENTED:
                return catalog.NOT_IMPLEMENTED(method=method, path=path)
            case Failure.CRASHED:
                return catalog.CRASHED()

    def fault_error(self, status: int, exchange: Exchange) -> ApiError:
        return ErrorMessage("planned", status, HTTP_STATUS_CODES.get(status, "error").lower(), catalog.PLANNED)()

    def error_response(self, error: ApiError) -> flask.Response:
        return self.json_response({"error": {"code": error.entry.key, "message": error.message}}, error.entry.status)

    def options_response(self, path: str, allow: str) -> flask.Response:
        return self.make_response(("", 204, [("Allow", allow)]))

    def make_api_key(self, material: str) -> str:
        return f"acme_{material[:32]}"

    def authorization_header(self, key: str) -> str:
        return f"Bearer {key}"

    def client_env(self, url: str, key: str) -> Mapping[str, str]:
        return {"ACME_API_KEY": key, "ACME_URL": url}


blueprint = Acme("acme", __name__)


def json_body() -> dict[str, Any]:
    """Return the JSON object of the request."""
    try:
        return parse_json_object(current_exchange().body)
    except (NotJson, NotAnObject):
        raise catalog.NOT_JSON() from None
