"""The operations of a provider's API by path: implemented, not implemented (501), or unknown to the provider."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from mockserver import Config, create_app

from ..provider_case import ProviderCase
from ..support import ProviderClient, response_violations

Segments = tuple[str, ...]
"""A path template; a variable is an empty text."""
METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")


@pytest.fixture
def provider(provider_settings: dict[str, Any], case: ProviderCase) -> Iterator[ProviderClient]:
    """A client for thousands of requests: the store does not check each of them."""
    app = create_app(Config(**provider_settings))
    app.test_client_class = ProviderClient
    yield case.client(app)
    assert response_violations(app) == 0


def segments(path: str) -> Segments:
    return tuple(re.sub(r"\{.*\}", "", part) for part in path.split("/") if part)


def listed(case: ProviderCase) -> list[tuple[str, str]]:
    """Return the methods and paths of the list of all operations."""
    file = case.load_blueprint().operations_file
    lines = file.read_text("utf-8").splitlines() if file is not None else []
    return [(line.split()[0], line.split()[1]) for line in lines if line and not line.startswith("#")]


def api(case: ProviderCase) -> dict[Segments, dict[str, str | None]]:
    """Return every path template with the operations by method; None for one that is not implemented."""
    found: dict[Segments, dict[str, str | None]] = {}
    for method, path in listed(case):
        found.setdefault(segments(path), {})[method] = None
    for operation in case.load_blueprint().operations.values():
        for path in operation.paths:
            found.setdefault(segments(path), {})[operation.method] = operation.id
    return found


def outcomes(provider: ProviderClient, path: str) -> Iterator[tuple[str, int, str, str | None, str | None]]:
    """Send each method to a path. Yield method, status, `Allow`, and operation and failure in the request log."""
    tenant = provider.tenant
    for method in METHODS:
        tenant.request_log.clear()
        response = provider.open(path, method=method)
        (record,) = tenant.request_log
        is_marked = response.headers.get("X-Mockserver-Not-Implemented") == "1"
        assert is_marked == (record.failure == "not_implemented") == (response.status_code == 501), (method, path)
        yield method, response.status_code, response.headers.get("Allow", ""), record.operation, record.failure


def check(provider: ProviderClient, path: str, operations: dict[str, str | None]) -> None:
    for method, status, allow, operation, failure in outcomes(provider, path):
        if method not in operations:
            expected = (405, ", ".join(sorted(operations)), None, "not_allowed")
            assert (status, allow, operation, failure) == expected, (method, path)
        elif operations[method] is None:
            assert (status, operation, failure) == (501, None, "not_implemented"), (method, path)
        else:
            assert (operation, failure) == (operations[method], None), (method, path)


def test_every_operation_is_implemented_or_501(provider: ProviderClient, case: ProviderCase) -> None:
    """With the methods that its path does not have: a 405 with those that it has, implemented or not."""
    for template, operations in api(case).items():
        check(provider, "/" + "/".join(part or "x-1" for part in template), operations)


def test_fixed_segment_precedes_a_variable(provider: ProviderClient, case: ProviderCase) -> None:
    """A path that fits two templates belongs to one of them, whatever its method."""
    templates = api(case)
    for one, other in itertools.combinations(templates, 2):
        if len(one) != len(other) or not all(a == b or not a or not b for a, b in zip(one, other, strict=True)):
            continue
        path = [a or b or "x-1" for a, b in zip(one, other, strict=True)]
        fitting = [
            each
            for each in templates
            if len(each) == len(path) and all(part in ("", sent) for part, sent in zip(each, path, strict=True))
        ]
        best = min(fitting, key=lambda each: [not part for part in each])
        check(provider, "/" + "/".join(path), templates[best])


def test_operation_not_implemented_has_the_providers_error(provider: ProviderClient, case: ProviderCase) -> None:
    """Only for a request with a key; the path may have a slash at its end."""
    for path, methods in case.load_blueprint().not_implemented.items():
        sent = path.replace("{", "").replace("}", "")
        for method in methods:
            response = provider.open(sent, method=method)
            assert f"mockserver does not implement {method} {sent}" in response.text
            assert provider.open(sent + "/", method=method).status_code == 501
            response = provider.with_headers({}).open(sent, method=method)
            assert response.status_code == 401
            assert "X-Mockserver-Not-Implemented" not in response.headers


def test_variable_of_a_path_is_not_empty(provider: ProviderClient, case: ProviderCase) -> None:
    for method, path in listed(case):
        without = re.sub(r"\{.*?\}", "", path)
        if "//" in without:
            assert provider.open(without, method=method).status_code == 404, (method, without)


def test_not_implemented_of_the_case_is_501(provider: ProviderClient, case: ProviderCase) -> None:
    assert case.not_implemented is not None
    method, path = case.not_implemented
    assert provider.open(path, method=method).status_code == 501


def test_options_of_an_operation_not_implemented(provider: ProviderClient, case: ProviderCase) -> None:
    path, methods = next(iter(case.load_blueprint().not_implemented.items()))
    response = provider.with_headers({}).options(path.replace("{", "").replace("}", ""))
    assert response.status_code == case.options_status
    if case.options_allow:
        assert set(methods) <= set(response.headers["Allow"].split(", "))


def test_operation_not_implemented_ignores_faults_and_changes_nothing(
    make_app: Callable[..., Flask], case: ProviderCase
) -> None:
    app = make_app()
    provider = case.new_client(app)
    assert case.not_implemented is not None
    method, path = case.not_implemented
    tenant = provider.tenant
    app.test_client().post(
        f"/_mockserver/tenants/{tenant.id}/faults", json={"operation": f"{case.name}.*", "kind": "error", "status": 503}
    )
    assert provider.open(path, method=method).status_code == 501
    assert tenant.read().states == {}
    assert provider.get(case.pools_path).status_code == 503


def test_list_of_operations_has_no_operation_twice(case: ProviderCase) -> None:
    found = listed(case)
    assert len({(method, segments(path)) for method, path in found}) == len(found)
    assert {method for method, _ in found} <= set(METHODS)
    assert all(re.fullmatch(r"(/[A-Za-z0-9_.:-]+|/\{[A-Za-z_-]+\})+", path) for _, path in found)
