"""Endpoints and the URL map."""

from __future__ import annotations

import threading

from flask import Flask, url_for

from mockserver import create_app
from mockserver.providers import PROVIDERS
from mockserver.web.routing import MAX_CACHED_PATH

from .own_app import POOLS, SENDGRID, own_app


def test_endpoints_are_operation_names() -> None:
    app = create_app()
    rules = list(app.url_map.iter_rules())
    for provider in PROVIDERS:
        mine = {rule.endpoint.rpartition(".")[2] for rule in rules if rule.endpoint.startswith(f"{provider.name}.")}
        assert mine == {*provider.operations, "notImplemented"}
    (create,) = (rule for rule in rules if rule.endpoint == "sendgrid.createIpPool")
    assert (create.rule, create.methods) == (POOLS, {"POST"})


def test_url_for() -> None:
    app = create_app()
    with app.test_request_context():
        assert url_for("sendgrid.getIpPool", pool_name="a b") == f"{POOLS}/a%20b"
        assert url_for("sendgrid.getIpPool", pool_name="a/b") == f"{POOLS}/a%2Fb"
        assert url_for("control.getTenant", id="t1", _external=True) == "http://localhost/_mockserver/tenants/t1"
    named = create_app({"SERVER_NAME": "mock.example.com"})
    with named.app_context():
        assert url_for("sendgrid.listIpPools") == f"http://mock.example.com{POOLS}"
    response = named.test_client().get(POOLS, base_url="http://mock.example.com", headers=SENDGRID)
    assert response.status_code == 200
    with own_app().test_request_context():
        assert url_for("sg.createIpPool") == "/fake/sg/v3/ips/pools"


def test_long_paths_are_not_remembered() -> None:
    """Matches are remembered up to a length of path and method; longer ones match, too."""
    app = create_app()
    client = app.test_client()
    before = app.url_map.cached_match.cache_info().currsize
    for length in (MAX_CACHED_PATH - 1, MAX_CACHED_PATH, MAX_CACHED_PATH + 1):
        name = "x" * (length - len(f"GET{POOLS}/"))
        assert client.get(f"{POOLS}/{name}", headers=SENDGRID).json["errors"][0]["message"] == (
            "Unable to locate specified IPs Pool"
        )
    assert app.url_map.cached_match.cache_info().currsize == before + 2


def test_rules_bound_at_once_by_many_threads() -> None:
    """Rules are bound when their path is first requested; requests at that moment find them all the same."""
    for _ in range(20):
        app = create_app()
        barrier = threading.Barrier(8)
        found: list[int] = []

        def request(
            number: int, app: Flask = app, barrier: threading.Barrier = barrier, found: list[int] = found
        ) -> None:
            client = app.test_client()
            path = [POOLS, f"{POOLS}/spare", "/sendgrid/v3/ips", "/sendgrid/v3/send_ips/pools"][number % 4]
            barrier.wait()
            found.append(client.get(path, headers=SENDGRID).status_code)

        threads = [threading.Thread(target=request, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [200] * 8
