"""The interface of a provider: authentication, error format, headers, seed schema."""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, NamedTuple

import flask
from werkzeug.http import HTTP_STATUS_CODES

from ..core import resources
from ..core.errors import ApiError, ErrorMessage, Source
from ..core.profiles import Profile, Switch, switches
from ..core.seed import SeedSection
from ..core.smtp import SmtpProvider
from ..core.store import Caller
from ..core.tenants import Tenants
from .bodies import encode
from .exchange import Exchange
from .openapi import Contract
from .operations import Operation, OperationBlueprint
from .paths import ApiPaths, parse_operations
from .service import Service

JSON = "application/json"


class Failure(enum.StrEnum):
    """Why a request fails before or instead of an operation."""

    NO_CREDENTIAL = "no_credential"
    UNKNOWN_CREDENTIAL = "unknown_credential"
    NOT_FOUND = "not_found"
    NOT_ALLOWED = "not_allowed"
    TOO_LARGE = "too_large"
    NOT_IMPLEMENTED = "not_implemented"
    CRASHED = "crashed"


class UsedLimit(NamedTuple):
    """How much of a limit an account uses."""

    name: str
    """What is limited: `pools`, or `pools of subuser1`."""
    used: int
    limit: int
    source: Source


class Provider(OperationBlueprint):
    """The interface that each provider implements. `ProviderBlueprint` adds the processing of requests."""

    title: ClassVar[str]
    catalog: ClassVar[ModuleType]
    """The module with its errors, limits and switches."""
    seed_schema: ClassVar[type[SeedSection]]
    """The schema of its section of a seed."""
    api_key_pattern: ClassVar[re.Pattern[str]]
    api_key_format: ClassVar[str] = ""
    """The format of an API key, for messages."""
    authorization_format: ClassVar[str] = "the header 'Authorization'"
    """Where a request has its API key, for messages."""
    example_api_key: ClassVar[str]
    rate_limit_window: ClassVar[int | None] = None
    """The length of a rate limit window in seconds; None for no rate limits."""
    openapi_document: ClassVar[Path | None] = None
    """The path of its OpenAPI document; None if it is one of this package's."""
    operations_file: ClassVar[Path | None] = None
    """The path of the list of all operations of its API; None if it has no such list."""
    content_type: ClassVar[str] = JSON
    """The Content-Type of its JSON responses."""

    operations: dict[str, Operation]
    """By operationId, in the order of registration."""

    @functools.cached_property
    def operations_list(self) -> str:
        """The list of all operations of its API. It is read at startup, so that no request opens a file."""
        return "" if self.operations_file is None else self.operations_file.read_text("utf-8")

    @functools.cached_property
    def paths(self) -> ApiPaths:
        """The paths of its API, with all operations. It is built by the first request, not at startup."""
        paths = ApiPaths()
        for operation in self.operations.values():
            for path in operation.paths:
                paths.add(operation.method, path, operation)
        for method, path in parse_operations(self.operations_list):
            paths.add(method, path)
        return paths

    @property
    def not_implemented(self) -> Mapping[str, Sequence[str]]:
        """Operations that are not implemented: methods by path template."""
        found = {
            item.path: [method for method, operation in item.operations.items() if operation is None]
            for item in self.paths.items
        }
        return {path: methods for path, methods in found.items() if methods}

    @functools.cached_property
    def contract(self) -> Contract:
        """Its OpenAPI document, for the validation of requests and responses."""
        return Contract.load(self.openapi_path)

    @property
    def openapi_path(self) -> Path:
        """The path of its OpenAPI document."""
        return self.openapi_document or resources.folder("openapi") / f"{self.name}.yaml"

    def get_credential(self, request: flask.Request) -> str | None:
        """Return the request's credential; None if it has none that the provider accepts.

        Raises `RequestEntityTooLarge` if it may be in a body that is too large.
        """
        raise NotImplementedError

    def served_regions(self, state: Any) -> Sequence[str]:
        """Return the regions whose hosts serve the keys of an account; all of them by default."""
        return self.regions

    def check_region(self, exchange: Exchange) -> None:
        """Raise an error if the request was sent to a region that does not serve the account's keys."""

    def authorize(self, exchange: Exchange) -> None:
        """Check the caller's rights, and set the account that it acts for. Raises `ApiError`."""
        raise NotImplementedError

    def failure(self, failure: Failure, *, method: str, path: str, profile: Profile) -> ApiError:
        """Return the error of a request that fails before or instead of an operation."""
        raise NotImplementedError

    def general_errors(self, path: str) -> Iterable[ErrorMessage]:
        """Return the errors without placeholders that every operation of a path can return."""
        return ()

    def fault_error(self, status: int, exchange: Exchange) -> ApiError:
        """Return the error of a planned fault, with its headers."""
        raise NotImplementedError

    def error_response(self, error: ApiError) -> flask.Response:
        """Return an error in the provider's format."""
        raise NotImplementedError

    def options_response(self, path: str, allow: str) -> flask.Response:
        """Return the response to OPTIONS on a known path; `allow` are its methods."""
        raise NotImplementedError

    def response_headers(self, exchange: Exchange) -> Iterable[tuple[str, str]]:
        """Yield the headers that every response of the provider has."""
        return ()

    def reason_phrase(self, status: int) -> str:
        """Return the reason phrase of the status line, which several clients show."""
        return HTTP_STATUS_CODES.get(status, "Unknown")

    def used_limits(self, state: Any) -> Iterable[UsedLimit]:
        """Yield the limits of an account on what it has."""
        return ()

    def run_due_jobs(self, state: Any, now: float) -> Any:
        """Return the state at a time: unchanged, or a copy after all due jobs were run."""
        return state

    def make_api_key(self, material: str) -> str:
        """Return a well-formed API key made of 64 hexadecimal characters."""
        raise NotImplementedError

    def authorization_header(self, key: str) -> str:
        """Return the value of `Authorization` for an API key."""
        raise NotImplementedError

    def client_env(self, url: str, key: str) -> Mapping[str, str]:
        """Return the environment variables that the provider's clients read, for a base URL and an API key."""
        raise NotImplementedError

    def encode(self, data: object) -> bytes:
        """Return JSON as the provider sends it."""
        return encode(data)

    def smtp_provider(self) -> SmtpProvider | None:
        """Return what the provider says over SMTP; None if it has no SMTP."""
        return None

    def find_login(self, tenants: Tenants, login: str, password: str, region: str | None) -> Caller | None:
        """Return the caller of a login over SMTP, a user name and its password; None if it is unknown.

        By default the password is an API key. Raises `TenantEvicted`.
        """
        return tenants.caller(self.name, password, self.api_key_pattern, region)

    @property
    def service(self) -> Service | None:
        """Its real service, which `mockserver drift` compares it with; None if that is not supported."""
        return None

    @property
    def switches(self) -> Sequence[Switch]:
        """The switches of its catalog."""
        return switches(self.catalog)
