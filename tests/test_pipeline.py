"""What every provider shares: the way of a request, and answers that are not about one operation."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from werkzeug.test import TestResponse

from mockserver.core.errors import entries
from mockserver.providers import PROVIDERS
from mockserver.web.provider import Provider

from .support import ProviderAccess, World, response_violations

STORES = ("memory", "redis")
PROVIDER = pytest.mark.parametrize("name", [provider.name for provider in PROVIDERS])

NOT_IMPLEMENTED = [
    (provider, method, path)
    for provider in PROVIDERS
    for path, methods in provider.not_implemented.items()
    for method in methods
]

ROOM = {"sparkpost": "/api/v1/ip-pools", "sendgrid": "/v3/ips/pools", "mailgun": "/v3/ip_pools"}
"""A path of each provider that can be read and posted to."""


def rules_of(name: str) -> Any:
    """Return the module of a provider's rules that makes what is posted to its room."""
    provider = next(provider for provider in PROVIDERS if provider.name == name)
    post = next(each for each in provider.operations.values() if each.method == "POST" and ROOM[name] in each.paths)
    found = vars(sys.modules[post.view.__module__]).values()
    return next(each for each in found if isinstance(each, ModuleType) and hasattr(each, "create_pool"))


def words(response: TestResponse) -> str:
    """Return the message of an error in whichever envelope it came."""
    if not response.headers["Content-Type"].startswith("application/json"):
        return response.text
    data = response.json
    first = data["errors"][0] if "errors" in data else data
    message: str = first["message"]
    return message


@pytest.mark.parametrize(
    ("provider", "method", "path"),
    NOT_IMPLEMENTED,
    ids=[f"{provider.name} {method} {path}" for provider, method, path in NOT_IMPLEMENTED],
)
def test_what_is_not_modelled_says_so(world: World, provider: Provider, method: str, path: str) -> None:
    """An operation that the provider has and this server has not is a loud 501, to those who are known."""
    access: ProviderAccess = getattr(world, provider.name)
    path = path.replace("{", "").replace("}", "")
    response = access(method, path)
    assert (response.status_code, response.headers["X-Mockserver-Not-Implemented"]) == (501, "1")
    assert words(response) == f"mockserver does not model {method} {path}; it invents no answer"
    response = ProviderAccess(world, provider.name, {})(method, path)
    assert response.status_code == 401
    assert "X-Mockserver-Not-Implemented" not in response.headers


@pytest.mark.parametrize("path", ["/nope", "//v3/ips/pools", "/v3//ips/pools", "/v3/ips/pools/a/b/c/d", "/%FF"])
@PROVIDER
def test_unknown_routes(world: World, name: str, path: str) -> None:
    """Any other path is the provider's own 404, and never a redirect."""
    response = getattr(world, name).get(path)
    texts = {
        "sparkpost": "Resource could not be found",
        "sendgrid": "resource not found",
        "mailgun": "404 page not found",
    }
    assert (response.status_code, words(response)) == (404, texts[name])


@pytest.mark.parametrize("method", ["PUT", "TRACE", "QUERY", "HEAD", "BREW", "CONNECT"])
@PROVIDER
def test_wrong_methods(world: World, name: str, method: str) -> None:
    """A method that a path has not is refused, with the ones it has in order of the alphabet."""
    response = getattr(world, name)(method, ROOM[name])
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, POST")


def test_transport_is_no_business_of_a_provider(world: World) -> None:
    """A request to become a websocket is an ordinary one; a Host that is none is no 404 of the provider."""
    headers = {"Connection": "Upgrade", "Upgrade": "websocket"}
    assert world.sparkpost.get("/api/v1/ip-pools", headers=headers).status_code == 200
    response = world.sparkpost.get("/api/v1/ip-pools", headers={"Host": "a..b"})
    assert (response.status_code, response.headers["Content-Type"]) == (421, "application/problem+json")


@PROVIDER
def test_phrases(world: World, name: str) -> None:
    """The phrase on the status line is the standard one, SendGrid's in capitals, whatever Python runs this."""
    expected = {413: "Request Entity Too Large", 405: "Method Not Allowed", 404: "Not Found"}
    statuses = [
        getattr(world, name).post(ROOM[name], data=b" " * (2 << 20)).status,
        getattr(world, name).put(ROOM[name]).status,
        getattr(world, name).get("/nope").status,
    ]
    for status, (code, phrase) in zip(statuses, expected.items(), strict=True):
        assert status == f"{code} {phrase.upper() if name == 'sendgrid' else phrase}"


def test_options(world: World) -> None:
    """OPTIONS is refused by SparkPost and Mailgun, and answered by SendGrid; with a credential and without."""
    expected = {"sparkpost": 403, "sendgrid": 200, "mailgun": 405}
    for name, status in expected.items():
        for access in (getattr(world, name), ProviderAccess(world, name, {})):
            response = access("OPTIONS", ROOM[name])
            assert response.status_code == status
            assert response.headers.get("Allow") == (None if name == "sparkpost" else "GET, POST")
            assert "X-Mockserver-Request-Id" in response.headers
        assert getattr(world, name)("OPTIONS", "/nope").status_code == 404


@PROVIDER
def test_trailing_slashes(world: World, name: str) -> None:
    """A slash at the end changes nothing."""
    access = getattr(world, name)
    assert access.get(ROOM[name] + "/").json == access.get(ROOM[name]).json


@PROVIDER
def test_an_empty_body_may_be_called_anything(world: World, name: str) -> None:
    """Nothing is refused for a Content-Type on a GET or DELETE without a body."""
    for content_type in ("application/json", "application/x-www-form-urlencoded", "multipart/form-data", "x", ";;;"):
        access = getattr(world, name)
        assert access.get(ROOM[name], headers={"Content-Type": content_type}).status_code == 200
        assert access.delete(ROOM[name] + "/nope", headers={"Content-Type": content_type}).status_code == 404


@PROVIDER
@pytest.mark.parametrize("size", [-1, 0, 1])
def test_too_large_a_body(make_world: Callable[..., World], name: str, size: int) -> None:
    """A body of the largest size is read, one byte more is refused in the provider's words."""
    world = make_world(max_body_bytes=1_000)
    response = getattr(world, name).post(ROOM[name], data=b" " * (1_000 + size))
    texts = {
        "sparkpost": "Request entity too large",
        "sendgrid": "content too large",
        "mailgun": "Request Entity Too Large",
    }
    if size == 1:
        assert (response.status_code, words(response)) == (413, texts[name])
        assert ProviderAccess(world, name, {}).post(ROOM[name], data=b" " * 1_001).status_code == 401
    else:
        assert response.status_code in (400, 422)


def test_many_parts_are_too_large(mailgun: ProviderAccess) -> None:
    """A form of a thousand parts is read, one of more is too large."""
    body = b"".join(b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nn\r\n' for _ in range(1_001)) + b"--x--"
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert mailgun.post(ROOM["mailgun"], data=body, headers=headers).status_code == 413
    returned = mailgun.world.client.get("/_mockserver/tenants/default/requests")
    assert (returned.status_code, returned.json["requests"][-1]["status"]) == (200, 413)


@pytest.mark.crashes
@PROVIDER
def test_a_crash_of_ours(world: World, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake in a rule is the provider's 500, changes nothing, and leaves the tenant unlocked."""
    access = getattr(world, name)
    before = access.tenant.read().dump()

    def crash(tx: Any, *args: object, **kwargs: object) -> None:
        tx.state.pools["half"] = object()
        tx.ids.next()
        raise RuntimeError("planted")

    bodies = {"sparkpost": {"json": {"name": "x"}}, "sendgrid": {"json": {"name": "x"}},
              "mailgun": {"data": {"name": "x", "description": "x"}}}  # fmt: skip
    with monkeypatch.context() as patch:
        patch.setattr(rules_of(name), "create_pool", crash)
        response = access.post(ROOM[name], **bodies[name])
    texts = {
        "sparkpost": "Internal server error",
        "sendgrid": "internal server error",
        "mailgun": "Internal Server Error",
    }
    assert (response.status_code, words(response)) == (500, texts[name])
    assert access.tenant.read().dump() == before
    assert access.post(ROOM[name], **bodies[name]).status_code == 200


def test_outside_of_any_provider(world: World) -> None:
    """What belongs to no provider is answered in a form that none of them uses."""
    for path in ("/", "/nope", "/sparkpostx/api/v1/ip-pools", "/_mockserver/nope", "/_mockserver/openapi/nope.json"):
        response = world.client.get(path)
        assert (response.status_code, response.headers["Content-Type"]) == (404, "application/problem+json")
        assert response.json["status"] == 404
    assert world.client.post("/_mockserver/live").headers["Allow"] == "GET"


def test_live_and_ready(world: World) -> None:
    """The control API says that the server is there, without a credential."""
    assert world.client.get("/_mockserver/live").json == {"schema_version": 1, "live": True}
    assert world.client.get("/_mockserver/ready").json == {"schema_version": 1, "ready": True}


@PROVIDER
def test_served_documents(world: World, name: str) -> None:
    """The OpenAPI document is served with this server's address in it."""
    document = world.client.get(f"/_mockserver/openapi/{name}.json", headers={"Host": "127.0.0.1:99"}).json
    assert document["servers"] == [{"url": f"http://127.0.0.1:99/{name}"}]
    again = world.client.get(f"/_mockserver/openapi/{name}.json").json
    assert again["servers"] == [{"url": f"http://localhost/{name}"}]


@pytest.mark.parametrize(
    ("host", "returned"),
    [("my_host:8080", "my_host:8080"), ("xn--a", "xn--a"), ("a:b", "a:b"), ("a:80", "a"), ("a b", "localhost"),
     ("ü", "localhost"), ("", "localhost")],
)  # fmt: skip
def test_links_lead_back_under_any_name(make_world: Callable[..., World], host: str, returned: str) -> None:
    """The URLs in answers have the name by which the client called, however unusual it is, if it can be in a URL."""
    world = make_world(expose=True)
    headers = {"Host": host}
    for name, path in (("control", "_mockserver"), ("sendgrid", "sendgrid")):
        document = world.client.get(f"/_mockserver/openapi/{name}.json", headers=headers).json
        assert document["servers"] == [{"url": f"http://{returned}/{path}"}]
    domains = world.mailgun.get(f"{ROOM['mailgun']}/658041ae44842b99ee2eaa1b/domains", headers=headers).json
    assert domains["paging"]["first"].startswith(f"http://{returned}/mailgun/v3/ip_pools/")


@PROVIDER
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
def test_hostile_headers(world: World, name: str, headers: dict[str, str]) -> None:
    """No header makes the server crash or answer 500."""
    for access in (getattr(world, name), ProviderAccess(world, name, {})):
        for method in ("GET", "POST", "DELETE", "OPTIONS"):
            response = access(method, ROOM[name], headers=headers, input_stream=io.BytesIO(b"--x\r\n\r\n{}"))
            assert response.status_code < 500


@PROVIDER
@pytest.mark.parametrize(
    "authorization", ["\x00", "ÿ" * 99, "Basic " + "=" * 99, "Basic OjpwOg==", "Bearer \t", "x" * 60_000]
)
def test_hostile_credentials(world: World, name: str, authorization: str) -> None:
    """A nonsensical credential is just an unknown one."""
    response = ProviderAccess(world, name, {"Authorization": authorization}).get(ROOM[name])
    assert response.status_code == 401


@PROVIDER
@pytest.mark.parametrize("query", ["%", "&&&", "=", "a=%FF", "limit=1&limit=x", "a[b]=1", "%00=%00", "page=%F0%28"])
def test_hostile_queries(world: World, name: str, query: str) -> None:
    """A nonsensical query is ignored where nothing reads it."""
    assert getattr(world, name).get(f"{ROOM[name]}?{query}").status_code == 200


@PROVIDER
def test_duplicate_keys(world: World, name: str) -> None:
    """Of two equal keys in a JSON object the last one counts, and nothing crashes."""
    response = getattr(world, name).post(ROOM[name], data=b'{"name": "a", "name": "b"}')
    assert response.status_code == (400 if name == "mailgun" else 200)


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_entries_know_their_keys(provider: Provider) -> None:
    """Every entry of a catalog is found under its own name, which is its key, and every one has a source."""
    found = entries(provider.catalog)
    assert len(found) > 10
    for key, entry in found.items():
        assert getattr(provider.catalog, key.upper()) is entry
        assert entry.source.kind in ("documented", "observed", "assumed")
        assert len(entry.source.where) > 10


def test_an_entry_takes_just_its_values() -> None:
    """A missing or unknown placeholder is an error of the caller."""
    entry = entries(PROVIDERS[0].catalog)["pool_does_not_exist"]
    assert entry(id="{x}").message == "IP Pool {x} does not exist."
    for values in ({}, {"id": "x", "name": "y"}):
        with pytest.raises(TypeError, match="expected the values"):
            entry(**values)


def test_two_servers_in_one_process(make_world: Callable[..., World]) -> None:
    """Nothing is shared between two applications in one process."""
    one, two = make_world(), make_world()
    one.sendgrid.post("/v3/ips/pools", json={"name": "only here"})
    assert two.sendgrid.get("/v3/ips/pools/only%20here").status_code == 404


def test_request_ids(world: World) -> None:
    """Every answer names its request, by tenant and number."""
    first, second = (world.sparkpost.get("/api/v1/ip-pools").headers["X-Mockserver-Request-Id"] for _ in range(2))
    assert (first, second) == ("default-1", "default-2")
    assert ProviderAccess(world, "sparkpost", {}).get("/").headers["X-Mockserver-Request-Id"] == "unmatched-1"


def test_answers_are_the_same_bytes_again(make_world: Callable[..., World]) -> None:
    """With one id seed and one clock, the same calls get the same bytes, identifiers included."""

    def run(id_seed: str) -> list[bytes]:
        world = make_world(id_seed=id_seed, time=lambda: 1_700_000_000.0)
        mailgun = world.mailgun
        refused = mailgun.post(ROOM["mailgun"], data={"name": "x"})
        made = mailgun.post(ROOM["mailgun"], data={"name": "x", "description": "y"})
        world.sendgrid.post(ROOM["sendgrid"], json={"name": "x"})
        return [refused.data, made.data, world.sendgrid.get("/v3/send_ips/pools").data]

    assert run("a") == run("a") != run("b")


def test_a_refused_request_uses_up_no_identifier(make_world: Callable[..., World]) -> None:
    """Identifiers are as if refused requests had never been."""
    ids = []
    for errors in (0, 3):
        mailgun = make_world(time=lambda: 1_700_000_000.0).mailgun
        for _ in range(errors):
            mailgun.post(ROOM["mailgun"], data={"name": "x"})
            mailgun.delete(f"{ROOM['mailgun']}/658041ae44842b99ee2eaa1c", query_string={"ip": "1.2.3.4"})
        ids.append(mailgun.post(ROOM["mailgun"], data={"name": "x", "description": "y"}).json["pool_id"])
    assert ids[0] == ids[1]


def test_json_is_utf8(sendgrid: ProviderAccess) -> None:
    """Characters are sent as themselves."""
    sendgrid.post(ROOM["sendgrid"], json={"name": "ü‘"})
    assert "ü‘".encode() in sendgrid.get(ROOM["sendgrid"]).data
    assert json.loads(sendgrid.get(ROOM["sendgrid"]).data)[-1] == {"name": "ü‘"}


@pytest.mark.parametrize("data", [{"pools": []}, {"name": 1}, {"name": "a", "id": "1"}, "a"])
def test_an_answer_that_breaks_the_contract(
    data: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A response that the contract does not have is sent, logged, counted and noted in the journal."""
    world = World()
    monkeypatch.setattr("mockserver.providers.sendgrid.responses.pool_name", lambda pool: data)
    response = world.sendgrid.get("/v3/ips/pools")
    assert response.status_code == 200
    assert data in response.json
    (record,) = world.store.tenant("default").request_log
    assert record.response_violation
    assert response_violations(world.app) == 1
    (logged,) = [each.getMessage() for each in caplog.records]
    assert logged == f"response violates the OpenAPI document: sendgrid listIpPools: {record.response_violation}"
