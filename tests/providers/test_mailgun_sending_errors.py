"""Errors of sending that are about the request as a whole: its form, its size, and limits; and the time to send."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from ..control_client import ControlClient
from ..support import MAILGUN, ProviderClient
from .mailgun_account import Time, refused
from .test_mailgun_sending import FORM, MAIL, NEWS, accepted, form, messages, send, send_mime

pytestmark = pytest.mark.store("memory")
MALFORMED, TRUNCATED = "malformed multipart/form-data request", "unable to parse request: unexpected EOF"
MULTIPART = "multipart/form-data"
BODY = "".join(
    [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in FORM.items()]
)


@pytest.mark.parametrize("path", [NEWS, f"{NEWS}.mime"])
@pytest.mark.parametrize(
    ("content_type", "body", "message"),
    [
        (MULTIPART, f"{BODY}--b--\r\n", MALFORMED),
        (f"{MULTIPART}; boundary=", f"{BODY}--b--\r\n", MALFORMED),
        (f"{MULTIPART}; boundary=ä", f"{BODY}--b--\r\n", MALFORMED),
        (f"{MULTIPART}; boundary=c", f"{BODY}--b--\r\n", MALFORMED),
        (f"{MULTIPART}; boundary=b", "\r\n", MALFORMED),
        (f"{MULTIPART}; boundary=b", "from=me", MALFORMED),
        (f"{MULTIPART}; boundary=b", "--b\r\nno header\r\n\r\nvalue\r\n--b--\r\n", MALFORMED),
        (f"{MULTIPART}; boundary=b", BODY, TRUNCATED),
        (f"{MULTIPART}; boundary=b", f"{BODY}--b", TRUNCATED),
        (f"{MULTIPART}; boundary=b", "--b\r\n", TRUNCATED),
    ],
)
def test_invalid_multipart_form(mailgun: ProviderClient, path: str, content_type: str, body: str, message: str) -> None:
    refused(mailgun.post(path, data=body.encode(), content_type=content_type), 400, message)
    assert messages(mailgun) == []


def test_valid_multipart_form(mailgun: ProviderClient) -> None:
    for end in ("--b--", "--b--\r\n", "--b--\r\nmore"):
        accepted(mailgun.post(NEWS, data=(BODY + end).encode(), content_type=f"{MULTIPART}; boundary=b"))


@pytest.mark.parametrize("value", ["%zz", "%", "%4", "a%g1"])
def test_invalid_escape_in_a_form(mailgun: ProviderClient, value: str) -> None:
    """In a value and in a name. A multipart form has no escapes."""
    urlencoded = {"content_type": "application/x-www-form-urlencoded"}
    text = "from=me%40news.example.com&to=you%40example.org&text=a%2b"
    accepted(mailgun.post(NEWS, data=text, **urlencoded))
    message = "unable to parse request: invalid URL escape"
    refused(mailgun.post(NEWS, data=f"{text}{value}", **urlencoded), 400, message)
    refused(mailgun.post(NEWS, data=f"{text}&{value}=a", **urlencoded), 400, message)
    accepted(mailgun.post(NEWS, data=form(text=value), content_type=MULTIPART))


NOT_A_TIME = "{} is not a valid time to send (value of 'o:time-zone-localize')"
NOT_24_HOURS = "{} invalid 24 hour time(value of 'o:time-zone-localize')"


@pytest.mark.parametrize(
    ("time", "message"),
    [
        *[(time, None) for time in ("00:00", "9:05", "23:59", "02:00PM", "12:59am", "1:00 pm", "")],
        *[(time, NOT_24_HOURS) for time in ("24:00", "25:00", "99:59")],
        *[(time, NOT_A_TIME) for time in ("xx", "12", "12:60", "00:30am", "13:00PM", "1:5", "12:00:00", "012:00")],
    ],
)
def test_time_to_send(mailgun: ProviderClient, time: str, message: str | None) -> None:
    """Of a message in parts, and of a MIME message."""
    option = {"o:time-zone-localize": time}
    for response in (mailgun.post(NEWS, data=form(**option)), send_mime(mailgun, **option)):
        if message is None:
            accepted(response)
        else:
            refused(response, 400, message.format(time))


def test_too_large_a_request_to_send(make_app: Callable[..., Flask]) -> None:
    """Other operations have another message."""
    mailgun = MAILGUN.new_client(make_app(max_body_bytes=1_000))
    message = "request size exceeds 52.4MiB limit"
    for path in (NEWS, f"{NEWS}.mime", MAIL):
        refused(mailgun.post(path, data=form(text="x" * 1_000)), 413, message)
    response = mailgun.post("/v3/ip_pools", data={"name": "x" * 1_000})
    refused(response, 413, "Request Entity Too Large")


@pytest.mark.parametrize(
    ("plan", "status", "why"),
    [
        ({"status": 429}, 429, "request"),
        ({"error": "request_limit"}, 429, "request"),
        ({"status": 420}, 420, "recipient"),
        ({"error": "recipient_limit"}, 420, "recipient"),
    ],
)
@pytest.mark.parametrize("name", ["sendMessage", "sendMimeMessage"])
def test_planned_limit_of_sending(
    make_mailgun: Callable[..., ProviderClient], time: Time, name: str, plan: Any, status: int, why: str
) -> None:
    """It names the domain of the request, and a minute from now."""
    mailgun = make_mailgun(time=time)
    path = f"/tenants/{mailgun.tenant.id}/faults"
    ControlClient(mailgun.application).ok("POST", path, {"operation": f"mailgun.{name}", **plan}, status=201)
    response = mailgun.post(NEWS, data=FORM) if name == "sendMessage" else send_mime(mailgun)
    refused(
        response,
        status,
        f"Domain news.example.com is not allowed to send: {why} limit exceeded, try again after "
        "Tue, 14 Nov 2023 22:14:20 UTC",
    )
    assert response.headers.get("X-RateLimit-Reset") == ("1700000060" if status == 429 else None)
    assert messages(mailgun) == []
    send(mailgun)


@pytest.mark.parametrize(("status", "message"), [(413, "request size exceeds 52.4MiB limit"), (403, "Forbidden")])
def test_planned_error_of_sending(mailgun: ProviderClient, status: int, message: str) -> None:
    path = f"/tenants/{mailgun.tenant.id}/faults"
    plan = {"operation": "mailgun.sendMessage", "status": status}
    ControlClient(mailgun.application).ok("POST", path, plan, status=201)
    refused(mailgun.post(NEWS, data=FORM), status, message)


@pytest.mark.parametrize("error", ["too_large", "rate_limited"])
def test_error_of_other_operations_is_not_one_of_sending(mailgun: ProviderClient, error: str) -> None:
    control, path = ControlClient(mailgun.application), f"/tenants/{mailgun.tenant.id}/faults"
    assert control.error("POST", path, {"operation": "mailgun.sendMessage", "error": error}, status=400)
    assert control.ok("POST", path, {"operation": "mailgun.createIpPool", "error": error}, status=201)
