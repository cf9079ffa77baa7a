"""The OpenAPI document of the control API."""

from __future__ import annotations

from collections.abc import Iterator

from openapi_spec_validator import OpenAPIV31SpecValidator

from mockserver import Config, create_app
from mockserver.control import PREFIX
from mockserver.control.blueprint import CONTRACT
from mockserver.web.openapi import Contract

from .document import check_examples, operations, walk


def control_rules() -> Iterator[tuple[str, str, str]]:
    """Yield operationId, method and path template of every rule of the control API."""
    for rule in create_app(Config()).url_map.iter_rules():
        blueprint, _, operation_id = rule.endpoint.rpartition(".")
        if blueprint == "control":
            path = rule.rule.removeprefix(PREFIX).replace("<", "{").replace(">", "}")
            yield from ((operation_id, method, path) for method in rule.methods or ())


def test_the_control_document() -> None:
    """The control API's document is valid, has just what is served, and its examples fit."""
    contract = Contract.load(CONTRACT)
    OpenAPIV31SpecValidator(contract.document).validate()
    assert set(contract.paths()) == set(control_rules())
    check_examples(contract.document)
    ids = {operation["operationId"] for _, _, operation in operations(contract.document)}
    for pointer, node in walk(contract.document):
        if pointer.rpartition("/")[0].endswith("/responses"):
            assert {link["operationId"] for link in node.get("links", {}).values()} <= ids
    for path, method, operation in operations(contract.document):
        assert operation["summary"] and operation["description"], (path, method)
        assert {"421", "500"} <= set(operation["responses"]), (path, method)


def test_a_tag_is_a_module() -> None:
    """Every operation of the control API stands in the module that has the name of its tag."""
    app = create_app(Config())
    for _, _, operation in operations(Contract.load(CONTRACT).document):
        view = app.view_functions[f"control.{operation['operationId']}"]
        assert [view.__module__] == [f"mockserver.control.{tag.lower().replace(' ', '_')}" for tag in operation["tags"]]
