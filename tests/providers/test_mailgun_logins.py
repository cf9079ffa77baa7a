"""The SMTP logins of Mailgun's domains, and their passwords."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask

from mockserver.core.store import Transaction
from mockserver.providers.mailgun.provider import blueprint
from mockserver.providers.mailgun.rules.credentials import check_login, default_password
from mockserver.web.server_state import server_state

from ..support import MAILGUN, MAILGUN_KEY, SUBACCOUNT, ProviderClient
from .mailgun_account import refused

STORES = ("memory", "redis")
NEWS = "/v3/domains/news.example.com"
CREDENTIALS = f"{NEWS}/credentials"
POSTMASTER = "postmaster@news.example.com"
BOB = "bob@news.example.com"
DEFAULT = default_password(MAILGUN_KEY)


def login(app: Flask, name: str, password: str, region: str = "us") -> str | None:
    """Log in as an SMTP server does; return the tenant, or None."""
    server = server_state(app)
    caller = blueprint.find_login(server.tenants, name, password, region)
    if caller is None:
        return None

    def view(tx: Transaction[Any]) -> bool:
        tx.region = region
        return check_login(tx, caller.registration, name) is not None

    tenant = server.tenants.get(caller.tenant.id)
    assert tenant is not None
    tx: Transaction[Any] = Transaction(tenant.read().state("mailgun"), None, 0.0)  # type: ignore[arg-type]
    return tenant.id if view(tx) else None


def test_default_password_works_for_every_login(mailgun: ProviderClient) -> None:
    app, tenant = mailgun.application, mailgun.tenant.id
    mailgun.post(CREDENTIALS, data={"login": "bob", "password": "secret"})
    for name in (POSTMASTER, "postmaster@NEWS.Example.com"):
        assert login(app, name, DEFAULT) == tenant
    assert login(app, BOB, "secret") == tenant
    for name, password in (
        (POSTMASTER, MAILGUN_KEY),
        (POSTMASTER, "smtp-"),
        (POSTMASTER, "secret"),
        (POSTMASTER, ""),
        (BOB, DEFAULT),
        ("eve@news.example.com", DEFAULT),
        ("postmaster@nowhere.example.com", DEFAULT),
        ("postmaster", DEFAULT),
        ("", DEFAULT),
    ):
        assert login(app, name, password) is None


def test_default_password_of_an_unknown_key_is_a_tenant_of_its_own(mailgun: ProviderClient) -> None:
    key = MAILGUN.new_key()
    tenant = login(mailgun.application, POSTMASTER, default_password(key))
    assert tenant not in (None, mailgun.tenant.id)
    assert mailgun.with_key(key).tenant.id == tenant
    assert login(mailgun.application, POSTMASTER, default_password("nonsense")) is None


def test_password_of_a_login_is_the_last_one_that_was_set(
    app: Flask,
) -> None:
    mailgun = MAILGUN.new_client(app)
    generated = mailgun.post(CREDENTIALS, data={"login": "bob"}).json["credentials"][BOB]
    tenant = login(app, BOB, generated)
    assert tenant is not None
    mailgun.put(f"{CREDENTIALS}/bob", data={"password": "second"})
    assert (login(app, BOB, generated), login(app, BOB, "second")) == (None, tenant)
    mailgun.put(f"/v4{NEWS.removeprefix('/v3')}", data={"smtp_password": "third"})
    assert (login(app, POSTMASTER, "third"), login(app, BOB, "third")) == (tenant, None)
    mailgun.put(f"{CREDENTIALS}/postmaster", data={"password": "fourth"})
    assert (login(app, POSTMASTER, "third"), login(app, POSTMASTER, "fourth")) == (None, tenant)
    mailgun.post("/v4/domains", data={"name": "new.example.com", "smtp_password": "fifth"})
    assert login(app, "postmaster@new.example.com", "fifth") == tenant
    mailgun.delete(f"{CREDENTIALS}/bob")
    assert login(app, BOB, "second") is None
    app.test_client().post(f"/_mockserver/tenants/{tenant}/reset")
    for name, password in ((POSTMASTER, "fourth"), (BOB, "second"), ("postmaster@new.example.com", "fifth")):
        assert login(app, name, password) is None


def test_restored_snapshot_has_the_password_of_its_time(mailgun: ProviderClient) -> None:
    app, tenant, control = mailgun.application, mailgun.tenant.id, mailgun.application.test_client()
    mailgun.put(f"{CREDENTIALS}/postmaster", data={"password": "first"})
    control.post(f"/_mockserver/tenants/{tenant}/snapshots", json={"name": "before"})
    mailgun.put(f"{CREDENTIALS}/postmaster", data={"password": "second"})
    control.post(f"/_mockserver/tenants/{tenant}/snapshots/before/restore")
    assert (login(app, POSTMASTER, "first"), login(app, POSTMASTER, "second")) == (tenant, None)


def test_two_tenants_with_the_same_pair_are_refused(
    app: Flask,
) -> None:
    """Nothing is changed by the second; the first may set it again."""
    first, second = MAILGUN.new_client(app), MAILGUN.new_client(app)
    assert first.post(CREDENTIALS, data={"login": "bob", "password": "secret"}).status_code == 200
    assert first.put(f"{CREDENTIALS}/bob", data={"password": "secret"}).status_code == 200
    taken = f"Password of {BOB} is already in use"
    before = second.get(CREDENTIALS).json
    refused(second.post(CREDENTIALS, data={"login": ["al", "bob"], "password": ["any one", "secret"]}), 400, taken)
    assert second.get(CREDENTIALS).json == before
    assert second.post(CREDENTIALS, data={"login": "bob", "password": "Secret"}).status_code == 200
    refused(second.put(f"{CREDENTIALS}/bob", data={"password": "secret"}), 400, taken)
    assert login(app, BOB, "Secret") not in (None, login(app, BOB, "secret"))
    assert first.put(NEWS.replace("v3", "v4"), data={"smtp_password": "secret"}).status_code == 200
    taken = f"Password of {POSTMASTER} is already in use"
    refused(second.put(NEWS.replace("v3", "v4"), data={"smtp_password": "secret"}), 400, taken)
    new = {"name": "new.example.com", "smtp_password": "secret"}
    assert first.post("/v4/domains", data=new).status_code == 200
    refused(second.post("/v4/domains", data=new), 400, "Password of postmaster@new.example.com is already in use")
    refused(second.get("/v4/domains/new.example.com"), 404, "Domain not found")


def test_password_is_no_api_key_and_is_not_shown(mailgun: ProviderClient) -> None:
    mailgun.post(CREDENTIALS, data={"login": "bob", "password": "my secret"})
    key = mailgun.with_key(f"smtp:{BOB}:my secret")
    assert (key.get(NEWS).status_code, key.get(NEWS).data) == (401, b"Forbidden")
    assert mailgun.with_key(f"smtp:{POSTMASTER}:x").get(NEWS).status_code == 401
    control, tenant = mailgun.application.test_client(), mailgun.tenant.id
    for path in ("state", "requests", ""):
        assert "my secret" not in control.get(f"/_mockserver/tenants/{tenant}/{path}".rstrip("/")).text


def test_password_in_a_seed(make_mailgun: Callable[..., ProviderClient]) -> None:
    """It belongs to the tenant of the first key, and is valid until a request sets another."""
    (domain,) = [{"name": "news.example.com", "ips": ["192.0.2.10"], "smtp_password": "of the seed"}]
    mailgun = make_mailgun(
        ips=["192.0.2.10"],
        ip_pools=[],
        subaccounts=[],
        credentials=[MAILGUN_KEY],
        jobs=[],
        domains=[domain],
        eligible_for_shared_ips=False,
        smtp_credentials=[{"login": BOB, "password": "secret"}],
    )
    app, tenant = mailgun.application, mailgun.tenant.id
    assert login(app, BOB, "secret") == login(app, POSTMASTER, "of the seed") == login(app, BOB, DEFAULT) == tenant
    other = mailgun.with_new_key()
    refused(other.put(f"{CREDENTIALS}/bob", data={"password": "secret"}), 400, f"Password of {BOB} is already in use")
    mailgun.put(f"{CREDENTIALS}/bob", data={"password": "changed"})
    assert [login(app, BOB, each) for each in ("secret", DEFAULT, "changed")] == [None, None, tenant]
    app.test_client().post(f"/_mockserver/tenants/{tenant}/reset")
    assert [login(app, BOB, each) for each in ("secret", DEFAULT, "changed")] == [tenant, tenant, None]
    state = app.test_client().get(f"/_mockserver/tenants/{tenant}/state").text
    assert "secret" not in state
    assert "of the seed" not in state


def test_login_is_in_the_region_of_its_domain(mailgun: ProviderClient) -> None:
    assert login(mailgun.application, POSTMASTER, DEFAULT, "eu") is None


def test_login_of_a_subaccount(mailgun: ProviderClient) -> None:
    """The keys of the account and of the subaccount are its default password, while the subaccount is open."""
    app = mailgun.application
    mailgun.acting_for(SUBACCOUNT).post("/v4/domains", data={"name": "sub.example.net", "smtp_password": "secret"})
    name = "postmaster@sub.example.net"
    tenant = login(app, name, "secret")
    assert tenant == mailgun.tenant.id
    mailgun.post(f"/v5/accounts/subaccounts/{SUBACCOUNT}/disable")
    assert login(app, name, "secret") is None
    mailgun.post(f"/v5/accounts/subaccounts/{SUBACCOUNT}/enable")
    assert login(app, name, default_password(MAILGUN_KEY)) is None  # a request set another
    name = "postmaster@sub.example.com"
    assert login(app, name, DEFAULT) == tenant
    own = default_password("key-fedcba9876543210fedcba9876543210")
    assert (login(app, name, own), login(app, POSTMASTER, own)) == (tenant, None)


def test_unknown_password_creates_no_tenant(make_app: Callable[..., Flask]) -> None:
    """Not even if every API key does."""
    app = make_app(unknown_credentials="any")
    mailgun = MAILGUN.new_client(app)
    assert login(app, BOB, "secret") is None
    assert mailgun.post(CREDENTIALS, data={"login": "bob", "password": "secret"}).status_code == 200
    assert login(app, BOB, "secret") == mailgun.tenant.id
    assert mailgun.with_key(f"smtp:{BOB}:other").get(NEWS).status_code == 401
    assert login(app, BOB, "other") is None


def test_sending_key_is_a_password_of_its_domains(make_mailgun: Callable[..., ProviderClient]) -> None:
    key = "key-" + "7" * 32
    mailgun = make_mailgun(credentials=[MAILGUN_KEY, {"key": key, "domains": ["news.example.com"]}])
    assert login(mailgun.application, POSTMASTER, default_password(key)) == mailgun.tenant.id
    assert login(mailgun.application, "postmaster@mail.example.com", default_password(key)) is None


def test_login_twice_in_a_request_is_refused(mailgun: ProviderClient) -> None:
    refused(mailgun.post(CREDENTIALS, data={"login": ["bob", "bob"]}), 400, f"Credentials already exist: {BOB}")
    assert mailgun.get(CREDENTIALS).json["total_count"] == 1


def test_system_login_in_any_case(mailgun: ProviderClient) -> None:
    for name in ("Postmaster", "POSTMASTER@news.example.com"):
        refused(mailgun.post(CREDENTIALS, data={"login": name}), 400, f"Credentials already exist: {POSTMASTER}")
        refused(mailgun.delete(f"{CREDENTIALS}/{name}"), 400, f"Cannot delete system mailbox: {POSTMASTER}")
        assert mailgun.put(f"{CREDENTIALS}/{name}", data={"password": f"of {name}"[:32]}).status_code == 200
        assert login(mailgun.application, name.partition("@")[0] + "@news.example.com", f"of {name}"[:32])
    assert mailgun.get(CREDENTIALS).json["total_count"] == 1
