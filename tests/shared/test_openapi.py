"""The OpenAPI document of a provider: valid, complete, and the same as what is served."""

from __future__ import annotations

import re

from flask import request
from openapi_spec_validator import OpenAPIV31SpecValidator

from mockserver import Config, create_app
from mockserver.core.errors import entries, limits

from ..contract.document import check_examples, operations, reachable, walk
from ..provider_case import ProviderCase, settings_of


def test_valid(case: ProviderCase) -> None:
    """The document is OpenAPI 3.1."""
    document = case.load_blueprint().contract.document
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"].startswith("3.1")


def test_same_routes(case: ProviderCase) -> None:
    """The document's operations and the served ones are the same, aliases too, with the same names for their parts."""
    documented = set(case.load_blueprint().contract.paths())
    declared = {
        (operation.id, operation.method, path)
        for operation in case.load_blueprint().operations.values()
        for path in operation.paths
    }
    assert documented == declared
    app = create_app(Config(**settings_of([case])))
    for operation_id, method, path in documented:
        with app.test_request_context(f"/{case.name}{path}", method=method):
            assert request.endpoint == f"{case.name}.{operation_id}"
            assert request.view_args == {name: f"{{{name}}}" for name in re.findall("{(.*?)}", path)}


def test_every_operation_is_described(case: ProviderCase) -> None:
    """Every operation has a summary, a description, and the answers that any can get."""
    for path, method, operation in operations(case.load_blueprint().contract.document):
        assert operation["summary"] and operation["description"], (path, method)
        assert {"401", "413", "500"} <= set(operation["responses"]), (path, method)


def test_response_schemas_are_closed(case: ProviderCase) -> None:
    """Every object in an answer names the fields it always has, and allows no other than its own."""
    document = case.load_blueprint().contract.document
    answers = [operation["responses"] for _, _, operation in operations(document)]
    objects = [
        node
        for pointer, node in reachable(document, [*answers, document["x-answers-without-operation"]], set())
        if node.get("type") == "object" and "/examples/" not in pointer
    ]
    assert len(objects) >= 3
    for node in objects:
        assert node["additionalProperties"] is False, node
        assert node.get("required") or "patternProperties" in node, node


def test_examples_fit(case: ProviderCase) -> None:
    """Every media type has an example, and every example fits its schema."""
    check_examples(case.load_blueprint().contract.document)


def test_limits_are_the_catalogs(case: ProviderCase) -> None:
    """Every limit of the catalog is in the document, and every number that names a limit is that limit."""
    known = limits(case.load_blueprint().catalog)
    returned = set()
    for pointer, node in walk(case.load_blueprint().contract.document):
        for keyword, name in node.get("x-limits", {}).items():
            assert node[keyword] == known[name], pointer
            returned.add(name)
    assert returned == set(known)


def test_links_name_operations(case: ProviderCase) -> None:
    """Every link leads to an operation of the document, and there are some."""
    contract = case.load_blueprint().contract
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


def test_every_error_fits_the_document(case: ProviderCase) -> None:
    """Every entry of the catalog, with likely values, fits an answer that the document has for its status.

    Replies of SMTP, with the detail `smtp` and a status that HTTP does not use, are no responses.
    """
    contract = case.load_blueprint().contract
    places = [None, *(operation.id for operation in case.load_blueprint().operations.values())]
    samples: dict[str, object] = {
        "count": 100, "id": "nope", "ip": "192.0.2.1", "login": "bob@example.com", "method": "GET", "name": "full",
        "path": "/v3/x", "scopes": "ips.pools.read", "value": "x", "domain": "mail.example.com", "pool": "nope",
        "reason": "The domain is disabled.", "content_type": "application/json", "given": "string",
        "time": "Mon, 20 Dec 2021 20:33:21 UTC",
    }  # fmt: skip
    fields = {
        "missing": "name", "bad_format": "limit", "bad_value": "ip", "string_type": "name", "array_type": "key_grants",
        "invalid_address": "to", "boolean_type": "setup_api_key", "number_type": "quantity", "object_type": "options",
    }  # fmt: skip
    for key, entry in entries(case.load_blueprint().catalog).items():
        values = {**samples, "field": fields.get(key)}
        response = case.load_blueprint().error_response(entry(**{name: values[name] for name in entry.placeholders}))
        data = response.json if response.is_json else None
        response_violations = [
            contract.response_violation(place, response.status_code, response.content_type, data) for place in places
        ]
        assert None in response_violations, (key, set(response_violations))
