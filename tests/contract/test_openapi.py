"""The OpenAPI documents: valid, complete, and the same as what is served."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema_rs
import pytest
from flask import request
from openapi_spec_validator import OpenAPIV31SpecValidator
from werkzeug.datastructures import MultiDict

from mockserver import Config, create_app
from mockserver.control import PREFIX
from mockserver.core.errors import entries, limits
from mockserver.providers import PROVIDERS
from mockserver.web.openapi import METHODS, Contract
from mockserver.web.provider import Provider

from ..support import World, response_violations

EACH = pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def walk(node: Any, pointer: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every mapping of a document with the pointer to it."""
    if isinstance(node, dict):
        yield pointer, node
        for key, value in node.items():
            yield from walk(value, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from walk(value, f"{pointer}/{index}")


@EACH
def test_valid(provider: Provider) -> None:
    """The document is OpenAPI 3.1."""
    document = Contract.load(provider.name).document
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"].startswith("3.1")


@EACH
def test_same_routes(provider: Provider) -> None:
    """The document's operations and the served ones are the same, aliases too, with the same names for their parts."""
    documented = set(Contract.load(provider.name).paths())
    declared = {
        (operation.id, operation.method, path) for operation in provider.operations.values() for path in operation.paths
    }
    assert documented == declared
    app = create_app(Config())
    for operation_id, method, path in documented:
        with app.test_request_context(f"/{provider.name}{path}", method=method):
            assert request.endpoint == f"{provider.name}.{operation_id}"
            assert request.view_args == {name: f"{{{name}}}" for name in re.findall("{(.*?)}", path)}


def control_rules() -> Iterator[tuple[str, str, str]]:
    """Yield operationId, method and path template of every rule of the control API."""
    for rule in create_app(Config()).url_map.iter_rules():
        blueprint, _, operation_id = rule.endpoint.rpartition(".")
        if blueprint == "control":
            path = rule.rule.removeprefix(PREFIX).replace("<", "{").replace(">", "}")
            yield from ((operation_id, method, path) for method in rule.methods or ())


def test_the_control_document() -> None:
    """The control API's document is valid, has just what is served, and its examples fit."""
    contract = Contract.load("control")
    OpenAPIV31SpecValidator(contract.document).validate()
    assert set(contract.paths()) == set(control_rules())
    check_examples(contract.document)
    ids = {operation["operationId"] for _, _, operation in operations(contract.document)}
    for _, node in walk(contract.document):
        for link in node.get("links", {}).values():
            assert link["operationId"] in ids
    for path, method, operation in operations(contract.document):
        assert operation["summary"] and operation["description"], (path, method)
        assert {"421", "500"} <= set(operation["responses"]), (path, method)


def test_a_tag_is_a_module() -> None:
    """Every operation of the control API stands in the module that has the name of its tag."""
    app = create_app(Config())
    for _, _, operation in operations(Contract.load("control").document):
        view = app.view_functions[f"control.{operation['operationId']}"]
        assert [view.__module__] == [f"mockserver.control.{tag.lower()}" for tag in operation["tags"]]


@EACH
def test_unmodelled_is_not_modelled(provider: Provider) -> None:
    """No operation is both served and listed as not modelled."""
    served = {(operation.method, path) for operation in provider.operations.values() for path in operation.paths}
    not_implemented = {(method, path) for path, methods in provider.not_implemented.items() for method in methods}
    assert not served & not_implemented


@EACH
def test_every_operation_is_told(provider: Provider) -> None:
    """Every operation has a summary, a description, and the answers that any can get."""
    for path, method, operation in operations(Contract.load(provider.name).document):
        assert operation["summary"] and operation["description"], (path, method)
        assert {"401", "413", "500"} <= set(operation["responses"]), (path, method)


def reachable(document: dict[str, Any], node: Any, seen: set[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every mapping under a node, and under what it refers to."""
    for pointer, each in walk(node, "."):
        yield pointer, each
        reference = each.get("$ref")
        if isinstance(reference, str) and reference not in seen:
            seen.add(reference)
            target: Any = document
            for part in reference[2:].split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            yield from reachable(document, target, seen)


@EACH
def test_answers_are_closed(provider: Provider) -> None:
    """Every object in an answer names the fields it always has, and allows no other than its own."""
    document = Contract.load(provider.name).document
    answers = [operation["responses"] for _, _, operation in operations(document)]
    objects = [
        node
        for pointer, node in reachable(document, [*answers, document["x-answers-without-operation"]], set())
        if node.get("type") == "object" and "/examples/" not in pointer
    ]
    assert len(objects) > 5
    for node in objects:
        assert node["additionalProperties"] is False, node
        assert node.get("required") or "patternProperties" in node, node


@EACH
def test_examples_fit(provider: Provider) -> None:
    """Every media type has an example, and every example fits its schema."""
    check_examples(Contract.load(provider.name).document)


def check_examples(document: dict[str, Any]) -> None:
    validators = jsonschema_rs.validator_map_for(document)
    count = 0
    for pointer, node in walk(document):
        if not re.search(r"/content/[^/]+$", pointer):
            continue
        examples = [example["value"] for example in node.get("examples", {}).values()]
        assert examples, pointer
        for example in examples:
            errors = [error.message for error in validators[f"{pointer}/schema"].iter_errors(example)]
            assert not errors, (pointer, example, errors)
            count += 1
    assert count > 10


@EACH
def test_limits_are_the_catalogs(provider: Provider) -> None:
    """Every limit of the catalog is in the document, and every number that names a limit is that limit."""
    known = limits(provider.catalog)
    returned = set()
    for pointer, node in walk(Contract.load(provider.name).document):
        for keyword, name in node.get("x-limits", {}).items():
            assert node[keyword] == known[name], pointer
            returned.add(name)
    assert returned == set(known)


@EACH
def test_links_lead_somewhere(provider: Provider) -> None:
    """Every link leads to an operation of the document, and there are some."""
    contract = Contract.load(provider.name)
    document = contract.document
    ids = {operation["operationId"]: (path, operation) for path, _, operation in operations(document)}
    answers = [node for pointer, node in walk(document) if re.search("/responses/[^/]+$", pointer)]
    links = [link for node in answers for link in node.get("links", {}).values()]
    assert links
    for link in links:
        path, operation = ids[link["operationId"]]
        shared = document["paths"][path].get("parameters", [])
        parameters = [contract.resolve(each)[0] for each in [*shared, *operation.get("parameters", [])]]
        in_query = {f"query.{each['name']}" for each in parameters if each["in"] == "query"}
        for name in link.get("parameters", {}):
            assert name in in_query or f"{{{name.removeprefix('path.')}}}" in path, link


@EACH
def test_every_refusal_fits(provider: Provider) -> None:
    """Every entry of the catalog, with likely values, fits an answer that the document has for its status."""
    contract = Contract.load(provider.name)
    places = [None, *(operation.id for operation in provider.operations.values())]
    samples: dict[str, object] = {
        "count": 100, "id": "nope", "ip": "192.0.2.1", "method": "GET", "name": "full", "path": "/v3/x",
        "scopes": "ips.pools.read", "type": "number", "value": "x",
    }  # fmt: skip
    fields = {"field_type": "fbl_signing_domain", "missing": "name", "bad_format": "limit", "bad_value": "ip"}
    for key, entry in entries(provider.catalog).items():
        values = {**samples, "field": fields.get(key)}
        response = provider.error_response(entry(**{name: values[name] for name in entry.placeholders}))
        data = response.json if response.is_json else None
        response_violations = [
            contract.response_violation(place, response.status_code, response.content_type, data) for place in places
        ]
        assert None in response_violations, (key, set(response_violations))


def contract_with(answer: dict[str, Any], request_body: dict[str, Any] | None = None) -> Contract:
    operation: dict[str, Any] = {
        "operationId": "do",
        "responses": {"200": answer},
        "parameters": [
            {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1}},
            {"name": "ip", "in": "query", "required": True, "schema": {"type": "string", "pattern": "^1"}},
            {"name": "X-Thing", "in": "header", "schema": {"type": "string"}},
        ],
    }
    if request_body is not None:
        operation["requestBody"] = request_body
    return Contract(
        {
            "openapi": "3.1.0",
            "paths": {
                "/things/{id}": {
                    "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
                    "put": operation,
                }
            },
            "x-answers-without-operation": {"404": {"description": "no"}},
        }
    )


@pytest.mark.parametrize(
    ("status", "content_type", "data", "response_violation"),
    [
        (200, "application/json; charset=utf-8", {"a": 1}, None),
        (200, "text/plain", None, "media type text/plain with status 200 is not in the OpenAPI document"),
        (200, None, None, "no body with status 200: expected ['application/json']"),
        (201, "application/json", {"a": 1}, "status 201 is not in the OpenAPI document"),
    ],
)
def test_a_misfit_is_told(status: int, content_type: str | None, data: object, response_violation: str | None) -> None:
    """An answer that the contract has not is told, with where and why."""
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": False}
    contract = contract_with({"description": "", "content": {"application/json": {"schema": schema}}})
    assert contract.response_violation("do", status, content_type, data) == response_violation


@pytest.mark.parametrize(("data", "where"), [({"a": "x"}, "/a "), ({"a": 1, "b": 2}, " ")])
def test_where_an_answer_breaks_its_schema(data: object, where: str) -> None:
    """An answer that breaks its schema is told with the place, and the validator's words."""
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": False}
    contract = contract_with({"description": "", "content": {"application/json": {"schema": schema}}})
    response_violation = contract.response_violation("do", 200, "application/json", data)
    assert response_violation is not None
    assert response_violation.startswith(where)
    assert len(response_violation) > len(where)


@pytest.mark.parametrize(
    ("path_values", "query", "content_type", "body", "violations"),
    [
        ({"id": "7"}, {"ip": "1"}, "application/json", b'{"name": "x"}', []),
        ({"id": "x"}, {"ip": "1"}, "application/json", b'{"name": "x"}', ["/path/id type"]),
        ({"id": "7"}, {}, "application/json", b'{"name": "x"}', ["/query/ip required"]),
        ({"id": "7"}, {"ip": "2", "limit": "0"}, "application/json", b'{"name": "x"}',
         ["/query/limit minimum", "/query/ip pattern"]),
        ({"id": "7"}, {"ip": "1", "limit": "x"}, "application/json", b'{"name": "x"}', ["/query/limit type"]),
        ({"id": "7"}, {"ip": "1", "limit": "1.0"}, "application/json", b'{"name": "x"}', ["/query/limit type"]),
        ({"id": "7"}, {"ip": "1", "limit": "[" * 9000}, "application/json", b'{"name": "x"}', ["/query/limit type"]),
        ({"id": "7"}, {"ip": "1", "limit": "007"}, "application/json", b'{"name": "x"}', []),
        ({"id": "7"}, {"ip": "1"}, "application/json", b"", ["/body required"]),
        ({"id": "7"}, {"ip": "1"}, "application/json", b"{", ["/body json"]),
        ({"id": "7"}, {"ip": "1"}, "application/json", b"{}", ["/body required"]),
        ({"id": "7"}, {"ip": "1"}, "application/json", b'{"name": 1}', ["/body/name type"]),
        ({"id": "7"}, {"ip": "1"}, "text/plain", b"x", ["/headers/Content-Type content"]),
        ({"id": "7"}, {"ip": "1"}, "application/x-www-form-urlencoded", b"name=x&ip=1&ip=2", []),
        ({"id": "7"}, {"ip": "1"}, "application/x-www-form-urlencoded", b"ip=1", ["/body required"]),
    ],
)  # fmt: skip
def test_a_violation_is_told(
    path_values: dict[str, str], query: dict[str, str], content_type: str, body: bytes, violations: list[str]
) -> None:
    """A request that breaks the contract is told, with where and which rule."""
    schema = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string"}, "ip": {"type": "array", "items": {"type": "string"}}},
    }
    media = {"schema": schema}
    contract = contract_with(
        {"description": ""},
        {"required": True, "content": {"application/json": media, "application/x-www-form-urlencoded": media}},
    )
    found = contract.request_violations("do", path_values, MultiDict(query), content_type, body)
    assert [f"{violation.pointer} {violation.rule}" for violation in found] == violations


def test_a_wrong_answer_is_logged_and_counted(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An answer of ours that breaks the contract is sent all the same, logged, counted, and in the journal."""
    world = make_world()
    monkeypatch.setattr("mockserver.providers.sendgrid.responses.pool_name", lambda pool: {"title": pool.name})
    assert world.sendgrid.get("/v3/ips/pools").status_code == 200
    assert response_violations(world.app) == 1
    assert "response violates the OpenAPI document: sendgrid listIpPools" in caplog.text
    response_violation = list(world.store.tenant("default").request_log)[-1].response_violation
    assert response_violation is not None and response_violation.startswith("/0 ")
    world.server.store.reset()
