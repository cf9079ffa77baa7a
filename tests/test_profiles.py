"""Profiles: per tenant and provider, said by the server, a seed or who opens the tenant, and kept like other state."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from flask import Flask

from mockserver.core.errors import SeedError, assumed
from mockserver.core.profiles import UNSET, Profile, ProfileSetting, Switch, resolve_profiles
from mockserver.providers import PROVIDERS

from .support import SENDGRID

STORES = ("memory", "redis")
TENANTS = "/_mockserver/tenants"
NAMES = [provider.name for provider in PROVIDERS]
ON = Switch("on", "it is on in live", assumed("for this test"))
OFF = Switch("off", "it is off in both", assumed("for this test"), live=False)


def returned(app: Flask, tenant_id: str) -> dict[str, str]:
    """Return what a tenant's profiles are said to be."""
    found = app.test_client().get(f"{TENANTS}/{tenant_id}").json["providers"]
    return {name: each["profile"] for name, each in found.items()}


def opened(app: Flask, **asked: Any) -> str:
    response = app.test_client().post(TENANTS, json=asked)
    assert response.status_code == 201, response.text
    tenant_id: str = response.json["id"]
    assert returned(app, tenant_id) == {name: each["profile"] for name, each in response.json["providers"].items()}
    return tenant_id


def profiles(*names: str) -> dict[str, str]:
    return dict(zip(("sparkpost", "sendgrid", "mailgun"), names, strict=True))


def test_switches() -> None:
    """A switch is off in `documented`, in `live` as it says, and what is set beside a profile counts more than that."""
    for profile in (UNSET, Profile("documented"), Profile(None, {}), Profile("documented", {"else": True})):
        assert (profile[ON], profile[OFF]) == (False, False)
    assert (Profile("live")[ON], Profile("live")[OFF]) == (True, False)
    set_beside = Profile("live", {"on": False, "off": True})
    assert (set_beside[ON], set_beside[OFF]) == (False, True)


def test_profile_inherit_named_profile_overrides() -> None:
    """A profile that is named counts more than all that another says; without a name, only what is set does."""
    other = Profile("live", {"off": True})
    assert Profile("documented").inherit(other) == Profile("documented")
    assert UNSET.inherit(other) == other
    assert Profile(None, {"on": False}).inherit(other) == Profile("live", {"off": True, "on": False})
    assert Profile(None, {"off": False}).inherit(other) == Profile("live", {"off": False})


@pytest.mark.parametrize("provider", PROVIDERS, ids=NAMES)
def test_the_switches_of_a_provider(provider: Any) -> None:
    """Their names are plain and stand once, and each says what it does."""
    names = [switch.name for switch in provider.switches]
    assert len(names) == len(set(names))
    for switch in provider.switches:
        assert re.fullmatch("[a-z][a-z0-9_]*", switch.name)
        assert switch.meaning.endswith(".")
        assert switch.source.where


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("live", profiles("live", "live", "live")),
        ("documented", profiles("documented", "documented", "documented")),
        ("sendgrid=live", profiles("documented", "live", "documented")),
        ("sendgrid=live, mailgun=live", profiles("documented", "live", "live")),
        ({"mailgun": "live"}, profiles("documented", "documented", "live")),
        ({"mailgun": {"profile": "live", "switches": {}}}, profiles("documented", "documented", "live")),
        ({"mailgun": {}}, profiles("documented", "documented", "documented")),
        (None, profiles("documented", "documented", "documented")),
    ],
)
def test_profile_of_the_server_applies_to_every_tenant(
    make_app: Callable[..., Flask], choice: ProfileSetting | None, expected: Mapping[str, str]
) -> None:
    """The seed's tenant has it, and tenants that unknown keys or the control API create."""
    app = make_app(profile=choice)
    assert returned(app, "default") == expected
    SENDGRID.new_client(app).get("/v3/ips/pools")
    (opened_by_key,) = [
        each["id"] for each in app.test_client().get(TENANTS).json["tenants"] if each["id"].startswith("open-")
    ]
    assert returned(app, opened_by_key) == expected
    assert returned(app, opened(app)) == expected
    assert returned(app, opened(app, seed="empty")) == expected


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ("", "unknown profile '': expected one of documented, live"),
        ("Live", "unknown profile 'Live': expected one of documented, live"),
        ("sendgrid=life", "sendgrid: unknown profile 'life': expected one of documented, live"),
        ("sendgird=live", "sendgird: unknown provider: expected one of sparkpost, sendgrid, mailgun"),
        ("live,sendgrid=live", "live: unknown provider: expected one of sparkpost, sendgrid, mailgun"),
        ({"sendgrid": 1}, "sendgrid: unknown profile '1': expected one of documented, live"),
        ({"sendgrid": {"profil": "live"}}, "sendgrid.profil: unknown key: expected profile, switches"),
        ({"sendgrid": {"switches": ["on"]}}, "sendgrid.switches: expected a mapping"),
        ({"sendgrid": {"switches": {"on": 1}}}, "sendgrid.switches.on: expected true or false, got 1"),
        ({"sendgrid": {"switches": {"of": True}}}, "sendgrid.switches.of: unknown switch: expected one of on"),
        ({"mailgun": {"switches": {"on": True}}}, "mailgun.switches.on: unknown switch: expected one of none"),
    ],
)
def test_unknown_profile_is_an_error(choice: ProfileSetting, said: str) -> None:
    """The error names the profiles, providers or switches that exist."""
    with pytest.raises(SeedError) as caught:
        resolve_profiles(choice, {"sparkpost": [], "sendgrid": [ON], "mailgun": []})
    assert str(caught.value) == said


def test_profile_of_a_tenant_overrides_seed_and_server(make_app: Callable[..., Flask]) -> None:
    """Who opens a tenant counts more than its seed, and the seed more than the server; others notice nothing."""
    app = make_app(profile="sendgrid=live")
    seed = {"mailgun": {"profile": "live"}, "sendgrid": {"profile": "documented"}}
    assert returned(app, opened(app, seed=seed)) == profiles("documented", "documented", "live")
    assert returned(app, opened(app, seed=seed, profile="live")) == profiles("live", "live", "live")
    assert returned(app, opened(app, seed=seed, profile={"sparkpost": "live"})) == profiles(
        "live", "documented", "live"
    )
    assert returned(app, opened(app, profile={"mailgun": "live"})) == profiles("documented", "live", "live")
    assert returned(app, opened(app, profile="documented")) == profiles("documented", "documented", "documented")
    assert returned(app, "default") == returned(app, opened(app)) == profiles("documented", "live", "documented")


def test_profile_is_part_of_the_state(app: Flask) -> None:
    """A profile is in the state, in snapshots and what a reset goes back to; a state that says none leaves it."""
    tenant_id = opened(app, profile="live")
    path = f"{TENANTS}/{tenant_id}"
    state = app.test_client().get(f"{path}/state").json["state"]
    assert {name: section["profile"] for name, section in state.items()} == profiles("live", "live", "live")
    app.test_client().post(f"{path}/snapshots", json={"name": "before"})

    put = app.test_client().put(f"{path}/state", json={"state": {"sendgrid": {"profile": "documented"}, "mailgun": {}}})
    assert put.status_code == 200
    assert returned(app, tenant_id) == profiles("live", "documented", "live")
    app.test_client().post(f"{path}/snapshots/before/restore", json={})
    assert returned(app, tenant_id) == profiles("live", "live", "live")
    app.test_client().put(f"{path}/state", json={"state": {"sendgrid": {"profile": "documented"}}})
    app.test_client().post(f"{path}/reset", json={})
    assert returned(app, tenant_id) == profiles("live", "live", "live")
    assert app.test_client().get(f"{path}/state").json["state"] == state


@pytest.mark.parametrize(
    ("asked", "at"),
    [
        ({"profile": "Live"}, "/body/profile"),
        ({"profile": {"sendgird": "live"}}, "/body/profile"),
        (
            {"profile": {"sendgrid": {"switches": {"nothing_of_ours": True}}}},
            "profile: sendgrid.switches.",
        ),
        ({"seed": {"sendgrid": {"profile": "Live"}}}, "seed: sendgrid.profile"),
        ({"seed": {"sendgrid": {"switches": {"nothing_of_ours": True}}}}, "seed: sendgrid.switches"),
    ],
)
def test_tenant_with_an_unknown_profile_is_an_error(app: Flask, asked: dict[str, Any], at: str) -> None:
    """A tenant of a profile that there is not is refused with the place of the mistake, and not made."""
    response = app.test_client().post(TENANTS, json=asked)
    assert response.status_code == 400
    assert response.json["detail"].startswith(at), response.json
    assert app.test_client().get(TENANTS).json["tenants"] == []
