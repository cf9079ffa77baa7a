"""The path of a request, and responses that do not depend on the operation."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.http import HTTP_STATUS_CODES

from mockserver.core.errors import entries
from mockserver.providers import PROVIDERS

from ..provider_case import ProviderCase, body
from ..support import ProviderClient

STORES = ("memory", "redis")


@pytest.mark.parametrize("path", ["/nope", "//v3/ips/pools", "/v3//ips/pools", "/v3/ips/pools/a/b/c/d", "/%FF"])
def test_unknown_path_is_404(provider: ProviderClient, case: ProviderCase, path: str) -> None:
    """In the provider's format, and never a redirect."""
    response = provider.get(path)
    assert (response.status_code, body(response)) == (404, case.errors[404])


@pytest.mark.parametrize("method", ["PUT", "TRACE", "QUERY", "HEAD", "BREW", "CONNECT"])
def test_wrong_method_is_405_with_sorted_allow(provider: ProviderClient, case: ProviderCase, method: str) -> None:
    response = provider.open(case.pools_path, method=method)
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, POST")
    if method == "PUT":
        assert body(response) == case.errors[405]


def test_reason_phrase_does_not_depend_on_python(provider: ProviderClient, case: ProviderCase) -> None:
    """Python 3.13 renames that of 413."""
    phrases = {**HTTP_STATUS_CODES, 413: "Request Entity Too Large"}
    for response in (
        provider.post(case.pools_path, data=b" " * (2 << 20)),
        provider.put(case.pools_path),
        provider.get("/nope"),
    ):
        assert response.status == f"{response.status_code} {case.reason_phrase(phrases[response.status_code])}"


def test_options(provider: ProviderClient, case: ProviderCase) -> None:
    """With a key and without one; an unknown path is a 404."""
    for client in (provider, provider.with_headers({})):
        response = client.options(case.pools_path)
        assert response.status_code == case.options_status
        assert response.headers.get("Allow") == ("GET, POST" if case.options_allow else None)
        assert "X-Mockserver-Request-Id" in response.headers
    assert provider.options("/nope").status_code == 404


def test_trailing_slash_is_ignored(provider: ProviderClient, case: ProviderCase) -> None:
    assert provider.get(case.pools_path + "/").json == provider.get(case.pools_path).json


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/x-www-form-urlencoded", "multipart/form-data", "x", ";;;"]
)
def test_content_type_of_an_empty_body_is_ignored(
    provider: ProviderClient, case: ProviderCase, content_type: str
) -> None:
    """In GET and DELETE."""
    headers = {"Content-Type": content_type}
    assert provider.get(case.pools_path, headers=headers).status_code == 200
    assert provider.delete(case.pools_path + "/nope", headers=headers).status_code == 404


@pytest.mark.parametrize("size", [-1, 0, 1])
def test_body_over_the_limit_is_413(make_app: Callable[..., Flask], case: ProviderCase, size: int) -> None:
    provider = case.client(make_app(max_body_bytes=1_000))
    response = provider.post(case.pools_path, data=b" " * (1_000 + size))
    if size == 1:
        assert (response.status_code, body(response)) == (413, case.errors[413])
        assert provider.with_headers({}).post(case.pools_path, data=b" " * 1_001).status_code == 401
    else:
        assert response.status_code in (400, 422)


@pytest.mark.parametrize("key", [None, "nonsense"])
def test_no_key_and_malformed_key_are_401(provider: ProviderClient, case: ProviderCase, key: str | None) -> None:
    client = provider.with_headers({}) if key is None else provider.with_key(key)
    response = client.get(case.pools_path)
    assert (response.status_code, body(response)) == (401, case.errors[401])


@pytest.mark.crashes
def test_crash_in_a_rule_is_500_and_changes_nothing(
    provider: ProviderClient, case: ProviderCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tenant is unlocked afterwards."""
    before = provider.tenant.read().dump()

    def crash(tx: Any, *args: object, **kwargs: object) -> None:
        tx.state.pools["half"] = object()
        tx.ids.next()
        raise RuntimeError("planted")

    with monkeypatch.context() as patch:
        patch.setattr(case.create_rule, crash)
        response = provider.post(case.pools_path, **case.new_pool("x"))
    assert (response.status_code, body(response)) == (500, case.errors[500])
    assert provider.tenant.read().dump() == before
    assert provider.post(case.pools_path, **case.new_pool("x")).status_code == 200


def test_maximum_depth_of_a_json_body(app: Flask, provider: ProviderClient, case: ProviderCase) -> None:
    """A deeper one is not JSON. The control API lists the requests all the same."""
    if not case.accepts_json:
        pytest.skip("the provider reads forms")
    returned = []
    for depth in (99, 100, 101, 700):
        text = f'{{"name": "deep{depth}", "unused": {"[" * (depth - 1)}{"]" * (depth - 1)}}}'
        returned.append(provider.post(case.pools_path, data=text, content_type="application/json").status_code)
    assert [status == 200 for status in returned] == [True, True, False, False]
    listed = app.test_client().get(f"/_mockserver/tenants/{provider.tenant.id}/requests").json["requests"]
    assert [each["status"] for each in listed[: len(returned)]] == returned


def test_openapi_document_has_the_addresses_of_the_server(client: Any, case: ProviderCase) -> None:
    """One for each region."""
    path = f"/_mockserver/openapi/{case.name}.json"
    document = client.get(path, headers={"Host": "127.0.0.1:99"}).json
    mounts = case.load_blueprint().mount_names
    for served, origin in ((document, "http://127.0.0.1:99"), (client.get(path).json, "http://localhost")):
        assert [each["url"] for each in served["servers"]] == [f"{origin}/{mount}" for mount in mounts]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "a b"},
        {"Host": "ä"},
        {"Host": "x" * 300},
        {"Host": "["},
        {"Host": "a..b"},
        {"Connection": "Upgrade", "Upgrade": "websocket"},
        {"Host": "%00"},
        {"Content-Type": "multipart/form-data"},
        {"Content-Type": "multipart/form-data; boundary="},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "\xff"},
        {"Accept": "\x7f"},
        {"Transfer-Encoding": "chunked"},
        {"Content-Length": "x"},
        {"Content-Length": "-1"},
        {"X-HTTP-Method-Override": "DELETE"},
        {"Cookie": "=;=;" * 50},
    ],
    ids=str,
)
def test_hostile_headers_are_no_500(provider: ProviderClient, case: ProviderCase, headers: dict[str, str]) -> None:
    for client in (provider, provider.with_headers({})):
        for method in ("GET", "POST", "DELETE", "OPTIONS"):
            stream = io.BytesIO(b"--x\r\n\r\n{}")
            response = client.open(case.pools_path, method=method, headers=headers, input_stream=stream)
            assert response.status_code < 500


@pytest.mark.parametrize(
    "authorization", ["\x00", "ÿ" * 99, "Basic " + "=" * 99, "Basic OjpwOg==", "Bearer \t", "x" * 60_000]
)
def test_hostile_credential_is_401(provider: ProviderClient, case: ProviderCase, authorization: str) -> None:
    assert provider.with_headers({"Authorization": authorization}).get(case.pools_path).status_code == 401


@pytest.mark.parametrize("query", ["%", "&&&", "=", "a=%FF", "limit=1&limit=x", "a[b]=1", "%00=%00", "page=%F0%28"])
def test_hostile_query_is_ignored(provider: ProviderClient, case: ProviderCase, query: str) -> None:
    """By an operation without query parameters."""
    assert provider.get(f"{case.pools_path}?{query}").status_code == 200


def test_last_of_duplicate_json_keys_is_used(provider: ProviderClient, case: ProviderCase) -> None:
    """A provider that reads forms finds no name in it."""
    response = provider.post(case.pools_path, data=b'{"name": "a", "name": "b"}')
    assert response.status_code == (200 if case.accepts_json else 400)


def test_catalog_entries_have_a_key_and_a_source(case: ProviderCase) -> None:
    catalog = case.load_blueprint().catalog
    found = entries(catalog)
    assert len(found) > 10
    for key, entry in found.items():
        assert getattr(catalog, key.upper()) is entry
        assert entry.source.kind in ("documented", "observed", "assumed")
        assert len(entry.source.where) > 10


def test_two_apps_in_one_process_share_nothing(make_app: Callable[..., Flask], case: ProviderCase) -> None:
    one, two = case.client(make_app()), case.client(make_app())
    before = two.get(case.pools_path).json
    assert one.post(case.pools_path, **case.new_pool("only here")).status_code == 200
    assert two.get(case.pools_path).json == before


def test_every_built_in_provider_has_a_case(cases: list[ProviderCase]) -> None:
    assert {provider.name for provider in PROVIDERS} <= {case.name for case in cases}
