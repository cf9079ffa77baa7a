"""Mailgun's switches, each on and off, and what the profiles make of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ..support import MAILGUN, MAILGUN_KEY, SUBACCOUNT, ProviderClient, basic, store_of
from .mailgun_account import (
    MARKETING,
    NOWHERE,
    POOLS,
    SPARE,
    TRANSACTIONAL,
    Time,
    create,
    details,
    domain_ips,
    refused,
    started,
    succeeded,
)

LIVE = {"profile": "live"}
WAYS = pytest.mark.parametrize(
    ("settings", "on"),
    [({}, False), ({"profile": "documented"}, False), (LIVE, True), ({**LIVE, "switches": "off"}, False),
     ({"switches": "on"}, True)],
    ids=str,
)  # fmt: skip
OFF_IN_BOTH = pytest.mark.parametrize(
    ("settings", "on"), [({}, False), (LIVE, False), ({"switches": "on"}, True), ({**LIVE, "switches": "on"}, True)],
    ids=str,
)  # fmt: skip


def switched(name: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Return a seed's settings with one switch turned."""
    if "switches" not in settings:
        return settings
    return {**settings, "switches": {name: settings["switches"] == "on"}}


@WAYS
def test_revoke_is_started(make_mailgun: Callable[..., ProviderClient], settings: dict[str, Any], on: bool) -> None:
    """Taking a pool from a subaccount is answered with a reference, or without; the pool is taken in any case."""
    mailgun = make_mailgun(**switched("revoke_is_started", settings))
    path = f"{POOLS}/{TRANSACTIONAL}/delegate"
    response = mailgun.delete(path, data={"subaccount_id": SUBACCOUNT})
    if on:
        started(response)
    else:
        succeeded(response)
    assert mailgun.acting_for(SUBACCOUNT).get(POOLS).json["ip_pools"] == []
    succeeded(mailgun.put(path, data={"subaccount_id": SUBACCOUNT}))


@WAYS
def test_pool_metadata(
    make_mailgun: Callable[..., ProviderClient], time: Time, settings: dict[str, Any], on: bool
) -> None:
    """The list of pools says since when each IP is in its pool, or does not; a single pool never does."""
    mailgun = make_mailgun(time=time, **switched("pool_metadata", settings))
    started(mailgun.put(f"{POOLS}/{MARKETING}/ips/192.0.2.10"))
    marketing, spare = mailgun.get(POOLS).json["ip_pools"][1:]
    if on:
        assert marketing["metadata"] == {
            "assignments": {
                "192.0.2.21": {"linked_at": "2023-12-18T12:57:18Z"},
                "192.0.2.10": {"linked_at": "2023-11-14T22:13:20Z"},
            }
        }
        assert spare["metadata"] == {"assignments": {}}
        assert list(spare) == ["description", "ips", "metadata", "is_inherited", "is_linked", "name", "pool_id"]
    else:
        assert "metadata" not in marketing
    assert "metadata" not in details(mailgun, MARKETING)


@OFF_IN_BOTH
def test_refuse_warming_ips(make_mailgun: Callable[..., ProviderClient], settings: dict[str, Any], on: bool) -> None:
    """An IP on a warm-up is kept out of pools in every way, or in none; and is called assignable, or not."""
    mailgun = make_mailgun(**switched("refuse_warming_ips", settings))
    warming = "192.0.2.14"
    assert (warming in mailgun.get("/v3/ips").json["assignable_to_pools"]) is not on
    ways: list[Callable[[], Any]] = [
        lambda: mailgun.post(POOLS, data={"name": "n", "description": "d", "ip": warming}),
        lambda: mailgun.patch(f"{POOLS}/{SPARE}", data={"add_ip": warming}),
        lambda: mailgun.put(f"{POOLS}/{SPARE}/ips/{warming}"),
        lambda: mailgun.post(f"{POOLS}/{SPARE}/ips.json", json={"ips": ["192.0.2.10", warming]}),
    ]
    if on:
        for way in ways:
            refused(way(), 400, f"ip {warming} is on warmup")
        succeeded(mailgun.delete(f"/v3/ip_warmups/{warming}"))
    for way in ways:
        response = way()
        assert response.status_code == 200
        pool_id = response.json.get("pool_id", SPARE)
        started(mailgun.delete(f"{POOLS}/{pool_id}/ips/{warming}"))


def test_a_member_may_warm_up(make_mailgun: Callable[..., ProviderClient]) -> None:
    """An IP that is in a pool already is no reason to refuse a change of the pool, if it is put on a warm-up there."""
    mailgun = make_mailgun(switches={"refuse_warming_ips": True})
    succeeded(mailgun.post("/v3/ip_warmups/192.0.2.21"))
    succeeded(mailgun.patch(f"{POOLS}/{MARKETING}", data={"name": "M", "add_ip": "192.0.2.21"}))
    started(mailgun.post(f"{POOLS}/{MARKETING}/ips.json", json={"ips": ["192.0.2.21", "192.0.2.10"]}))


@OFF_IN_BOTH
def test_json_401(make_mailgun: Callable[..., ProviderClient], settings: dict[str, Any], on: bool) -> None:
    """401 is plain text or JSON: for who is not known, for a key of a disabled subaccount, and as a planned fault."""
    mailgun = make_mailgun(
        subaccounts=[{"id": SUBACCOUNT, "name": "s", "status": "disabled"}], **switched("json_401", settings)
    )
    app = mailgun.application
    mailgun.get("/")
    fault = {"operation": "mailgun.listIps", "kind": "error", "status": 401}
    tenant = store_of(app).tenant("default")
    answered = app.test_client().post(f"/_mockserver/tenants/{tenant.id}/faults", json=fault)
    assert answered.status_code == 201, answered.json
    for response in (
        MAILGUN.client(app, headers={}).get(POOLS),
        MAILGUN.client(app, headers={"Authorization": basic("api", "nonsense")}).get("/v3/nonsense"),
        MAILGUN.client(app, headers={"Authorization": basic("api", "key-fedcba9876543210fedcba9876543210")}).get(POOLS),
        MAILGUN.client(app, headers={"Authorization": basic("api", MAILGUN_KEY)}).get("/v3/ips"),
    ):
        assert response.headers["Www-Authenticate"] == 'Basic realm="MG API"'
        if on:
            refused(response, 401, "Invalid private key")
        else:
            assert (response.status_code, response.data) == (401, b"Forbidden")
            assert response.headers["Content-Type"] == "text/plain; charset=utf-8"


@WAYS
def test_flat_connection(make_mailgun: Callable[..., ProviderClient], settings: dict[str, Any], on: bool) -> None:
    """The connection settings are below `connection`, or not; a change returns them with hyphens, or underscores."""
    mailgun = make_mailgun(**switched("flat_connection", settings))
    path = "/v3/domains/news.example.com/connection"
    found = {"require_tls": False, "skip_verification": False}
    assert mailgun.get(path).json == (found if on else {"connection": found})
    message = "Domain connection settings have been updated, may take 10 minutes to fully propagate"
    changed = (
        {"require_tls": True, "skip_verification": False} if on else {"require-tls": True, "skip-verification": False}
    )
    assert mailgun.put(path, data={"require_tls": "true"}).json == {"message": message, **changed}


@WAYS
@pytest.mark.parametrize("path", ["/v3", "/v3/nonsense", "/v3/ip_pool", "/v3/ip_pools/x/y/z", "/v3//"])
def test_wrong_path_is_200(
    make_mailgun: Callable[..., ProviderClient], settings: dict[str, Any], on: bool, path: str
) -> None:
    """A wrong path below /v3 returns the text of the root, or 404; the request log has no operation in any case."""
    mailgun = make_mailgun(**switched("wrong_path_is_200", settings))
    for method in ("GET", "POST"):
        response = mailgun.open(path, method=method)
        assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
        expected = (200, b"Mailgun Magnificent API") if on else (404, b"404 page not found")
        assert (response.status_code, response.data) == expected
    log = mailgun.application.test_client().get("/_mockserver/tenants/default/requests?limit=1")
    (request,) = log.json["requests"]
    assert (request["operation"], request["failure"]) == (None, "not_found")
    assert request["error"]["key"] == ("wrong_path" if on else "not_found")


@WAYS
def test_other_wrong_paths(make_mailgun: Callable[..., ProviderClient], settings: dict[str, Any], on: bool) -> None:
    """Elsewhere a wrong path is a 404, as are an unknown pool and, below /v3, a wrong method a 405."""
    mailgun = make_mailgun(**switched("wrong_path_is_200", settings))
    for path in ("/v4", "/v4/nonsense", "/v31/ip_pools", "/nonsense"):
        assert mailgun.get(path).data == b"404 page not found"
    refused(mailgun.get(f"{POOLS}/{NOWHERE}"), 404, "ip pool not found")
    assert mailgun.put(POOLS).status_code == 405
    assert MAILGUN.client(mailgun.application, headers={}).get("/v3/nonsense").status_code == 401


@OFF_IN_BOTH
def test_strict_forms(make_mailgun: Callable[..., ProviderClient], settings: dict[str, Any], on: bool) -> None:
    """A parameter that is documented in a form counts in the query, or is ignored there; the form comes first."""
    mailgun = make_mailgun(**switched("strict_forms", settings))
    for method, pool_id in (("PUT", SPARE), ("DELETE", TRANSACTIONAL)):
        response = mailgun.open(f"{POOLS}/{pool_id}/delegate?subaccount_id={SUBACCOUNT}", method=method)
        assert response.status_code == (400 if on else 200)
    path = f"/v5/accounts/subaccounts/{SUBACCOUNT}/ip_pool"
    assert mailgun.put(f"{path}?pool_id={MARKETING}").status_code == (400 if on else 200)
    assert mailgun.put(f"{path}?pool_id={NOWHERE}", data={"pool_id": MARKETING}).status_code == 200


def violations(mailgun: ProviderClient) -> list[str]:
    """Return the violations and the unused fields of the last request."""
    log = mailgun.application.test_client().get("/_mockserver/tenants/default/requests?limit=1")
    (request,) = log.json["requests"]
    found = [f"{each['pointer']} {each['rule']}" for each in request["request_violations"]]
    return [*found, *(f"unused {name}" for name in request["unused_fields"])]


@pytest.mark.parametrize(
    ("method", "path", "sent", "found"),
    [
        ("DELETE", f"{POOLS}/{TRANSACTIONAL}", {"data": {"ip": "shared"}}, ["/body/ip place"]),
        ("DELETE", f"{POOLS}/{TRANSACTIONAL}", {"query_string": {"ip": "shared"}}, []),
        ("DELETE", f"{POOLS}/{TRANSACTIONAL}", {"data": {"pool_id": MARKETING, "x": "1"}},
         ["/body/pool_id place", "unused x"]),
        ("PUT", f"{POOLS}/{SPARE}/delegate", {"query_string": {"subaccount_id": SUBACCOUNT}},
         ["/body required", "/query/subaccount_id place"]),
        ("PUT", f"{POOLS}/{SPARE}/delegate", {"data": {"subaccount_id": SUBACCOUNT}}, []),
        ("PUT", f"/v5/accounts/subaccounts/{SUBACCOUNT}/ip_pool", {"query_string": {"pool_id": MARKETING}},
         ["/body required", "/query/pool_id place"]),
        ("DELETE", f"/v5/accounts/subaccounts/{SUBACCOUNT}/ip_pool", {"data": {"pool_id": TRANSACTIONAL}},
         ["/query/pool_id required", "/body/pool_id place"]),
        ("DELETE", "/v3/domains/mail.example.com/ips/ip_pool", {"data": {"ip": "shared"}}, ["/body/ip place"]),
        ("DELETE", "/v3/ips/192.0.2.10/domains", {"data": {"alternative": "192.0.2.11"}}, ["/body/alternative place"]),
        ("POST", POOLS, {"query_string": {"name": "n"}, "data": {"name": "n", "description": "d"}},
         ["/query/name place"]),
        ("POST", f"{POOLS}?colour=red", {"data": {"name": "n", "description": "d"}}, ["unused colour"]),
        ("POST", "/v5/accounts/subaccounts", {"data": {"name": "n"}}, []),
        ("POST", "/v5/accounts/subaccounts", {"query_string": {"name": "n"}}, []),
    ],
)  # fmt: skip
def test_parameter_in_another_place(
    mailgun: ProviderClient, method: str, path: str, sent: dict[str, Any], found: list[str]
) -> None:
    """It is accepted where nothing says otherwise, and is a violation; what is documented nowhere is unused."""
    assert mailgun.open(path, method=method, **sent).status_code == 200
    assert violations(mailgun) == found


@OFF_IN_BOTH
def test_strict_delete_bodies(make_mailgun: Callable[..., ProviderClient], settings: dict[str, Any], on: bool) -> None:
    """What DELETE has in a urlencoded body counts, or is lost; in a multipart body and the query it counts always."""
    mailgun = make_mailgun(**switched("strict_delete_bodies", settings))
    response = mailgun.delete(f"{POOLS}/{TRANSACTIONAL}", data={"ip": "shared"})
    if on:
        text = "either 'ip' or 'pool_id' parameter is required to delete a non-empty ip pool"
        refused(response, 400, text)
        multipart = {"Content-Type": "multipart/form-data"}
        response = mailgun.delete(f"{POOLS}/{TRANSACTIONAL}", data={"ip": "shared"}, headers=multipart)
    started(response)
    assert domain_ips(mailgun, "mail.example.com") == ["198.51.100.1"]
    started(mailgun.delete(f"{POOLS}/{MARKETING}?ip=shared"))
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    data = {"subaccount_id": SUBACCOUNT}
    succeeded(mailgun.put(f"{POOLS}/{SPARE}/delegate", data=data, headers=form))
    assert create(mailgun)
