"""The control API of an application under test, and tenants that it creates."""

from __future__ import annotations

from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from mockserver.control import PREFIX

from .provider_case import ProviderCase
from .support import MAILGUN, SENDGRID, SPARKPOST, ProviderClient


class ControlClient:
    """The control API of an application; paths are those below its prefix."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def open(self, method: str, path: str, body: object = None, **options: Any) -> TestResponse:
        if body is not None:
            options["json"] = body
        return self.app.test_client().open(PREFIX + path, method=method, **options)

    def ok(self, method: str, path: str, body: object = None, status: int = 200, **options: Any) -> dict[str, Any]:
        """Return the JSON of a response with this status."""
        response = self.open(method, path, body, **options)
        assert response.status_code == status, response.text
        if status == 204:
            assert response.data == b""
            return {}
        data: dict[str, Any] = response.json
        assert data.pop("schema_version") == 1
        return data

    def error(self, method: str, path: str, body: object = None, *, status: int, **options: Any) -> str:
        """Return the detail of a problem with this status."""
        response = self.open(method, path, body, **options)
        assert (response.status_code, response.headers["Content-Type"]) == (status, "application/problem+json"), (
            response.text
        )
        assert response.json["status"] == status
        detail: str = response.json["detail"]
        return detail

    def new_tenant(self, **settings: Any) -> TenantClient:
        return TenantClient(self, self.ok("POST", "/tenants", settings, status=201))


class TenantClient:
    """A tenant: its part of the control API, and a client of each provider."""

    def __init__(self, control: ControlClient, data: dict[str, Any]) -> None:
        self.control = control
        self.data = data
        self.id: str = data["id"]
        self.path = f"/tenants/{self.id}"

    def client(self, case: ProviderCase) -> ProviderClient:
        """Return a client of a provider with the tenant's key."""
        return case.client(self.control.app, headers=self.data["providers"][case.name]["headers"])

    @property
    def sparkpost(self) -> ProviderClient:
        return self.client(SPARKPOST)

    @property
    def sendgrid(self) -> ProviderClient:
        return self.client(SENDGRID)

    @property
    def mailgun(self) -> ProviderClient:
        return self.client(MAILGUN)

    def ok(self, method: str, path: str, body: object = None, status: int = 200, **options: Any) -> dict[str, Any]:
        return self.control.ok(method, self.path + path, body, status, **options)

    def error(self, method: str, path: str, body: object = None, *, status: int = 400, **options: Any) -> str:
        return self.control.error(method, self.path + path, body, status=status, **options)

    def fault(self, operation: str, **fields: Any) -> dict[str, Any]:
        return self.ok("POST", "/faults", {"operation": operation, **fields}, status=201)


class Time:
    """A clock that a test moves: a value for the setting `time`."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now
