"""Counting of requests by window, for providers that send it in headers."""

from __future__ import annotations

import pytest
from flask import Flask

from ..control_client import ControlClient
from ..provider_case import ProviderCase

STORES = ("memory", "redis")
CLOCK = {"now": "2030-01-01T00:00:30Z", "frozen": True}


def test_headers_count_the_requests_of_a_window(app: Flask, case: ProviderCase) -> None:
    """A provider without a window sends none."""
    window = case.load_blueprint().rate_limit_window
    tenant = ControlClient(app).new_tenant(clock=CLOCK)
    client = tenant.client(case)
    responses = [client.get(case.pools_path) for _ in range(2)]
    if window is None:
        assert not any("ratelimit" in name.lower() for each in responses for name, _ in each.headers.items())
        pytest.skip("the provider counts no requests")
    tenant.ok("POST", "/clock/advance", {"seconds": window})
    responses.append(client.get(case.pools_path))
    remaining = [int(each.headers["X-RateLimit-Remaining"]) for each in responses]
    assert remaining == [remaining[0], remaining[0] - 1, remaining[0]]
