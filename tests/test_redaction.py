"""No credential and no password of a tenant is in a request log, on stderr or in an error message."""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote, urlencode

import pytest
from flask import Flask

from mockserver.core.redaction import MIN_CREDENTIAL

from .control_client import ControlClient, TenantClient
from .support import MAILGUN, SENDGRID, SENDGRID_KEY, SPARKPOST, basic, store_of

STORES = ("memory", "redis")
KEYS = {case.name: case.api_key for case in (SPARKPOST, SENDGRID, MAILGUN)}
PASSWORD = 'corr"ect horse/é&'


def log_of(app: Flask, tenant: str = "default") -> str:
    """Return the request log of a tenant as text."""
    return json.dumps(ControlClient(app).ok("GET", f"/tenants/{tenant}/requests"), ensure_ascii=False)


def is_in(secret: str, text: str) -> bool:
    """Return whether a text has a secret: as it is, escaped in some way, or in Base64."""
    tokens = [text]
    for _ in range(6):
        text = re.sub(r"\\u([0-9A-Fa-f]{4})", lambda found: chr(int(found[1], 16)), unquote(text))
        text = re.sub(r"\\(.)", r"\1", text)
        tokens.append(text)
    for token in re.findall(r"[\w+/-]{12,}", text):
        for offset in range(4):
            part = token[offset:].replace("-", "+").replace("_", "/")
            tokens.append(base64.b64decode(part[: len(part) // 4 * 4]).decode("latin-1"))
    return any(secret in token or quote(secret, safe="") in token for token in tokens)


def every_letter_escaped(text: str) -> str:
    return "".join(f"%{ord(letter):02x}" for letter in text)


SENDS: dict[str, Callable[[Any, str], Any]] = {
    "path": lambda client, key: client.get(f"/unknown/{key}"),
    "path value": lambda client, key: client.get(f"/v3/ips/pools/{key}"),
    "query": lambda client, key: client.get(f"/v3/ips?a=1&api_key={key}"),
    "name in a query": lambda client, key: client.get(f"/v3/ips?{key}=1"),
    "escaped query": lambda client, key: client.get(f"/v3/ips?a=1&api_key={every_letter_escaped(key)}&b=2"),
    "query escaped twice": lambda client, key: client.get(f"/v3/ips?key={quote(every_letter_escaped(key))}"),
    "header": lambda client, key: client.get("/v3/ips", headers={"X-Key": key}),
    "Referer": lambda client, key: client.get("/v3/ips", headers={"Referer": f"https://a.example/?k={key}&b=1"}),
    "Authorization of another header": lambda client, key: client.get(
        "/v3/ips", headers={"X-Forwarded-Authorization": f"Bearer {key}"}
    ),
    "account": lambda client, key: client.get("/v3/ips", headers={"On-Behalf-Of": key}),
    "User-Agent": lambda client, key: client.get("/v3/ips", headers={"User-Agent": f"test ({key})"}),
    **{
        f"Basic authentication of {user!r}": lambda client, key, user=user: client.get(
            "/v3/ips", headers={"X-Forwarded-Authorization": basic(user, key)}
        )
        for user in ("", "ap", "api")
    },
    "user of Basic authentication": lambda client, key: client.get("/v3/ips", headers={"X-A": basic(key, "pass")}),
    "URL-safe Base64": lambda client, key: client.get(
        "/v3/ips", headers={"X-A": base64.urlsafe_b64encode(f">>?{key}".encode()).decode()}
    ),
    "JSON": lambda client, key: client.post("/v3/ips/pools", json={"name": "a", "key": key}),
    "echoed value": lambda client, key: client.post("/v3/ips/pools/marketing/ips", json={"ip": key}),
    "field name": lambda client, key: client.post("/v3/ips/pools", json={"name": "a", key: 1}),
    "escaped JSON": lambda client, key: client.post(
        "/v3/ips/pools", data='{{"name": "{}"}}'.format("".join(f"\\u{ord(letter):04X}" for letter in key))
    ),
    "invalid JSON": lambda client, key: client.post("/v3/ips/pools", data=f'{{"name": "{key}'),
    "wrong type": lambda client, key: client.post("/v3/ips/pools", json={"name": [key]}),
    "form": lambda client, key: client.post("/v3/ips/pools", data={"name": f"x {key}"}),
    "bytes": lambda client, key: client.post("/v3/ips/pools", data=b"\xff\0" + key.encode() + b"\xff"),
}


@pytest.mark.parametrize("sent", KEYS)
@pytest.mark.parametrize("name", SENDS)
def test_credential_of_the_tenant_is_redacted_wherever_it_stands(app: Flask, name: str, sent: str) -> None:
    """It may be the credential of the request, or one of another provider."""
    key = KEYS[sent]
    SENDS[name](SENDGRID.client(app), key)
    assert not is_in(key, log_of(app))


def test_rest_of_the_record_is_unchanged(app: Flask) -> None:
    query, body = f"a=1&api_key={SENDGRID_KEY}&b=%20", {"name": "a", "key": SENDGRID_KEY, "more": "é"}
    SENDGRID.client(app).post(f"/v3/ips/pools?{query}", json=body)
    (record,) = ControlClient(app).ok("GET", "/tenants/default/requests")["requests"]
    shown = f"…{SENDGRID_KEY[-4:]}"
    assert record["query"] == query.replace(SENDGRID_KEY, quote(shown))
    assert json.loads(record["body"]) == {**body, "key": shown}
    assert record["unused_fields"] == ["a", "api_key", "b", "key", "more"]


def test_credentials_of_a_new_tenant_are_redacted(app: Flask) -> None:
    tenant = ControlClient(app).new_tenant()
    key = tenant.data["providers"]["sendgrid"]["api_key"]
    tenant.sendgrid.get(f"/v3/ips?key={key}")
    assert not is_in(key, log_of(app, tenant.id))


def test_credential_that_a_provider_returned_is_redacted(app: Flask) -> None:
    """A store in Redis does not have it."""
    tenant: TenantClient = ControlClient(app).new_tenant(profile="live")
    body = {"name": "Team", "key_label": "a", "key_grants": ["smtp/inject"]}
    key = tenant.sparkpost.post("/api/v1/subaccounts", json=body).json["results"]["key"]
    if store_of(app).is_local:
        tenant.sparkpost.get(f"/api/v1/ip-pools?key={key}")
    SPARKPOST.client(app, key).get(f"/api/v1/ip-pools?key={key}")
    assert not is_in(key, log_of(app, tenant.id))


@pytest.mark.parametrize(("length", "is_shown"), [(MIN_CREDENTIAL - 1, True), (MIN_CREDENTIAL, False)])
def test_short_credential_may_be_any_word(make_app: Callable[..., Flask], length: int, is_shown: bool) -> None:
    key = "pools-in-a-text"[:length]
    app = make_app(unknown_credentials="any")
    SENDGRID.client(app, key).get(f"/v3/ips?a={key}")
    (tenant,) = ControlClient(app).ok("GET", "/tenants")["tenants"]
    (record,) = ControlClient(app).ok("GET", f"/tenants/{tenant['id']}/requests")["requests"]
    assert (key in record["query"]) == is_shown
    assert ["Authorization", "…"] in record["headers"]


# Passwords

SUBUSER = {"username": "a", "email": "a@example.com", "password": PASSWORD, "ips": ["203.0.113.2"]}
DOMAIN = {"name": "a.example.com", "smtp_password": PASSWORD}
MULTIPART = (
    '--b\r\nContent-Disposition: form-data; name="name"\r\n\r\na.example.com\r\n'
    '--b\r\nContent-Disposition: form-data; name="smtp_password"\r\n\r\n{}\r\n--b--\r\n'
)
FORM = "application/x-www-form-urlencoded"
PASSWORDS: dict[str, tuple[str, str, bytes]] = {
    "JSON": ("/v3/subusers", "application/json", json.dumps(SUBUSER).encode()),
    "JSON without a media type": ("/v3/subusers", FORM, json.dumps(SUBUSER, ensure_ascii=False).encode()),
    "JSON with an escaped name": (
        "/v3/subusers",
        "application/json",
        json.dumps(SUBUSER).replace("password", "p\\u0061ssword").encode(),
    ),
    "JSON with it twice": (
        "/v3/subusers",
        "",
        b'{"password": "x", "a": {"password" : %s}}' % json.dumps(PASSWORD).encode(),
    ),
    "JSON with a list": ("/v3/subusers", "", json.dumps({**SUBUSER, "password": [[PASSWORD]]}).encode()),
    "invalid JSON": ("/v3/subusers", "", json.dumps(SUBUSER)[:-1].encode()),
    "JSON that ends in it": ("/v3/subusers", "", json.dumps({"password": PASSWORD})[:-2].encode()),
    "unknown path": ("/v3/unknown", "", json.dumps(SUBUSER).encode()),
    "form": ("/v3/domains", FORM, urlencode(DOMAIN).encode()),
    "form with an escaped name": ("/v3/domains", FORM, urlencode(DOMAIN).replace("smtp", "%73mtp").encode()),
    "form without a media type": ("/v3/domains", "", urlencode(DOMAIN).encode()),
    "form that begins as JSON": ("/v3/domains", FORM, b"{" + urlencode(DOMAIN).encode()),
    "query": (f"/v3/domains?{urlencode(DOMAIN)}", FORM, b"name=b.example.com"),
    "multipart": ("/v3/domains", "multipart/form-data; boundary=b", MULTIPART.format(PASSWORD).encode()),
    "multipart with other line ends": (
        "/v3/domains",
        "multipart/form-data; boundary=b",
        MULTIPART.format(PASSWORD).replace("\r\n", "\n").encode(),
    ),
    "multipart without an end": (
        "/v3/domains",
        "multipart/form-data; boundary=b",
        MULTIPART.format(PASSWORD)[:-9].encode(),
    ),
    "multipart without a boundary": ("/v3/domains", "multipart/form-data", MULTIPART.format(PASSWORD).encode()),
    "too many parts": (
        "/v3/domains",
        "multipart/form-data; boundary=b",
        (MULTIPART.format(PASSWORD)[:-7] * 1_200).encode(),
    ),
    "bad password": ("/v3/domains", FORM, urlencode({**DOMAIN, "smtp_password": PASSWORD * 9}).encode()),
}


@pytest.mark.parametrize("name", PASSWORDS)
def test_password_is_not_recorded(app: Flask, name: str) -> None:
    path, content_type, body = PASSWORDS[name]
    case = SENDGRID if b'"' in body and "multipart" not in content_type else MAILGUN
    case.client(app).post(path, data=body, content_type=content_type)
    log = log_of(app)
    for part in (PASSWORD, *re.split("[^a-z]+", PASSWORD)):
        assert len(part) < 3 or part not in unquote(log)


@pytest.mark.parametrize("name", ["JSON", "form", "query", "multipart"])
def test_rest_of_a_request_with_a_password_is_recorded(app: Flask, name: str) -> None:
    path, content_type, body = PASSWORDS[name]
    case = SENDGRID if name == "JSON" else MAILGUN
    assert case.client(app).post(path, data=body, content_type=content_type).status_code in (200, 201)
    (record,) = ControlClient(app).ok("GET", "/tenants/default/requests")["requests"]
    assert {each["rule"] for each in record["request_violations"]} == ({"place"} if name == "query" else set())
    match name:
        case "JSON":
            assert json.loads(record["body"]) == {**SUBUSER, "password": "…"}
        case "form":
            assert record["body"] == urlencode({**DOMAIN, "smtp_password": "…"})
        case "query":
            assert record["query"] == urlencode({**DOMAIN, "smtp_password": "…"})
        case "multipart":
            assert record["body"] == MULTIPART.format("…")


def test_many_quotes_are_read_once(app: Flask) -> None:
    """The time that a body takes is proportional to its size."""
    for body in (b'"password' + b'\\"' * 250_000, b'{"password": ' * 50_000, b'"password"' * 50_000):
        SENDGRID.client(app).post("/v3/subusers", data=body)


# Logs and messages


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(("key", "status"), [(SENDGRID_KEY, 200), (SENDGRID_KEY[:-1], 401)])
def test_access_log_has_no_credential(
    make_app: Callable[..., Flask], caplog: pytest.LogCaptureFixture, key: str, status: int, form: str
) -> None:
    """Neither a known one nor an unknown one, which may be a real one."""
    caplog.set_level(logging.INFO, "mockserver")
    app = make_app(access_log=form)
    client = SENDGRID.client(app, key)
    assert client.get(f"/v3/ips?a={every_letter_escaped(key)}").status_code == status
    client.get(f"/v3/{key}")
    app.test_client().get(f"/v3/{key}?b={key}", headers={"Authorization": f"Bearer {key}"})
    app.test_client().get(f"/_mockserver/tenants/{key}")
    assert re.search(f"sendgrid.listIps.* {status}", caplog.text)
    assert not is_in(key, caplog.text)


@pytest.mark.crashes
def test_traceback_has_no_credential(
    app: Flask, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise RuntimeError(f"no {SENDGRID_KEY}")

    monkeypatch.setattr(SENDGRID.create_rule, crash)
    response = SENDGRID.client(app).post(SENDGRID.pools_path, **SENDGRID.new_pool("a"))
    assert response.status_code == 500
    assert "RuntimeError: no …" in caplog.text
    assert not is_in(SENDGRID_KEY, caplog.text + response.text)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/tenants", {"credentials": [SENDGRID_KEY]}),
        ("/tenants", {"credentials": {"sendgrid": [SENDGRID_KEY]}}),
        ("/tenants", {"credentials": {"sendgrid": SENDGRID_KEY * 20}}),
        ("/tenants", {"credentials": {"sendgrid": SENDGRID_KEY}}),
        ("/tenants", {"seed": [SENDGRID_KEY]}),
        ("/tenants", {"seed": {"sendgrid": {"credentials": [{"key": [SENDGRID_KEY]}]}}}),
        ("/tenants", {"seed": {"sendgrid": {"credentials": [{"key": SENDGRID_KEY}] * 2}}}),
        ("/tenants/lookup", {"provider": "sendgrid", "credential": [SENDGRID_KEY]}),
        ("/tenants/lookup", {"provider": "sendgrid", "credential": SENDGRID_KEY + "x"}),
        ("/tenants/default/state", [SENDGRID_KEY]),
    ],
)
def test_error_of_the_control_api_has_no_credential(client: Any, path: str, body: object) -> None:
    method = "PUT" if path.endswith("state") else "POST"
    response = client.open(f"/_mockserver{path}", method=method, json=body)
    assert 400 <= response.status_code < 500
    assert SENDGRID_KEY not in response.text
