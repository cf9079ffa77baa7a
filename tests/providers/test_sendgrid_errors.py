"""The 42 errors that IP Address Management documents, each as it is there."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mockserver.providers import sendgrid
from mockserver.providers.sendgrid import provider
from mockserver.web.openapi import METHODS

from ..support import ProviderClient

VENDOR_DOCS = os.environ.get("MOCKSERVER_VENDOR_DOCS")
"""Where SendGrid's own documents are: they are not part of this project."""


def pool(number: int, name: str, **more: Any) -> dict[str, Any]:
    return {"id": str(number), "name": name, **more}


ADDED = [f"10.0.1.{number}" for number in range(1, 4)]
MEMBERS = [f"10.0.0.{number}" for number in range(1, 99)]
SECTION: dict[str, Any] = {
    "user_id": "1",
    "remaining_ips": 0,
    "subusers": [{"name": "owner", "id": "2"}],
    "ips": [
        {"ip": "127.0.0.1"},  # these two have no reverse DNS
        {"ip": "127.0.0.2"},
        *({"ip": ip, "rdns": "o.example.com"} for ip in (*MEMBERS, *ADDED)),
    ],
    "pools": [pool(12345, "marketing_pool"), pool(67890, "pool", ips=MEMBERS)],
}
FULL = {**SECTION, "pools": [pool(number, f"pool {number}") for number in range(1, 101)]}
WARMING = {**SECTION, "subusers": [{"name": "a", "id": "123"}, {"name": "b", "id": "456"}]}


class Row(NamedTuple):
    """What is asked, and how it is refused."""

    operation: str
    """Method and path as the documents have them."""
    field: str
    message: str
    path: str
    body: Any = None
    section: dict[str, Any] = SECTION
    acting_for: str | None = None


POOLS, POOL, MEMBERS_OF = "/v3/send_ips/pools", "/v3/send_ips/pools/{poolid}", "/v3/send_ips/pools/{poolid}/ips"
IPS, IP, SUBUSERS = "/v3/send_ips/ips", "/v3/send_ips/ips/{ip}", "/v3/send_ips/ips/{ip}/subusers"
MARKETING = "/v3/send_ips/pools/12345"
HOME = "/v3/send_ips/ips/127.0.0.1"
PARSE = "failed to parse the request body as a JSON payload"
BOOLEANS = "must be one of the following: true, false"
NEW_IP = {"is_auto_warmup": True, "is_parent_assigned": True}

TABLE = [
    Row(f"GET {POOL}", "poolid", "must be a numeric value", f"{POOLS}/abc"),
    Row(f"GET {POOL}", "poolid", "not found", f"{POOLS}/999"),
    Row(f"GET {POOLS}", "limit", "should be > 0 and <= 100", f"{POOLS}?limit=0"),
    Row(f"GET {POOLS}", "after_key", "must be a numeric value", f"{POOLS}?after_key=abc"),
    Row(f"GET {POOLS}", "after_key", "must be >= 0", f"{POOLS}?after_key=-1"),
    Row(f"POST {POOLS}", "", PARSE, POOLS, b"{"),
    Row(f"POST {POOLS}", "name", "not found in the request body", POOLS, {}),
    Row(f"POST {POOLS}", "name", "cannot start with a dot or a space", POOLS, {"name": ".x"}),
    Row(f"POST {POOLS}", "name", "needs to be between 2 to 64 characters long", POOLS, {"name": "x"}),
    Row(f"POST {POOLS}", "name", "already exists", POOLS, {"name": "marketing_pool"}),
    Row(f"POST {POOLS}", "", "100 pools limit has been reached", POOLS, {"name": "new"}, FULL),
    Row(f"PUT {POOL}", "poolid", "not found", f"{POOLS}/999", {"name": "new"}),
    Row(
        f"POST {MEMBERS_OF}:batchAdd",
        "ips",
        "the total number of IPs per pool cannot exceed 100. current IP count in ‘pool’ is ‘98’",
        f"{POOLS}/67890/ips:batchAdd",
        {"ips": ADDED},
    ),
    Row(
        f"POST {MEMBERS_OF}:batchAdd",
        "ips",
        "unable to verify IPs assignability: 127.0.0.1, 127.0.0.2",
        f"{MARKETING}/ips:batchAdd",
        {"ips": ["127.0.0.1", "10.0.0.1", "127.0.0.2"]},
    ),
    Row(
        f"POST {MEMBERS_OF}:batchAdd",
        "ips",
        "the number of IPs must be between 1 and 100",
        f"{MARKETING}/ips:batchAdd",
        {"ips": []},
    ),
    Row(f"POST {MEMBERS_OF}:batchAdd", "ips", "not found in the request body", f"{MARKETING}/ips:batchAdd", {}),
    Row(
        f"POST {MEMBERS_OF}:batchDelete",
        "ips",
        "not found in pool ‘marketing_pool’: 127.0.0.1, 127.0.0.2",
        f"{MARKETING}/ips:batchDelete",
        {"ips": ["127.0.0.1", "127.0.0.2"]},
    ),
    Row(f"GET {SUBUSERS}", "", "invalid IP address", "/v3/send_ips/ips/abc/subusers"),
    Row(f"POST {SUBUSERS}:batchAdd", "subusers", "must not be empty", f"{HOME}/subusers:batchAdd", {"subusers": []}),
    Row(
        f"POST {SUBUSERS}:batchAdd",
        "subusers",
        "cannot assign more than 1000 subusers per call",
        f"{HOME}/subusers:batchAdd",
        {"subusers": ["2"] * 1_001},
    ),
    Row(
        f"POST {SUBUSERS}:batchAdd",
        "subusers",
        "cannot contain caller’s userID",
        f"{HOME}/subusers:batchAdd",
        {"subusers": ["2", "1"]},
    ),
    Row(
        f"POST {SUBUSERS}:batchAdd",
        "subusers",
        "unverified subusers: 123, 456, 789",
        f"{HOME}/subusers:batchAdd",
        {"subusers": ["123", "456", "2", "789"]},
    ),
    Row(f"GET {IPS}", "pool", "not found", f"{IPS}?pool=999"),
    Row(f"GET {IPS}", "pool", "must be numeric", f"{IPS}?pool=abc"),
    Row(
        f"GET {IPS}",
        "is_parent_assigned",
        "cannot be used for a sub user account",
        f"{IPS}?is_parent_assigned=true",
        acting_for="owner",
    ),
    Row(f"GET {IPS}", "is_parent_assigned", BOOLEANS, f"{IPS}?is_parent_assigned=yes"),
    Row(f"GET {IPS}", "is_enabled", BOOLEANS, f"{IPS}?is_enabled=yes"),
    Row(f"GET {IPS}", "is_leased", BOOLEANS, f"{IPS}?is_leased=yes"),
    Row(f"GET {IPS}", "start_added_at", "must be numeric", f"{IPS}?start_added_at=today"),
    Row(f"GET {IPS}", "end_added_at", "must be numeric", f"{IPS}?end_added_at=today"),
    Row(
        f"GET {IPS}",
        "pool",
        "cannot be used with ‘is_parent_assigned’",
        f"{IPS}?pool=12345&is_parent_assigned=true",
    ),
    Row(f"GET {IPS}", "after_key", "invalid IP address", f"{IPS}?after_key=abc"),
    Row(f"GET {IPS}", "before_key", "invalid IP address", f"{IPS}?before_key=abc"),
    Row(
        f"GET {IPS}",
        "after_key",
        "cannot be used with ‘before_key’",
        f"{IPS}?after_key=127.0.0.1&before_key=127.0.0.2",
    ),
    Row(f"GET {IP}", "ip", "not found", f"{IPS}/192.0.2.1"),
    Row(f"GET {IP}", "ip", "invalid IP address", f"{IPS}/abc"),
    Row(f"POST {IPS}", "", "No IPs remaining", IPS, NEW_IP),
    Row(f"POST {IPS}", "is_auto_warmup", "not found in the request body", IPS, {"is_parent_assigned": True}),
    Row(f"POST {IPS}", "is_parent_assigned", "not found in the request body", IPS, {"is_auto_warmup": True}),
    Row(
        f"POST {IPS}",
        "subusers",
        "these users must have at least one IP that is not in warmup: 123, 456",
        IPS,
        {**NEW_IP, "subusers": ["123", "456"]},
        WARMING,
    ),
    Row(f"PATCH {IP}", "ip", "unable to verify IP ownership", f"{IPS}/192.0.2.1", {"is_enabled": True}),
    Row(
        f"PATCH {IP}",
        "",
        "at least one of the following is required: is_enabled, is_auto_warmup, is_parent_assigned",
        HOME,
        {},
    ),
]


@pytest.mark.parametrize("row", TABLE, ids=[f"{row.operation} {row.field}: {row.message}" for row in TABLE])
def test_error(row: Row, make_sendgrid: Callable[..., ProviderClient]) -> None:
    """A documented error is answered with status 400 and exactly its field and message."""
    sendgrid = make_sendgrid(**row.section)
    if row.acting_for is not None:
        sendgrid = sendgrid.acting_for(row.acting_for)
    sent = {"data": row.body} if isinstance(row.body, bytes) else {"json": row.body} if row.body is not None else {}
    response = sendgrid.open(row.path, method=row.operation.partition(" ")[0], **sent)
    assert (response.status_code, response.json) == (400, {"errors": [{"field": row.field, "message": row.message}]})


def test_there_are_42() -> None:
    """The documents have 42 errors, and the table has as many."""
    assert len(TABLE) == 42


@pytest.fixture(scope="module")
def vendors() -> dict[str, Any]:
    """SendGrid's own document; where it is not given, the test is left out loudly."""
    if VENDOR_DOCS is None:
        pytest.skip("SENDGRID'S OWN DOCUMENT WAS NOT COMPARED: MOCKSERVER_VENDOR_DOCS NAMES NO FOLDER WITH IT")
    (path,) = Path(VENDOR_DOCS).rglob("tsg_ip_address_management_v3.json")
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return document


def errors_of(vendors: dict[str, Any], examples: dict[str, Any]) -> list[tuple[str, str]]:
    """Return field and message of examples, wherever in the document they stand; without the one that is left blank."""
    named = vendors["components"]["examples"]
    found = [named[each["$ref"].rpartition("/")[2]] if "$ref" in each else each for each in examples.values()]
    errors = [(each["value"]["errors"][0]["field"], each["value"]["errors"][0]["message"]) for each in found]
    return [error for error in errors if error != ("string", "string")]


def errors(vendors: dict[str, Any], method: str, path: str) -> list[tuple[str, str]]:
    """Return what an operation is refused with, 400."""
    responses = vendors["paths"][path][method.lower()]["responses"]
    return errors_of(vendors, responses["400"]["content"]["application/json"]["examples"])


def test_the_table_is_the_vendors(vendors: dict[str, Any]) -> None:
    """The table has the errors of SendGrid's own document, each where an operation has it."""
    documented = errors_of(vendors, vendors["components"]["examples"])
    assert Counter((row.field, row.message) for row in TABLE) == Counter(documented)
    for row in TABLE:
        method, _, path = row.operation.partition(" ")
        assert (row.field, row.message) in errors(vendors, method, path)


def test_the_contract_has_the_vendors_errors(vendors: dict[str, Any]) -> None:
    """Every error that an operation has in SendGrid's own document, it has in ours; and there is no other operation."""
    contract = sendgrid.blueprint.contract
    mine = {
        (each.method, each.paths[0]): each.id for each in provider.operations.values() if "/send_ips/" in each.paths[0]
    }
    theirs = {(method.upper(), path) for path, item in vendors["paths"].items() for method in item if method in METHODS}
    assert set(mine) == theirs
    for (method, path), operation in mine.items():
        for field, message in errors(vendors, method, path):
            body = {"errors": [{"field": field, "message": message}]}
            assert contract.response_violation(operation, 400, "application/json", body) is None, (
                operation,
                field,
                message,
            )
