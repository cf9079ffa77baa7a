"""What the tests of `tests/shared` need to know of a provider. Each module of `tests/cases` describes one."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from flask import Flask
from werkzeug.test import TestResponse
from werkzeug.utils import import_string

from mockserver.providers import PROVIDERS
from mockserver.web.blueprint import ProviderBlueprint

if TYPE_CHECKING:
    from .support import ProviderClient


@dataclass(frozen=True)
class ProviderCase:
    """A provider under test."""

    name: str
    api_key: str
    """A key that the default seed registers, or else any well-formed one."""
    new_key: Callable[[], str]
    """Return a well-formed key that no test has used before."""
    well_formed_keys: tuple[str, ...]
    malformed_keys: tuple[str, ...]
    key_headers: Callable[[str], dict[str, str]]
    """Return the headers that authenticate with a key."""

    pools_path: str
    """A path that can be read with GET and created at with POST, and nothing else."""
    list_operation: str
    """The operationId of its GET."""
    create_operation: str
    """The operationId of its POST."""
    new_pool: Callable[[str], dict[str, Any]]
    """Return the arguments of a request that creates a pool with this name: `json` or `data`."""
    created_id: Callable[[Any], str]
    """Return what identifies a pool, from the response that created it."""
    listed_ids: Callable[[Any], list[str]]
    """Return what identifies each pool, from the list of them."""
    create_rule: str
    """The import path of the function that creates a pool; its first argument is the transaction."""

    errors: Mapping[int, object]
    """The bodies, JSON or text, of 401 (unknown key), 404 (`/nope`), 405 (PUT to the pools), 413 and 500."""
    fault_body: object
    """The body of a planned 429."""
    rate_limit_headers: bool = True
    """Whether a planned 429 has a header that names the time of the next try: `X-RateLimit-Reset`."""
    options_status: int = 405
    """The status of OPTIONS at a path that exists."""
    options_allow: bool = True
    """Whether that response has the header `Allow`."""
    reason_phrase: Callable[[str], str] = str
    """How it writes a standard reason phrase."""
    accepts_json: bool = True
    """Whether the POST takes a JSON object whose only key is `name`."""
    further_requests: Callable[[str], list[tuple[str, str, dict[str, Any]]]] = lambda name: []
    """Return more requests about a pool, for tests of parallel ones: method, path and arguments."""
    pool_limit: int | None = None
    """The maximum number of pools; beyond it, creating one is a 400."""

    account_header: str | None = None
    """The header that names the subaccount to act for."""
    hosts: tuple[str, ...] = ()
    """The hosts of the real service that serve the key."""
    other_hosts: tuple[str, ...] = ()
    """The hosts of regions that the key does not belong to: each returns a 401."""
    empty_hosts: tuple[str, ...] = ()
    """The hosts of regions that serve the key, and where the account has nothing."""
    not_implemented: tuple[str, str] | None = None
    """Method and path of an operation that the provider has and this server does not."""
    blueprint: str | None = None
    """The import string of a blueprint that is not built in, such as `acme_provider:blueprint`."""
    start_job: Callable[[ProviderClient], object] | None = None
    """Send a request whose work ends after the response, if there is one."""
    send_message: Callable[[ProviderClient], Any] | None = None
    """Send a request that sends a message, if there is one."""

    def client(self, app: Flask, key: str | None = None, headers: Mapping[str, str] | None = None) -> ProviderClient:
        """Return a client with a key, `api_key` by default; or with exactly these headers."""
        sent = self.key_headers(key or self.api_key) if headers is None else dict(headers)
        return cast("ProviderClient", app.test_client(case=self, headers=sent))

    def new_client(self, app: Flask) -> ProviderClient:
        """Return a client with a key of its own, which is a tenant of its own."""
        return self.client(app, self.new_key())

    def load_blueprint(self) -> ProviderBlueprint:
        """Return the provider's blueprint."""
        if self.blueprint is None:
            return next(blueprint for blueprint in PROVIDERS if blueprint.name == self.name)
        return cast(ProviderBlueprint, import_string(self.blueprint))

    def full_name(self, operation: str) -> str:
        """Return the name of an operation in faults and request logs."""
        return f"{self.name}.{operation}"

    def __str__(self) -> str:
        return self.name


def body(response: TestResponse) -> object:
    """Return the body of a response: JSON if it says so, else text."""
    return response.json if response.is_json else response.text


def load_cases(further: Iterable[str] = ()) -> list[ProviderCase]:
    """Return the cases of `tests/cases` in the order of their names, then those of further Python files."""
    paths = sorted((Path(__file__).parent / "cases").glob("[!_]*.py"))
    found = [importlib.import_module(f"{__package__}.cases.{path.stem}").CASE for path in paths]
    return [*found, *(_load(f"provider_case_{number}", path) for number, path in enumerate(further))]


def _load(name: str, path: str) -> ProviderCase:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None, path
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    case: ProviderCase = module.CASE
    return case


def settings_of(cases: Iterable[ProviderCase]) -> dict[str, Any]:
    """Return the settings of a server that has these providers."""
    blueprints = [case.blueprint for case in cases if case.blueprint is not None]
    return {"providers": ",".join(blueprints)} if blueprints else {}
