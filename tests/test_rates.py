"""How often a credential asks for an operation is counted, in windows of the tenant's clock, and sent in headers."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from mockserver.core.store import RateWindow

from .support import MAILGUN, SENDGRID, SPARKPOST, ProviderClient

STORES = ("memory", "redis")
POOLS = "/v3/ips/pools"
START = "2030-01-01T00:00:30Z"
MINUTE = 1_893_456_060
"""The end of that minute."""
SEED = {"sendgrid": {"credentials": [{"key": "second"}, {"key": "reader", "scopes": ["ips.pools.read"]}]}}


def opened(app: Flask, **asked: Any) -> tuple[str, ProviderClient]:
    """Return the path of a new tenant whose clock stands, and its access to SendGrid."""
    asked = {"clock": {"now": START, "frozen": True}, **asked}
    returned = app.test_client().post("/_mockserver/tenants", json=asked).json
    return f"/_mockserver/tenants/{returned['id']}", SENDGRID.client(
        app, headers=returned["providers"]["sendgrid"]["headers"]
    )


def returned(response: Any) -> tuple[int, int, int]:
    limit, remaining, reset = (int(response.headers[f"X-RateLimit-{name}"]) for name in ("Limit", "Remaining", "Reset"))
    return limit, remaining, reset


@pytest.mark.parametrize(
    ("last", "now", "expected"),
    [
        (None, 0.0, RateWindow(1, 60)),
        (RateWindow(1, 60), 59.999, RateWindow(2, 60)),
        (RateWindow(2, 60), 60.0, RateWindow(1, 120)),
        (RateWindow(2, 120), 59.0, RateWindow(1, 60)),
        (None, -1.0, RateWindow(1, 0)),
        (RateWindow(1, 0), -0.5, RateWindow(2, 0)),
    ],
)
def test_windows(last: RateWindow | None, now: float, expected: RateWindow) -> None:
    """A window begins with a minute of the clock and ends before the next; a clock that is set back begins another."""
    assert RateWindow.hit(last, now, 60) == expected


def test_what_is_counted(app: Flask) -> None:
    """Each operation counts for each credential, whatever is answered; others and other tenants do not."""
    _, sendgrid = opened(app, seed=SEED)
    _, other = opened(app)
    assert returned(sendgrid.get(POOLS)) == (600, 599, MINUTE)
    assert returned(sendgrid.get(POOLS)) == (600, 598, MINUTE)
    assert returned(sendgrid.get(f"{POOLS}/nothing")) == (600, 599, MINUTE)
    assert returned(sendgrid.get(f"{POOLS}/nothing/", json="nonsense")) == (600, 598, MINUTE)
    assert returned(other.get(POOLS)) == (600, 599, MINUTE)
    second = SENDGRID.client(app, headers={"Authorization": "Bearer second"})
    assert returned(second.get(POOLS)) == (600, 599, MINUTE)
    forbidden = SENDGRID.client(app, headers={"Authorization": "Bearer reader"}).post(POOLS, json={"name": "a"})
    assert (forbidden.status_code, returned(forbidden)) == (403, (600, 599, MINUTE))
    assert returned(sendgrid.get(POOLS)) == (600, 597, MINUTE)


def test_rate_limit_headers_absent_without_an_operation(app: Flask) -> None:
    """No headers without a key, for an unknown path and from the other providers."""
    answers = [
        SENDGRID.client(app, headers={}).get(POOLS),
        SENDGRID.client(app).get("/v3/nothing"),
        SENDGRID.client(app).patch(POOLS),
        SPARKPOST.client(app).get("/api/v1/ip-pools"),
        MAILGUN.client(app).get("/v3/ip_pools"),
    ]
    for response in answers:
        assert not any("ratelimit" in name.lower() for name, _ in response.headers.items()), response.headers


def test_the_clock_and_a_reset(app: Flask) -> None:
    """The next minute of the tenant's clock starts a new count, and so does a reset."""
    path, sendgrid = opened(app)
    sendgrid.get(POOLS)
    app.test_client().post(f"{path}/reset", json={})
    assert returned(sendgrid.get(POOLS)) == (600, 599, MINUTE)
    app.test_client().post(f"{path}/clock/advance", json={"seconds": 29.999})
    assert returned(sendgrid.get(POOLS)) == (600, 598, MINUTE)
    app.test_client().post(f"{path}/clock/advance", json={"seconds": 0.001})
    assert returned(sendgrid.get(POOLS)) == (600, 599, MINUTE + 60)
    sendgrid.get(POOLS)
    app.test_client().post(f"{path}/reset", json={})
    assert returned(sendgrid.get(POOLS)) == (600, 599, MINUTE)
    app.test_client().put(f"{path}/clock", json={"frozen": False})
    assert returned(sendgrid.get(POOLS))[1] == 598


def test_a_planned_429(app: Flask) -> None:
    """A planned 429 says that nothing is left until the minute is over."""
    path, sendgrid = opened(app)
    app.test_client().post(f"{path}/faults", json={"operation": "sendgrid.listIpPools", "status": 429})
    response = sendgrid.get(POOLS)
    assert (response.status_code, returned(response)) == (429, (600, 0, MINUTE))
    assert returned(sendgrid.get(POOLS)) == (600, 598, MINUTE)


@pytest.mark.slow
@pytest.mark.store("memory")
def test_the_last_and_beyond(app: Flask) -> None:
    """What remains is never less than nothing, and no request fails for it."""
    _, sendgrid = opened(app)
    remaining = [returned(sendgrid.get(POOLS))[1] for _ in range(602)]
    assert remaining == [*range(599, -1, -1), 0, 0]
