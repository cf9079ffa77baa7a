"""Credentials in place of the id of a tenant."""

from __future__ import annotations

import logging
from collections.abc import Callable
from urllib.parse import quote

import pytest
from flask import Flask

from mockserver.web.server_state import server_state

from ..control_client import ControlClient
from ..provider_case import ProviderCase
from ..support import MAILGUN, SENDGRID, SPARKPOST

STORES = ("memory", "redis")


def test_credential_names_its_tenant(control: ControlClient, case: ProviderCase) -> None:
    """One of the seed, of a tenant that was created, and one that is not known yet."""
    assert control.ok("GET", f"/tenants/{quote(case.api_key)}/clock")["frozen"] is False
    made = control.new_tenant()
    key = quote(made.data["providers"][case.name]["api_key"])
    assert control.ok("GET", f"/tenants/{key}")["id"] == made.id
    control.ok("PUT", f"/tenants/{key}/clock", {"frozen": True})
    assert made.ok("GET", "/clock")["frozen"] is True
    new = case.new_key()
    fault = control.ok("POST", f"/tenants/{quote(new)}/faults", {"operation": "*", "status": 500}, status=201)
    assert case.client(control.app, new).get(case.pools_path).status_code == 500
    assert control.ok("GET", f"/tenants/{quote(new)}/faults/{fault['id']}")["completed"] is True
    assert control.ok("GET", f"/tenants/{quote(new)}/requests")["requests"][0]["fault"] == "f1"
    control.ok("DELETE", f"/tenants/{quote(new)}", status=204)
    assert control.ok("GET", f"/tenants/{quote(new)}/requests")["requests"] == []


def test_unknown_credential_is_a_404(make_app: Callable[..., Flask]) -> None:
    """If it is not well-formed, or if no tenant is created for it. Its text is not repeated."""
    control = ControlClient(make_app(unknown_credentials="reject"))
    key = SENDGRID.new_key()
    assert control.error("GET", f"/tenants/{key}", status=404) == "No tenant has this credential."
    control = ControlClient(make_app(unknown_credentials="any"))
    assert control.error("GET", "/tenants/wrong", status=404) == "No tenant is named 'wrong'."
    assert len(server_state(control.app).store) == 0


def test_credential_with_a_slash(make_app: Callable[..., Flask]) -> None:
    control = ControlClient(make_app(unknown_credentials="any"))
    key = "a/b%2F ü"
    made = control.new_tenant(credentials={"sendgrid": key})
    assert control.ok("GET", f"/tenants/{quote(key, safe='')}")["id"] == made.id
    control.error("GET", f"/tenants/{quote('a/b')}", status=404)


def test_credential_of_several_tenants_is_a_404(control: ControlClient) -> None:
    one = control.new_tenant(credentials={"sendgrid": "same"})
    two = control.new_tenant(credentials={"mailgun": "same"})
    assert "use the id of a tenant" in control.error("POST", "/tenants/same/reset", {}, status=404)
    control.ok("DELETE", f"/tenants/{two.id}", status=204)
    assert control.ok("GET", "/tenants/same")["id"] == one.id
    both = control.new_tenant(credentials={"sendgrid": "both", "mailgun": "both"})
    assert control.ok("GET", "/tenants/both")["id"] == both.id


def test_tenant_id_precedes_a_credential(control: ControlClient) -> None:
    one = control.new_tenant()
    control.new_tenant(credentials={"sendgrid": one.id})
    assert control.ok("GET", f"/tenants/{one.id}")["id"] == one.id


@pytest.mark.store("memory")
def test_credential_of_an_evicted_tenant_is_a_503(make_app: Callable[..., Flask]) -> None:
    control = ControlClient(make_app(max_tenants=1))
    keys = [SPARKPOST.new_key(), MAILGUN.new_key()]
    for key in keys:
        control.ok("GET", f"/tenants/{key}/state")
    assert "was evicted" in control.error("GET", f"/tenants/{keys[0]}/state", status=503)


@pytest.mark.store("memory")
def test_credential_in_a_path_is_not_logged(make_app: Callable[..., Flask], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    control = ControlClient(make_app(access_log="text"))
    key = SENDGRID.new_key()
    control.ok("GET", f"/tenants/{key}/clock")
    control.error("GET", f"/tenants/{key}/faults/f1", status=404)
    assert len(caplog.records) >= 2
    assert key not in caplog.text
