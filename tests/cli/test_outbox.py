"""`mockserver outbox`: list, show, wait, clear."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from mockserver.testing.control_client import ControlClient

from ..messages import message
from .commands import run_here

PARTS = [
    {"content_type": "text/plain", "content": "See https://example.com/r/1.\n\x1b[31m"},
    {"content_type": "application/pdf", "content": "aGVsbG8=", "is_base64": True, "filename": "a.pdf"},
]
MESSAGES = [
    message(1, 0, pool="transactional", ip="192.0.2.1", parts=PARTS, headers=[["Subject", "Your receipt"]]),
    message(2, 1, subject="News\x1b", account="sub", status="test", via="smtp", recipients=["bob@example.com"]),
]


@pytest.fixture
def tenant(url: str) -> Iterator[dict[str, str]]:
    client = ControlClient(url)
    name = client.request("POST", "tenants", body={})["id"]
    body = {"state": {"sendgrid": {"outbox": {"messages": MESSAGES, "dropped": 1}}}}
    client.request("PUT", "tenants", name, "state", body=body)
    yield {"MOCKSERVER_URL": url, "MOCKSERVER_TENANT": name}
    client.request("DELETE", "tenants", name)


def of(tenant: dict[str, str], *arguments: str, code: int = 0) -> str:
    done = run_here("outbox", *arguments, **tenant)
    assert (done.returncode, done.stderr) == (code, ""), done
    return done.stdout


RECEIPT = (
    "1970-01-01T00:00:00Z sendgrid-1 'Your receipt' to ann@example.com by pool 'transactional', IP 192.0.2.1\n"
    "     it is a test\n"
)


def test_messages_are_listed_with_their_reasons(tenant: dict[str, str]) -> None:
    listed = of(tenant)
    assert listed == of(tenant, "list") == (
        f"(1 older messages were dropped)\n{RECEIPT}"
        "1970-01-01T00:00:01Z sendgrid-2 'News\\x1b' to bob@example.com by no pool (test)\n     it is a test\n"
    )  # fmt: skip
    data = json.loads(of(tenant, "--json"))
    assert ([each["id"] for each in data["messages"]], data["dropped"]) == (["sendgrid-1", "sendgrid-2"], 1)


@pytest.mark.parametrize(
    "filters",
    [
        ("--pool", "transactional", "--ip", "192.0.2.1", "--to", "ann@example.com", "--from", "shop@example.com"),
        ("--subject", "RECEIPT", "--via", "http", "--account", "", "--status", "accepted", "--message-id", "m1"),
        ("--provider", "sendgrid", "--subject", "receipt", "--wait", "0"),
    ],
)
def test_filters_choose_messages(tenant: dict[str, str], filters: tuple[str, ...]) -> None:
    assert [each["id"] for each in json.loads(of(tenant, *filters, "--json"))["messages"]] == ["sendgrid-1"]


def test_message_is_shown(tenant: dict[str, str]) -> None:
    assert of(tenant, "show", "sendgrid-1") == (
        f"{RECEIPT}\nSubject: Your receipt\n\n[text/plain]\nSee https://example.com/r/1.\n\\x1b[31m\n\n"
        "[application/pdf] a.pdf, 5 bytes, SHA-256 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\n\n"
        "https://example.com/r/1\n"
    )
    assert json.loads(of(tenant, "show", "sendgrid-1", "--json"))["links"] == ["https://example.com/r/1"]
    done = run_here("outbox", "show", "sendgrid-9", **tenant)
    assert (done.returncode, "No message is named 'sendgrid-9'" in done.stderr) == (1, True)


def test_wait_fails_after_its_time(tenant: dict[str, str]) -> None:
    assert of(tenant, "--to", "eve@example.com", "--wait", "0.1", code=1) == ""
    assert run_here("outbox", "--wait", "inf", **tenant).returncode == 2


def test_messages_are_cleared(tenant: dict[str, str]) -> None:
    assert of(tenant, "clear", "--status", "test") == "1\n"
    assert of(tenant, "clear") == "1\n"
    assert of(tenant) == ""


def test_invalid_arguments_are_errors(tenant: dict[str, str]) -> None:
    for arguments in (("--via", "fax"), ("lst",), ("show",)):
        assert run_here("outbox", *arguments, **tenant).returncode == 2
    assert "show" in run_here("outbox", "--help").stdout
