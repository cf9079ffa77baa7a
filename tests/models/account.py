"""An account at one provider, in a tenant that is made for one example and asked over HTTP."""

from __future__ import annotations

import functools
import json
from typing import Any, NamedTuple
from urllib.parse import urlencode

from flask import Flask

from mockserver import create_app
from mockserver.core.config import Config
from mockserver.testing.in_process import URL, send

SUBACCOUNT_HEADER = {
    "mailgun": "X-Mailgun-On-Behalf-Of",
    "sendgrid": "On-Behalf-Of",
    "sparkpost": "X-MSYS-SUBACCOUNT",
}


class Response(NamedTuple):
    """What was answered."""

    status: int
    data: Any


@functools.cache
def server() -> Flask:
    """Return the one server of this process."""
    return create_app(Config())


class Account:
    """A fresh account with a state of its own, whose clock stands still until it is moved."""

    def __init__(self, provider: str, section: dict[str, Any]) -> None:
        self.provider = provider
        self.prefixes: dict[str | None, str] = {}
        """The prefixes of subaccounts that are in another region."""
        made = _control(
            "POST", "tenants", seed={provider: section}, clock={"now": "2030-01-01T00:00:00Z", "frozen": True}
        )
        self.id: str = made["id"]
        self.headers: dict[str, str] = made["providers"][provider]["headers"]

    def ask(
        self,
        method: str,
        path: str,
        *,
        json_body: object = None,
        form: list[tuple[str, str]] | None = None,
        account: str | None = None,
        key: str | None = None,
    ) -> Response:
        """Ask for something, on behalf of a subaccount if one is named, or with its own key."""
        headers, body = dict(self.headers), b""
        prefix = self.prefixes.get(account, self.provider)
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        elif account is not None:
            headers[SUBACCOUNT_HEADER[self.provider]] = account
        if json_body is not None:
            headers["Content-Type"], body = "application/json", json.dumps(json_body).encode()
        if form is not None:
            headers["Content-Type"], body = "application/x-www-form-urlencoded", urlencode(form).encode()
        answer = send(server(), method, f"{URL}/{prefix}{path}", headers.items(), body)
        return Response(answer.status, json.loads(answer.body) if answer.body else None)

    def state(self) -> Any:
        """Return its section of a seed, with the outbox."""
        return _control("GET", f"tenants/{self.id}/state")["state"][self.provider]

    def wait(self, seconds: float) -> None:
        """Let time go by."""
        _control("POST", f"tenants/{self.id}/clock/advance", seconds=seconds)

    def outbox(self) -> list[dict[str, Any]]:
        """Return the messages in the outbox, oldest first."""
        section = _control("GET", f"tenants/{self.id}/state")["state"][self.provider]
        return section.get("outbox", {}).get("messages", [])  # type: ignore[no-any-return]

    def close(self) -> None:
        """Drop the tenant."""
        _control("DELETE", f"tenants/{self.id}")


def _control(method: str, path: str, **body: Any) -> Any:
    headers = [("Content-Type", "application/json")]
    answer = send(server(), method, f"{URL}/_mockserver/{path}", headers, json.dumps(body).encode() if body else b"")
    assert answer.status in (200, 201, 204), answer.body
    return json.loads(answer.body) if answer.body else None
