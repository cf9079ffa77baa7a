"""`mockserver drift spec`: an OpenAPI document of a vendor is compared with the one of this server."""

from __future__ import annotations

import copy
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mockserver.providers import PROVIDERS
from mockserver.web.provider import Provider
from mockserver.web.published import publish

from ..cli.commands import answering, run_here

pytestmark = pytest.mark.slow

VENDOR_DOCS = os.environ.get("MOCKSERVER_VENDOR_DOCS")
"""Where the vendors' own documents are: they are not part of this project."""
ACCEPTED = Path(__file__).parent / "accepted"

POOLS, POOL = "/v3/ips/pools", "/v3/ips/pools/{pool_name}"
IPS, MANAGED = "/v3/ips", "/v3/send_ips/pools"


def own_document(name: str) -> dict[str, Any]:
    """Return a copy of the OpenAPI document of a provider, profile `documented`."""
    provider = next(each for each in PROVIDERS if each.name == name)
    off = frozenset(switch.name for switch in provider.switches)
    document: dict[str, Any] = copy.deepcopy(dict(publish(provider.contract, frozenset(), off)))
    return document


def spec(document: object, folder: Path, *arguments: str, provider: str = "sendgrid") -> subprocess.CompletedProcess:
    path = folder / "vendor.json"
    path.write_text(json.dumps(document), "utf-8")
    return run_here("drift", "spec", "--provider", provider, "--against", str(path), *arguments)


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_own_document_has_no_difference(provider: Provider, tmp_path: Path) -> None:
    done = spec(own_document(provider.name), tmp_path, provider=provider.name)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(" compared, 0 different, 0 unknown\n")
    assert len(done.stdout.splitlines()) == 1


def body(document: dict[str, Any], path: str = POOLS, method: str = "post") -> dict[str, Any]:
    """Return the schema of a request body, in the document itself."""
    media: dict[str, Any] = document["paths"][path][method]["requestBody"]["content"]["application/json"]
    media["schema"] = resolved(document, media["schema"])
    return media["schema"]


def resolved(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        found: Any = document
        for part in node["$ref"][2:].split("/"):
            found = found[part]
        node = found
    return copy.deepcopy(node)


def responses(document: dict[str, Any], path: str = POOLS, method: str = "post") -> dict[str, Any]:
    found: dict[str, Any] = document["paths"][path][method]["responses"]
    return found


def media(document: dict[str, Any], status: str, path: str = POOLS, method: str = "post") -> dict[str, Any]:
    """Return the JSON of a response, in the document itself."""
    all_responses = responses(document, path, method)
    all_responses[status] = resolved(document, all_responses[status])
    found: dict[str, Any] = all_responses[status]["content"]["application/json"]
    found["schema"] = resolved(document, found["schema"])
    return found


def parameter(document: dict[str, Any], name: str, path: str = MANAGED, method: str = "get") -> dict[str, Any]:
    operation = document["paths"][path][method]
    operation["parameters"] = [resolved(document, each) for each in operation["parameters"]]
    found = next(each for each in operation["parameters"] if each["name"] == name)
    found["schema"] = resolved(document, found["schema"])
    return found


def name_of(document: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of the name of a new pool, in the document itself."""
    schema = body(document)
    schema["properties"]["name"] = resolved(document, schema["properties"]["name"])
    return schema["properties"]["name"]


def add_operation(document: dict[str, Any]) -> None:
    document["paths"]["/v3/ips/reputation"] = {"get": {"summary": "Read reputations", "responses": {}}}


def remove_parameter(document: dict[str, Any]) -> None:
    operation = document["paths"][MANAGED]["get"]
    operation["parameters"] = [
        each for each in operation["parameters"] if resolved(document, each)["name"] != "before_key"
    ]


def rename_message(document: dict[str, Any]) -> None:
    found = media(document, "404", POOL, "put")
    found["schema"] = {"type": "object"}
    found["examples"] = {"missing": {"value": {"errors": [{"field": None, "message": "no such pool"}]}}}


def require_help(document: dict[str, Any]) -> None:
    schema = media(document, "200")["schema"]
    schema["properties"]["help"] = {"type": "string"}


PLANTED: dict[str, tuple[Callable[[dict[str, Any]], object], list[str]]] = {
    "a new operation": (add_operation, ["new     GET /v3/ips/reputation: operation: Read reputations"]),
    "a new operation in another document": (
        lambda document: document["paths"].update(
            {"/v3/lunch/menu": {"get": {"responses": {"200": {"$ref": "x.yaml"}}}}}
        ),
        ["new     GET /v3/lunch/menu: operation"],
    ),
    "an operation that is gone": (
        lambda document: document["paths"][POOL].pop("delete"),
        [f"gone    DELETE {POOL}: operation [sendgrid.deleteIpPool]"],
    ),
    "a new parameter": (
        lambda document: document["paths"][POOLS]["get"].update(
            parameters=[{"name": "page", "in": "query", "schema": {"type": "integer"}}]
        ),
        [f"new     GET {POOLS}: query parameter page [sendgrid.listIpPools]"],
    ),
    "a parameter that is gone": (
        remove_parameter,
        [f"gone    GET {MANAGED}: query parameter before_key [sendgrid.listIpPoolsWithIps]"],
    ),
    "a required parameter": (
        lambda document: parameter(document, "limit").update(required=True),
        [f"new     GET {MANAGED}: query parameter limit required [sendgrid.listIpPoolsWithIps]"],
    ),
    "another type of a parameter": (
        lambda document: parameter(document, "limit")["schema"].update(type="string"),
        [f"changed GET {MANAGED}: query parameter limit type: integer, vendor string [sendgrid.listIpPoolsWithIps]"],
    ),
    "another limit of a parameter": (
        lambda document: parameter(document, "limit")["schema"].update(maximum=500),
        [
            f"changed GET {MANAGED}: query parameter limit maximum: 100, vendor 500 "
            "[sendgrid.listIpPoolsWithIps, limit MAX_PAGE]"
        ],
    ),
    "a new field of a body": (
        lambda document: body(document)["properties"].update(color={"type": "string"}),
        [f"new     POST {POOLS}: body/color [sendgrid.createIpPool]"],
    ),
    "a required field of a body": (
        lambda document: body(document, IPS)["required"].append("warmup"),
        [f"new     POST {IPS}: body/warmup required [sendgrid.buyIps]"],
    ),
    "a field of a body that is not required any more": (
        lambda document: body(document).update(required=[]),
        [f"gone    POST {POOLS}: body/name required [sendgrid.createIpPool]"],
    ),
    "another type of a field": (
        lambda document: name_of(document).update(type=["string", "null"]),
        [f"changed POST {POOLS}: body/name type: string, vendor null|string [sendgrid.createIpPool]"],
    ),
    "another limit": (
        lambda document: name_of(document).update(maxLength=100),
        [f"changed POST {POOLS}: body/name maxLength: 64, vendor 100 [sendgrid.createIpPool, limit MAX_NAME_LENGTH]"],
    ),
    "a new limit": (
        lambda document: name_of(document).update(pattern="^[a-z]+$"),
        [f'new     POST {POOLS}: body/name pattern: "^[a-z]+$" [sendgrid.createIpPool]'],
    ),
    "a limit that is gone": (
        lambda document: name_of(document).pop("maxLength"),
        [f"gone    POST {POOLS}: body/name maxLength: 64 [sendgrid.createIpPool, limit MAX_NAME_LENGTH]"],
    ),
    "no body": (
        lambda document: document["paths"][POOLS]["post"].pop("requestBody"),
        [f"gone    POST {POOLS}: body [sendgrid.createIpPool]"],
    ),
    "another media type of a body": (
        lambda document: document["paths"][POOLS]["post"].update(requestBody={"content": {"text/plain": {}}}),
        [f"changed POST {POOLS}: body media type: application/json, vendor text/plain [sendgrid.createIpPool]"],
    ),
    "a new field of a response": (
        require_help,
        [f"new     POST {POOLS}: response 200/help [sendgrid.createIpPool]"],
    ),
    "a response that the vendor's schema excludes": (
        lambda document: media(document, "200").update(schema={"type": "object", "not": {"required": ["name"]}}),
        [
            f"unknown POST {POOLS}: response 200: the vendor's example does not fit the vendor's schema",
        ],
    ),
    "a new status": (
        lambda document: responses(document).update({"409": {"description": "Conflict"}}),
        [f"new     POST {POOLS}: response 409 [sendgrid.createIpPool]"],
    ),
    "a status that is gone": (
        lambda document: responses(document, POOL, "put").pop("404"),
        [f"gone    PUT {POOL}: response 404 [sendgrid.renameIpPool, error renamed_pool_not_found]"],
    ),
    "another message": (
        rename_message,
        [
            f'new     PUT {POOL}: response 404 message: "no such pool" [sendgrid.renameIpPool]',
            f'gone    PUT {POOL}: response 404 message: "ip pool not found" '
            "[sendgrid.renameIpPool, error renamed_pool_not_found]",
        ],
    ),
}


@pytest.mark.parametrize(("plant", "expected"), PLANTED.values(), ids=PLANTED)
def test_planted_difference_is_found_and_nothing_else(
    plant: Callable[[dict[str, Any]], object], expected: list[str], tmp_path: Path
) -> None:
    document = own_document("sendgrid")
    plant(document)
    done = spec(document, tmp_path)
    *lines, counts = done.stdout.splitlines()
    assert lines == expected, done.stderr
    unknown = sum(line.startswith("unknown") for line in expected)
    assert counts.endswith(f" compared, {len(expected) - unknown} different, {unknown} unknown")
    assert done.returncode == (len(expected) > unknown)


def test_contradiction_of_whole_schemas_is_explained(tmp_path: Path) -> None:
    """The parts of the schemas agree, but the vendor's excludes a response: the reason is what it excludes."""
    document = own_document("sendgrid")
    found = media(document, "200")
    found["schema"]["minProperties"] = 2
    found["examples"] = {}
    done = spec(document, tmp_path)
    line, _ = done.stdout.splitlines()
    assert line.startswith(f"changed POST {POOLS}: response 200: only this server returns {{")
    assert line.endswith(" [sendgrid.createIpPool]")


def test_what_cannot_be_decided_is_unknown(tmp_path: Path) -> None:
    document = own_document("sendgrid")
    del media(document, "200")["schema"]
    done = spec(document, tmp_path)
    assert (done.returncode, done.stdout.splitlines()[0]) == (
        0,
        f"unknown POST {POOLS}: response 200: the vendor's document has no schema",
    )


def test_invalid_schema_is_unknown(tmp_path: Path) -> None:
    document = own_document("sendgrid")
    name_of(document)["pattern"] = "("
    done = spec(document, tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith(f"unknown POST {POOLS}: body: ")


def test_json_has_the_same(tmp_path: Path) -> None:
    document = own_document("sendgrid")
    responses(document).update({"409": {"description": "Conflict"}})
    done = spec(document, tmp_path, "--json")
    printed = json.loads(done.stdout)
    assert done.returncode == 1
    assert printed["differences"] == [
        {
            "where": f"POST {POOLS}",
            "path": "response 409",
            "change": "new",
            "detail": "",
            "touches": ["sendgrid.createIpPool"],
        }
    ]
    assert (printed["unknown"], printed["unused"]) == ([], [])


def accepted_file(folder: Path, text: str) -> str:
    path = folder / "accepted.yaml"
    path.write_text(text, "utf-8")
    return str(path)


def test_accepted_difference_is_no_difference(tmp_path: Path) -> None:
    document = own_document("sendgrid")
    responses(document).update({"409": {"description": "Conflict"}})
    file = accepted_file(tmp_path, "- {where: 'POST /v3/ips/*', path: response 409, reason: known since May}\n")
    done = spec(document, tmp_path, "--accept", file)
    assert done.returncode == 0
    assert done.stdout.endswith(" compared, 0 different, 0 unknown\n")


def test_entry_that_accepts_nothing_fails(tmp_path: Path) -> None:
    file = accepted_file(tmp_path, "- {where: 'POST /v3/ips/*', path: response 409, reason: known since May}\n")
    done = spec(own_document("sendgrid"), tmp_path, "--accept", file)
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == "unused  POST /v3/ips/*: response 409 (known since May)"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("- {where: a, path: b}\n", "[0]: 'reason' is required"),
        ("- {where: a, path: b, reason: ' '}\n", "[0]: 'reason' is required"),
        ("- {where: a, path: b, reason: c, until: d}\n", "[0]: unknown key 'until'"),
        ("where: a\n", "expected a list of accepted differences"),
    ],
)
def test_accepted_file_that_is_invalid(text: str, reason: str, tmp_path: Path) -> None:
    file = accepted_file(tmp_path, text)
    done = spec(own_document("sendgrid"), tmp_path, "--accept", file)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"mockserver: {file}: {reason}\n"


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "expected an OpenAPI document, version 3"),
        ({"swagger": "2.0", "openapi": "2.0", "paths": {}}, "expected an OpenAPI document, version 3"),
        ({"openapi": "3.0.0", "paths": {}}, "expected an OpenAPI document with 'paths'"),
        ({"openapi": "3.0.0", "paths": {"/x": {"get": {}}}}, "no operation that this server has for SendGrid"),
        ({"openapi": "3.0.0", "paths": {"/x": {"$ref": "other.yaml"}}}, "'other.yaml': a reference to another"),
        ({"openapi": "3.0.0", "paths": {"/x": {"$ref": "#/y"}}}, "'#/y': the document has no such part"),
        ({"openapi": "3.0.0", "paths": {"/x": {"$ref": "#/paths/~1x"}}}, "a reference refers to itself"),
        ({"openapi": "3.0.0", "paths": {POOLS: {"get": {"parameters": ["x"]}}}}, "the document has an unexpected form"),
        ({"openapi": "3.0.0", "paths": {POOLS: {"get": {"responses": []}}}}, "the document has an unexpected form"),
    ],
)
def test_document_that_cannot_be_compared(document: object, reason: str, tmp_path: Path) -> None:
    done = spec(document, tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr


def test_file_that_does_not_exist(tmp_path: Path) -> None:
    done = run_here("drift", "spec", "--provider", "sendgrid", "--against", str(tmp_path / "no.json"))
    assert (done.returncode, done.stdout) == (2, "")


def test_document_at_a_url() -> None:
    with answering(own_document("sendgrid")) as (url, _):
        done = run_here("drift", "spec", "--provider", "sendgrid", "--against", url)
    assert done.returncode == 0, done.stderr
    with answering({}, status=404) as (url, _):
        done = run_here("drift", "spec", "--provider", "sendgrid", "--against", url)
    assert (done.returncode, done.stdout) == (2, "")
    assert "404" in done.stderr


def test_openapi_30_is_read_as_31(tmp_path: Path) -> None:
    """`nullable` and a boolean `exclusiveMinimum` are those of 3.0; the paths may lack a common beginning."""
    document = {
        "openapi": "3.0.3",
        "paths": {
            "/v1/ip-pools": {
                "post": {
                    "requestBody": {
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "required": ["name"],
                                    "properties": {
                                        "name": {"type": "string", "nullable": True},
                                        "size": {"type": "integer", "minimum": 0, "exclusiveMinimum": True},
                                    },
                                }
                            }
                        }
                    },
                    "responses": {},
                }
            }
        },
    }
    done = spec(document, tmp_path, provider="sparkpost")
    found = [line for line in done.stdout.splitlines() if "POST /api/v1/ip-pools: body" in line]
    assert "changed POST /api/v1/ip-pools: body/name type: string, vendor null|string [sparkpost.createIpPool]" in found
    assert "new     POST /api/v1/ip-pools: body/size [sparkpost.createIpPool]" in found


VENDORS = {
    "sendgrid": ["tsg_ips_v3.json", "tsg_ip_warmup_v3.json", "tsg_ip_address_management_v3.json", "tsg_scopes_v3.json"],
    "mailgun": ["openapi-subset-2026-05-28.json"],
    "sparkpost": ["ip-pools.json", "sending-ips.json", "subaccounts.json"],
}
"""SparkPost's documents are API Blueprints; these are what `apib2swagger --open-api-3` makes of them."""


@pytest.mark.parametrize("provider", VENDORS)
def test_documents_of_the_vendors(provider: str) -> None:
    """Every difference from the vendors' documents is accepted, with a reason."""
    if VENDOR_DOCS is None:
        pytest.skip("THE VENDORS' OWN DOCUMENTS WERE NOT COMPARED: MOCKSERVER_VENDOR_DOCS NAMES NO FOLDER WITH THEM")
    against = []
    for name in VENDORS[provider]:
        path = next(Path(VENDOR_DOCS).rglob(name), None)
        if path is None:
            pytest.skip(f"{provider.upper()}'S OWN DOCUMENT WAS NOT COMPARED: MOCKSERVER_VENDOR_DOCS HAS NO {name}")
        against += ["--against", str(path)]
    done = run_here("drift", "spec", "--provider", provider, *against, "--accept", str(ACCEPTED / f"{provider}.yaml"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "unknown" in done.stdout
