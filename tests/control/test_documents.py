"""The OpenAPI documents that a server publishes: one for each profile."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import validate

from mockserver.core.profiles import NAMES
from mockserver.providers import PROVIDERS
from mockserver.web.openapi import METHODS

DOCUMENTS = [(provider.name, profile) for provider in PROVIDERS for profile in NAMES]
STATUS = {"documented": 400, "live": 200}


def get(app: Flask, name: str, profile: str | None = None) -> dict[str, Any]:
    """Return a document."""
    query = {} if profile is None else {"profile": profile}
    response = app.test_client().get(f"/_mockserver/openapi/{name}.json", query_string=query)
    assert response.status_code == 200
    document: dict[str, Any] = json.loads(response.data)
    return document


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Yield the path, the path item and the operation object of each operation."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, item, item[method]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "profile"), [*DOCUMENTS, ("control", None)])
def test_document(name: str, profile: str | None, make_app: Callable[..., Flask]) -> None:
    """It is a valid document of OpenAPI, with all paths, and without 501 and marks of switches."""
    app = make_app()
    document = get(app, name, profile)
    validate(document)
    assert 'x-switch"' not in json.dumps(document)
    assert "x-alias-paths" not in json.dumps(document["paths"])
    found = list(operations(document))
    assert not any("501" in operation["responses"] for _, _, operation in found)
    assert all(("operationId" in operation) != ("x-alias-of" in item) for _, item, operation in found)
    if name != "control":
        registered = {
            path for each in app.extensions["mockserver"].providers[name].operations.values() for path in each.paths
        }
        assert {path for path, _, _ in found} == registered
        assert f"mockserver fuzz-info --provider {name}" in document["info"]["description"]


def test_alias_path(make_app: Callable[..., Flask]) -> None:
    """An alias path has the operations of the documented one."""
    paths = get(make_app(), "mailgun")["paths"]
    assert paths["/v1/ip_pools"]["x-alias-of"] == "/v3/ip_pools"
    assert paths["/v3/ip_pools"]["get"].pop("operationId") == "listIpPools"
    assert paths["/v1/ip_pools"]["get"] == paths["/v3/ip_pools"]["get"]


@pytest.mark.parametrize("profile", NAMES)
def test_document_of_a_profile(profile: str, make_app: Callable[..., Flask]) -> None:
    """It has the fields and the required fields of that profile; the default is that of the server's seed."""
    app = make_app(profile=profile)
    document = get(app, "sparkpost", profile)
    assert get(app, "sparkpost") == document
    other = get(app, "sparkpost", "live" if profile == "documented" else "documented")
    assert other != document
    assert ("signing_domain" in document["components"]["schemas"]["NewPool"]["properties"]) is (profile == "live")
    body = document["paths"]["/api/v1/sending-ips/{external_ip}"]["put"]["requestBody"]["content"]["application/json"]
    required = [each for one in body["schema"]["anyOf"] for each in one.get("required", [])]
    assert required == ([] if profile == "live" else ["ip_pool"])
    response = app.test_client().put(
        "/sparkpost/api/v1/sending-ips/54.244.54.135",
        json={"auto_warmup_enabled": True},
        headers={"Authorization": "5ba7b0575e0b1c6ad4cab4d2ac1b3a3f0e1d2c3b"},
    )
    assert response.status_code == STATUS[profile]


def test_document_of_a_switch(make_app: Callable[..., Flask]) -> None:
    """A switch that the seed sets decides what the document has."""
    app = make_app(profile={"sparkpost": {"profile": "live", "switches": {"signing_domain": False}}})
    properties = get(app, "sparkpost")["components"]["schemas"]["NewPool"]["properties"]
    assert set(properties) == {"name", "fbl_signing_domain", "auto_warmup_overflow_pool"}


def test_unknown_profile(make_app: Callable[..., Flask]) -> None:
    """It is a 400 that names the profiles."""
    response = make_app().test_client().get("/_mockserver/openapi/sparkpost.json?profile=new")
    assert (response.status_code, response.json["detail"]) == (
        400,
        '/query/profile: the value is not one of "documented" or "live"',
    )
