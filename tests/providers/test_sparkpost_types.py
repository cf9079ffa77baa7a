"""Values of another JSON type: one rule for every field of every body, which is assumed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from ..support import SPARKPOST, ProviderClient

VALUES: tuple[object, ...] = ("x", 5, True, [], {}, None)
KEY = {"name": "new", "key_label": "k", "key_grants": ["smtp/inject"]}
BODIES: dict[str, tuple[str, str, dict[str, Any], dict[str, str]]] = {
    "createIpPool": ("POST", "/api/v1/ip-pools", {"name": "new"}, {
        "name": "String!", "fbl_signing_domain": "String", "signing_domain": "String",
        "auto_warmup_overflow_pool": "String",
    }),
    "updateIpPool": ("PUT", "/api/v1/ip-pools/transactional", {"name": "new"}, {
        "name": "String!", "fbl_signing_domain": "String", "signing_domain": "String",
        "auto_warmup_overflow_pool": "String",
    }),
    "updateSendingIp": ("PUT", "/api/v1/sending-ips/54.244.54.135", {}, {
        "ip_pool": "String", "auto_warmup_enabled": "Boolean", "auto_warmup_stage": "Number",
    }),
    "buyDedicatedIps": ("POST", "/api/v1/account/add-ons/dedicated_ips", {"ip_pool": "default", "quantity": 1}, {
        "ip_pool": "String!", "quantity": "Number!",
    }),
    "createSubaccount": ("POST", "/api/v1/subaccounts", KEY, {
        "name": "String!", "setup_api_key": "Boolean", "key_label": "String!", "key_grants": "Array!",
        "key_valid_ips": "Array", "ip_pool": "String", "options": "Object", "options.deliverability": "Boolean",
    }),
    "updateSubaccount": ("PUT", "/api/v1/subaccounts/123", {}, {
        "name": "String!", "status": "String", "ip_pool": "String", "options": "Object",
        "options.deliverability": "Boolean",
    }),
}  # fmt: skip
"""By operation: method, path, a valid body, and the type of each field of the body; `!` is for those that null means
missing for."""
CASES = [(operation, field) for operation, body in BODIES.items() for field in body[3]]
JSON_TYPES = {"String": str, "Number": int, "Boolean": bool, "Array": list, "Object": dict}


@pytest.fixture
def live(make_app: Callable[..., Flask]) -> ProviderClient:
    """A new tenant with the profile that supports every field, and subaccount 123."""
    app = make_app(profile={"sparkpost": "live"})
    client = SPARKPOST.new_client(app)
    state = {"sparkpost": {
        "ip_pools": [{"id": "transactional", "name": "T"}],
        "sending_ips": [{"external_ip": "54.244.54.135", "hostname": "h"}],
        "subaccounts": [{"id": 123, "name": "S"}],
    }}  # fmt: skip
    response = app.test_client().put(f"/_mockserver/tenants/{client.tenant.id}/state", json={"state": state})
    assert response.status_code == 200, response.text
    return client


def with_value(body: dict[str, Any], field: str, value: object) -> dict[str, Any]:
    outer, _, inner = field.partition(".")
    return {**body, outer: {inner: value} if inner else value}


@pytest.mark.parametrize(("operation", "field"), CASES)
def test_value_of_another_type_is_400(live: ProviderClient, operation: str, field: str) -> None:
    method, path, body, types = BODIES[operation]
    wanted, is_required = types[field].rstrip("!"), types[field].endswith("!")
    article = "an" if wanted[0] in "AO" else "a"
    for value in VALUES:
        if type(value) is JSON_TYPES[wanted]:
            continue
        response = live.open(path, method=method, json=with_value(body, field, value))
        message = f"`{field}` must be {article} {wanted}"
        if value is None and is_required:
            message = f"`{field}` is a required field"
        expected = {"errors": [{"message": message, "param": field, "value": value}]}
        assert (response.status_code, response.json) == (400, expected), value


def test_fields_of_other_types_are_reported_together(live: ProviderClient) -> None:
    """In the order of the document."""
    for operation, (method, path, body, types) in BODIES.items():
        sent = dict(body)
        for field in types:
            if "." not in field:
                sent[field] = 5 if types[field].rstrip("!") != "Number" else "5"
        response = live.open(path, method=method, json=sent)
        params = [each["param"] for each in response.json["errors"]]
        assert params == [field for field in types if "." not in field], operation


def test_every_field_of_a_body_is_tested(live: ProviderClient) -> None:
    """The request log names the fields that an operation has read."""
    for operation, (method, path, body, types) in BODIES.items():
        live.open(path, method=method, json=body)
        record = live.last_record
        assert record.operation == operation
        assert record.fields_read == {field for field in types if "." not in field}


@pytest.mark.parametrize("quantity", [1.0, 2.0])
def test_quantity_is_a_number_without_a_fraction(live: ProviderClient, quantity: float) -> None:
    """JSON has one type of numbers."""
    body = {"ip_pool": "default", "quantity": quantity}
    assert live.post("/api/v1/account/add-ons/dedicated_ips", json=body).status_code == 200
    assert len(live.get("/api/v1/sending-ips").json["results"]) == 1 + quantity
