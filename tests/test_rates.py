"""How often a credential asks for an operation is counted, in windows of the tenant's clock, and told in headers."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.core.store import RateWindow

from .support import ProviderAccess, World

STORES = ("memory", "redis")
POOLS = "/v3/ips/pools"
START = "2030-01-01T00:00:30Z"
MINUTE = 1_893_456_060
"""The end of that minute."""
SEED = {"sendgrid": {"credentials": [{"key": "second"}, {"key": "reader", "scopes": ["ips.pools.read"]}]}}


def opened(world: World, **asked: Any) -> tuple[str, ProviderAccess]:
    """Return the path of a new tenant whose clock stands, and its access to SendGrid."""
    asked = {"clock": {"now": START, "frozen": True}, **asked}
    returned = world.client.post("/_mockserver/tenants", json=asked).json
    return f"/_mockserver/tenants/{returned['id']}", ProviderAccess(
        world, "sendgrid", returned["providers"]["sendgrid"]["headers"]
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


def test_what_is_counted(world: World) -> None:
    """Each operation counts for each credential, whatever is answered; others and other tenants do not."""
    _, sendgrid = opened(world, seed=SEED)
    _, other = opened(world)
    assert returned(sendgrid.get(POOLS)) == (600, 599, MINUTE)
    assert returned(sendgrid.get(POOLS)) == (600, 598, MINUTE)
    assert returned(sendgrid.get(f"{POOLS}/nothing")) == (600, 599, MINUTE)
    assert returned(sendgrid.get(f"{POOLS}/nothing/", json="nonsense")) == (600, 598, MINUTE)
    assert returned(other.get(POOLS)) == (600, 599, MINUTE)
    second = ProviderAccess(world, "sendgrid", {"Authorization": "Bearer second"})
    assert returned(second.get(POOLS)) == (600, 599, MINUTE)
    forbidden = ProviderAccess(world, "sendgrid", {"Authorization": "Bearer reader"}).post(POOLS, json={"name": "a"})
    assert (forbidden.status_code, returned(forbidden)) == (403, (600, 599, MINUTE))
    assert returned(sendgrid.get(POOLS)) == (600, 597, MINUTE)


def test_where_nothing_is_told(world: World) -> None:
    """Who is not recognised, an unknown path and the other providers are told nothing."""
    answers = [
        ProviderAccess(world, "sendgrid", {}).get(POOLS),
        world.sendgrid.get("/v3/nothing"),
        world.sendgrid.patch(POOLS),
        world.sparkpost.get("/api/v1/ip-pools"),
        world.mailgun.get("/v3/ip_pools"),
    ]
    for response in answers:
        assert not any("ratelimit" in name.lower() for name, _ in response.headers.items()), response.headers


def test_the_clock_and_a_reset(world: World) -> None:
    """The next minute of the tenant's clock begins anew, and so does a reset."""
    path, sendgrid = opened(world)
    sendgrid.get(POOLS)
    world.client.post(f"{path}/reset", json={})
    assert returned(sendgrid.get(POOLS)) == (600, 599, MINUTE)
    world.client.post(f"{path}/clock/advance", json={"seconds": 29.999})
    assert returned(sendgrid.get(POOLS)) == (600, 598, MINUTE)
    world.client.post(f"{path}/clock/advance", json={"seconds": 0.001})
    assert returned(sendgrid.get(POOLS)) == (600, 599, MINUTE + 60)
    sendgrid.get(POOLS)
    world.client.post(f"{path}/reset", json={})
    assert returned(sendgrid.get(POOLS)) == (600, 599, MINUTE)
    world.client.put(f"{path}/clock", json={"frozen": False})
    assert returned(sendgrid.get(POOLS))[1] == 598


def test_a_planned_429(world: World) -> None:
    """A planned 429 says that nothing is left until the minute is over."""
    path, sendgrid = opened(world)
    world.client.post(f"{path}/faults", json={"operation": "sendgrid.listIpPools", "status": 429})
    response = sendgrid.get(POOLS)
    assert (response.status_code, returned(response)) == (429, (600, 0, MINUTE))
    assert returned(sendgrid.get(POOLS)) == (600, 598, MINUTE)


@pytest.mark.store("memory")
def test_the_last_and_beyond(world: World) -> None:
    """What remains is never less than nothing, and nobody is refused for it."""
    _, sendgrid = opened(world)
    remaining = [returned(sendgrid.get(POOLS))[1] for _ in range(602)]
    assert remaining == [*range(599, -1, -1), 0, 0]
