"""Validation of requests and responses against an OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from mockserver.web.openapi import Contract
from mockserver.web.server_state import server_state

from ..support import SENDGRID, response_violations, store_of


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
def test_response_violation_is_returned(
    status: int, content_type: str | None, data: object, response_violation: str | None
) -> None:
    """With place and reason."""
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": False}
    contract = contract_with({"description": "", "content": {"application/json": {"schema": schema}}})
    assert contract.response_violation("do", status, content_type, data) == response_violation


@pytest.mark.parametrize(("data", "where"), [({"a": "x"}, "/a "), ({"a": 1, "b": 2}, " ")])
def test_response_violation_names_the_place(data: object, where: str) -> None:
    """An answer that breaks its schema is reported with the place and the validator's message."""
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
def test_request_violation_is_returned(
    path_values: dict[str, str], query: dict[str, str], content_type: str, body: bytes, violations: list[str]
) -> None:
    """With place and rule."""
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


@pytest.mark.parametrize(
    ("query", "content_type", "body", "violations"),
    [
        ({"ip": "1", "name": "x"}, "application/json", b'{"name": "x"}', ["/query/name place x"]),
        ({"ip": "1", "first": "x"}, "application/json", b'{"name": "x"}', ["/query/first place x"]),
        ({"ip": "1"}, "application/json", b'{"name": "x", "limit": 2}', ["/body/limit place 2"]),
        ({}, "application/x-www-form-urlencoded", b"name=x&ip=1&ip=2",
         ["/query/ip required None", "/body/ip place 1"]),
        ({"ip": "1"}, "application/x-www-form-urlencoded", b"name=x&both=1&other=1&id=7&X-Thing=1", []),
        ({"ip": "1", "both": "1", "other": "1", "id": "7", "X-Thing": "1"}, "application/json", b'{"name": "x"}', []),
    ],
)  # fmt: skip
def test_parameter_in_another_place_is_a_violation(
    query: dict[str, str], content_type: str, body: bytes, violations: list[str]
) -> None:
    """A parameter that is documented in the query is sent in the body, or the other way round; others are unused."""
    media = {
        "schema": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "both": {}},
            "allOf": [{"anyOf": [{"properties": {"first": {}}}, {"properties": {"second": {}}}]}],
        }
    }
    contract = contract_with(
        {"description": ""}, {"content": {"application/json": media, "application/x-www-form-urlencoded": media}}
    )
    operation = contract.document["paths"]["/things/{id}"]["put"]
    operation["parameters"].append({"name": "both", "in": "query", "schema": {}})
    contract = Contract(contract.document)
    found = contract.request_violations("do", {"id": "7"}, MultiDict(query), content_type, body)
    assert [f"{violation.pointer} {violation.rule} {violation.value}" for violation in found] == violations


def test_parameter_in_a_body_that_is_not_documented_is_a_violation() -> None:
    contract = contract_with({"description": ""})
    form = "application/x-www-form-urlencoded"
    found = contract.request_violations("do", {"id": "7"}, MultiDict({"ip": "1"}), form, b"limit=5&colour=red")
    assert [(violation.pointer, violation.rule) for violation in found] == [("/body/limit", "place")]


def test_response_violation_is_logged_and_counted(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A response that breaks the contract is sent all the same, logged, counted, and in the journal."""
    app = make_app()
    monkeypatch.setattr("mockserver.providers.sendgrid.responses.pool_name", lambda pool: {"title": pool.name})
    assert SENDGRID.client(app).get("/v3/ips/pools").status_code == 200
    assert response_violations(app) == 1
    assert "response violates the OpenAPI document: sendgrid listIpPools" in caplog.text
    response_violation = list(store_of(app).tenant("default").request_log)[-1].response_violation
    assert response_violation is not None and response_violation.startswith("/0 ")
    server_state(app).store.reset()
