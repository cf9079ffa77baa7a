"""Mailgun's warm-ups, through HTTP; their stages on a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mockserver.providers.mailgun.models import Ip

from ..support import SUBACCOUNT, ProviderClient
from .mailgun_account import Time, domain_ips, refused, succeeded

DAY = 86_400
WARMUPS = "/v3/ip_warmups"


def test_a_plan_from_its_first_second(make_mailgun: Callable[..., ProviderClient], time: Time) -> None:
    """A plan begins when it is made, in its first stage, with nothing sent."""
    mailgun = make_mailgun(time=time)
    succeeded(mailgun.post(f"{WARMUPS}/192.0.2.10"))
    began = "2023-11-14T22:13:20Z"
    details = {
        "sent_within_stage": "0%",
        "throttle": 6,
        "start_volume": 0,
        "stage": 1,
        "stage_limit": 1000,
        "hourly_limit": 41,
        "stage_started_at": began,
        "hour_started_at": began,
        "plan_started_at": began,
        "plan_last_updated_at": began,
        "total_stages": 15,
        "stage_history": [],
    }
    answer = mailgun.get(f"{WARMUPS}/192.0.2.10").json
    assert answer == {"details": details}
    assert list(answer["details"]) == list(details)


@pytest.mark.parametrize(
    ("later", "stage", "sent", "hour"),
    [
        (DAY - 1, 1, "99%", "2023-11-15T21:13:20Z"),
        (DAY, 2, "0%", "2023-11-15T22:13:20Z"),
        (DAY + DAY // 4, 2, "25%", "2023-11-16T04:13:20Z"),
        (2 * DAY - 1, 2, "99%", "2023-11-16T21:13:20Z"),
        (2 * DAY, 3, "0%", "2023-11-16T22:13:20Z"),
        (15 * DAY - 1, 15, "99%", "2023-11-29T21:13:20Z"),
    ],
)
def test_stages(
    make_mailgun: Callable[..., ProviderClient], time: Time, later: int, stage: int, sent: str, hour: str
) -> None:
    """A stage lasts a day and is filled evenly; each is twice as large as the one before, and those are kept."""
    mailgun = make_mailgun(time=time)
    succeeded(mailgun.post(f"{WARMUPS}/192.0.2.10"))
    time.now += later
    details = mailgun.get(f"{WARMUPS}/192.0.2.10").json["details"]
    assert (details["stage"], details["sent_within_stage"], details["hour_started_at"]) == (stage, sent, hour)
    assert details["stage_limit"] == 1000 * 2 ** (stage - 1)
    assert [each["limit"] for each in details["stage_history"]] == [1000 * 2**each for each in range(stage - 1)]
    assert details["start_volume"] == sum(each["limit"] for each in details["stage_history"])
    if stage > 1:
        assert details["stage_history"][-1]["completed_at"] == details["stage_started_at"]
        assert details["stage_history"][-1]["first_updated_at"] == "0001-01-01T00:00:00Z"
    item = mailgun.get(f"{WARMUPS}?limit=1").json["items"][0]
    assert item == {
        "ip": "192.0.2.10",
        "sent_within_stage": sent,
        "throttle": details["throttle"],
        "stage_number": stage,
        "stage_start_volume": details["start_volume"],
        "stage_start_time": details["stage_started_at"],
        "stage_volume_limit": details["stage_limit"],
    }


def test_a_plan_ends(make_mailgun: Callable[..., ProviderClient], time: Time) -> None:
    """After its last stage an IP is warm without anybody doing anything, and can be warmed up again."""
    mailgun = make_mailgun(time=time)
    succeeded(mailgun.post(f"{WARMUPS}/192.0.2.10"))
    time.now += 15 * DAY
    refused(mailgun.get(f"{WARMUPS}/192.0.2.10"), 404, "ip 192.0.2.10 is not on warmup")
    refused(mailgun.delete(f"{WARMUPS}/192.0.2.10"), 404, "ip 192.0.2.10 is not on warmup")
    assert {"ip": "192.0.2.10"} in mailgun.get("/v3/ips").json["details"]
    succeeded(mailgun.post(f"{WARMUPS}/192.0.2.10"))
    assert mailgun.get(f"{WARMUPS}/192.0.2.10").json["details"]["plan_started_at"] == "2023-11-29T22:13:20Z"


@pytest.mark.parametrize(("now", "warming"), [(999, True), (1000, True), (1000 + 15 * DAY - 0.1, True),
                                              (1000 + 15 * DAY, False)])  # fmt: skip
def test_the_last_moment(now: float, warming: bool) -> None:
    """A warm-up goes on until fifteen days are over, and not a moment longer; one without a beginning for ever."""
    assert Ip("192.0.2.1", warmup=True, warmup_started_at=1000).is_warming(now) is warming
    assert Ip("192.0.2.1", warmup=True).is_warming(now)
    assert not Ip("192.0.2.1").is_warming(now)


def test_before_its_beginning(make_mailgun: Callable[..., ProviderClient], time: Time) -> None:
    """A plan that begins later than now is in its first stage."""
    mailgun = make_mailgun(
        time=time,
        ips=[{"ip": "192.0.2.1", "warmup": True, "warmup_started_at": 1_700_000_100}],
        ip_pools=[], domains=[], eligible_for_shared_ips=False,
    )  # fmt: skip
    details = mailgun.get(f"{WARMUPS}/192.0.2.1").json["details"]
    assert (details["stage"], details["sent_within_stage"]) == (1, "0%")
    assert details["plan_started_at"] == "2023-11-14T22:15:00Z"


def test_a_seed_without_a_beginning(make_mailgun: Callable[..., ProviderClient], time: Time) -> None:
    """An IP that a seed warms up, and does not say since when, stays in the first stage, begun at midnight."""
    mailgun = make_mailgun(time=time)
    for day in ("2023-11-14", "2023-11-15"):
        details = mailgun.get(f"{WARMUPS}/192.0.2.14").json["details"]
        assert (details["stage"], details["plan_started_at"]) == (1, f"{day}T00:00:00Z")
        time.now += DAY


def test_cancel(mailgun: ProviderClient) -> None:
    """A warm-up is cancelled once; the IP is warm then."""
    succeeded(mailgun.delete(f"{WARMUPS}/192.0.2.14"))
    refused(mailgun.delete(f"{WARMUPS}/192.0.2.14"), 404, "ip 192.0.2.14 is not on warmup")
    assert mailgun.get(WARMUPS).json["items"] == []
    assert {"ip": "192.0.2.14"} in mailgun.get("/v3/ips").json["details"]


def test_twice(mailgun: ProviderClient) -> None:
    """A warm-up that goes on is not begun again."""
    refused(mailgun.post(f"{WARMUPS}/192.0.2.14"), 400, "ip 192.0.2.14 is already on warmup")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(("ip", "status", "message"), [
    ("192.0.2.99", 404, "ip not found"),
    ("192.0.2.30", 404, "ip not found"),
    ("198.51.100.1", 400, "ip 198.51.100.1 is not dedicated"),
    ("192.0.2", 400, "Invalid parameter: addr 192.0.2"),
])  # fmt: skip
def test_ips_without_a_warmup(mailgun: ProviderClient, method: str, ip: str, status: int, message: str) -> None:
    """Only a dedicated IP of the account can be warmed up."""
    refused(mailgun.open(f"{WARMUPS}/{ip}", method=method), status, message)


def test_a_subaccounts_own(mailgun: ProviderClient) -> None:
    """A subaccount warms up its own IP, which the parent does not see."""
    sub = mailgun.acting_for(SUBACCOUNT)
    succeeded(sub.post(f"{WARMUPS}/192.0.2.30"))
    assert [item["ip"] for item in sub.get(WARMUPS).json["items"]] == ["192.0.2.30"]
    assert [item["ip"] for item in mailgun.get(WARMUPS).json["items"]] == ["192.0.2.14"]


def test_an_ip_that_has_become_warm_takes_over(make_mailgun: Callable[..., ProviderClient], time: Time) -> None:
    """Whether a domain is left with nothing but warming IPs follows from the clock."""
    ips = [
        {"ip": "192.0.2.1"},
        {"ip": "192.0.2.2", "warmup": True, "warmup_started_at": int(time.now)},
        {"ip": "192.0.2.3"},
    ]
    for later, left in ((0, ["192.0.2.2", "192.0.2.3"]), (15 * DAY, ["192.0.2.2"])):
        domains = [{"id": "1" * 24, "name": "a.example.com", "ips": ["192.0.2.1", "192.0.2.2"]}]
        now = time.now + later
        mailgun = make_mailgun(
            time=lambda now=now: now, ips=ips, ip_pools=[], domains=domains, eligible_for_shared_ips=False
        )
        succeeded(mailgun.delete("/v3/domains/a.example.com/ips/192.0.2.1"))
        assert domain_ips(mailgun, "a.example.com") == left


# Pages


@pytest.fixture
def many(make_mailgun: Callable[..., ProviderClient]) -> ProviderClient:
    """An account with 25 IPs on a warm-up, listed in the seed in no order."""
    numbers = sorted(range(25), key=lambda number: number * 7 % 25)
    ips = [{"ip": f"192.0.2.{number}", "warmup": True} for number in numbers]
    return make_mailgun(ips=ips, ip_pools=[], domains=[], eligible_for_shared_ips=False)


def test_pages(many: ProviderClient) -> None:
    """Warm-ups come in pages, lowest IP first; `next` is always there, and leads to an empty page."""
    url, pages = f"{WARMUPS}", []
    while items := (answer := many.get(url).json)["items"]:
        pages.append([item["ip"] for item in items])
        url = answer["paging"]["next"].removeprefix("http://localhost/mailgun")
    assert [len(page) for page in pages] == [10, 10, 5]
    assert [ip for page in pages for ip in page] == [f"192.0.2.{number}" for number in range(25)]
    first = many.get(answer["paging"]["first"].removeprefix("http://localhost/mailgun")).json
    assert [item["ip"] for item in first["items"]] == pages[0]


@pytest.mark.parametrize(("limit", "length"), [("1", 1), ("25", 25), ("500", 25)])
def test_limits_that_fit(many: ProviderClient, limit: str, length: int) -> None:
    """A limit is 1 to 500, and the next page remembers it."""
    answer = many.get(f"{WARMUPS}?limit={limit}").json
    assert len(answer["items"]) == length
    rest = many.get(answer["paging"]["next"].removeprefix("http://localhost/mailgun")).json["items"]
    assert len(rest) == min(int(limit), 25 - length)


@pytest.mark.parametrize(("query", "message"), [
    ("limit=0", "Invalid parameter: limit 0"),
    ("limit=501", "Invalid parameter: limit 501"),
    ("limit=x", "Invalid format for parameter limit: x"),
    ("page=eyJjdXJzb3IiOiJ4IiwibGltaXQiOjEwfQ", "Invalid parameter: page eyJjdXJzb3IiOiJ4IiwibGltaXQiOjEwfQ"),
    ("page=x", "Invalid parameter: page x"),
])  # fmt: skip
def test_bad_pages(mailgun: ProviderClient, query: str, message: str) -> None:
    """A limit out of range or not a number, an unknown token, and a token whose cursor is no IP."""
    refused(mailgun.get(f"{WARMUPS}?{query}"), 400, message)
