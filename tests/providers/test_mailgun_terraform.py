"""Mailgun driven by the requests of the public Terraform providers: create, refresh, change and destroy a domain."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from werkzeug.test import TestResponse

from ..support import ProviderClient
from .mailgun_account import Time

SEQUENCES = yaml.safe_load(Path(__file__).with_name("terraform_mailgun.yaml").read_text("utf-8"))
EACH = pytest.mark.parametrize("steps", [pytest.param(each["steps"], id=each["provider"]) for each in SEQUENCES])


def send(mailgun: ProviderClient, step: Mapping[str, Any]) -> TestResponse:
    method, path = step["request"].split(" ", 1)
    form: dict[str, Any] = {}
    if "form" in step:
        form = {"data": step["form"], "content_type": "application/x-www-form-urlencoded"}
    elif "fields" in step:
        form = {"data": step["fields"], "content_type": "multipart/form-data"}
    return mailgun.open(path, method=method, **form)


def run(mailgun: ProviderClient, steps: Iterable[Mapping[str, Any]]) -> None:
    """Send requests; each has its status, and the values that the provider reads."""
    for step in steps:
        response = send(mailgun, step)
        assert response.status_code == step.get("status", 200), step
        for path, expected in step.get("reads", {}).items():
            found = functools.reduce(
                lambda data, key: data[int(key) if key.isdigit() else key], path.split("."), response.json
            )
            assert found == expected, (step["request"], path)


@EACH
def test_life_of_a_domain(mailgun: ProviderClient, steps: Mapping[str, Any]) -> None:
    """A second refresh reads the same, so there is no change to apply; no request breaks the document."""
    before = mailgun.tenant.read().dump()["states"]["mailgun"]
    for phase in ("create", "refresh", "refresh", "change", "credential", "destroy"):
        run(mailgun, steps[phase])
    after = mailgun.tenant.read().dump()["states"]["mailgun"]
    assert (after["domains"], after["smtp_credentials"]) == (before["domains"], before["smtp_credentials"])
    log = mailgun.application.test_client().get("/_mockserver/tenants/default/requests?limit=100")
    assert [request["request_violations"] for request in log.json["requests"] if request["request_violations"]] == []


@EACH
def test_a_domain_is_destroyed_after_the_delay(slow: ProviderClient, time: Time, steps: Mapping[str, Any]) -> None:
    """The provider reads until the domain is gone."""
    run(slow, [*steps["create"], *steps["destroy"][:-1]])
    last = steps["destroy"][-1]
    time.now += 9
    assert send(slow, last).status_code == 200
    time.now += 1
    assert send(slow, last).status_code == 404


@EACH
def test_a_domain_that_someone_else_deleted_is_created_again(
    make_mailgun: Callable[..., ProviderClient], steps: Mapping[str, Any]
) -> None:
    """A refresh returns 404, from which the provider concludes that the domain has to be created."""
    mailgun = make_mailgun()
    run(mailgun, steps["create"])
    assert mailgun.delete("/v3/domains/tf.example.com").status_code == 200
    assert send(mailgun, steps["refresh"][0]).status_code == 404
    run(mailgun, [*steps["create"], *steps["refresh"]])
