"""SendGrid's IP pools, driven by the official Python client `sendgrid`."""

import secrets
from contextlib import contextmanager
from urllib.parse import quote

import pytest
from python_http_client import exceptions
from sendgrid import SendGridAPIClient

pytestmark = pytest.mark.evidence("clients", "sendgrid for Python")

READ_ONLY_KEY = "SG.mockserverReadOnly0000.mockserverReadOnly0000000000000000000000000"
NO_SCOPES_KEY = "SG.mockserverNoScopes0000.mockserverNoScopes0000000000000000000000000"
TOO_LARGE = "x" * (1 << 20)

TRANSACTIONAL = {
    "name": "transactional",
    "id": "12345",
    "ips_preview": ["203.0.113.1", "203.0.113.2"],
    "total_ip_count": 2,
}
CAMPAIGNS = {
    "name": "campaigns",
    "id": "23456",
    "ips_preview": ["203.0.113.2", "203.0.113.3", "203.0.113.201"],
    "total_ip_count": 3,
}
EUROPE = {
    "name": "europe",
    "id": "34567",
    "ips_preview": ["198.51.100.1", "198.51.100.2"],
    "total_ip_count": 2,
}
WORLDWIDE = {
    "name": "worldwide",
    "id": "45678",
    "ips_preview": [f"203.0.113.{number}" for number in range(10, 20)],
    "total_ip_count": 12,
}
SPARE = {"name": "spare", "id": "56789", "ips_preview": [], "total_ip_count": 0}
NEW_TEST5 = {"name": "new_test5", "id": "78901", "ips_preview": ["167.89.21.3"], "total_ip_count": 1}


@pytest.fixture
def connect(live):
    """Return a function that opens a client."""

    def open_client(key, subuser=None, prefix="sendgrid"):
        return SendGridAPIClient(key, host=f"{live.url}/{prefix}", impersonate_subuser=subuser).client

    return open_client


@pytest.fixture
def client(connect, sendgrid_key):
    """Return the client of a tenant of its own."""
    return connect(sendgrid_key)


@contextmanager
def refused(status, body):
    """Expect the client to raise its exception for a status, with exactly this body."""
    with pytest.raises(exceptions.err_dict.get(status, exceptions.HTTPError)) as caught:
        yield caught
    assert caught.value.status_code == status
    assert caught.value.to_dict == body


def error(message, field=None):
    return {"errors": [{"field": field, "message": message}]}


def mail_error(message):
    return {"errors": [{"message": message, "field": None, "help": None}]}


def answer(response, status=200):
    assert response.status_code == status
    return response.to_dict


def names(page):
    return [pool["name"] for pool in page["result"]]


def listed(client, **query):
    return answer(client.send_ips.pools.get(query_params=query))


# Classic pools


def test_life_of_a_pool(client):
    """A pool is created, listed, filled, renamed, emptied and deleted, with the documented answers all the way."""
    pools = client.ips.pools
    assert answer(pools.post(request_body={"name": "receipts"})) == {"name": "receipts"}
    assert {"name": "receipts"} in answer(pools.get())
    assert answer(pools._("receipts").get()) == {"ips": [], "pool_name": "receipts"}

    added = answer(pools._("receipts").ips.post(request_body={"ip": "203.0.113.4"}))
    assert added == {"ip": "203.0.113.4", "pools": ["receipts"], "start_date": None, "warmup": False}
    assert answer(pools._("receipts").get()) == {"ips": ["203.0.113.4"], "pool_name": "receipts"}

    assert answer(pools._("receipts").put(request_body={"name": "invoices"})) == {"name": "invoices"}
    assert answer(pools._("invoices").get()) == {"ips": ["203.0.113.4"], "pool_name": "invoices"}
    with refused(404, error("Unable to locate specified IPs Pool", "error")):
        pools._("receipts").get()

    assert answer(pools._("invoices").ips._("203.0.113.4").delete(), 204) is None
    assert answer(pools._("invoices").get()) == {"ips": [], "pool_name": "invoices"}
    assert answer(pools._("invoices").delete(), 204) is None
    assert {"name": "invoices"} not in answer(pools.get())


def test_list_is_in_order_of_creation(client):
    """The list has every pool of the account by name, the newest last."""
    client.ips.pools.post(request_body={"name": "a new one"})
    expected = ["transactional", "campaigns", "europe", "worldwide", "spare", "new_test5", "a new one"]
    assert answer(client.ips.pools.get()) == [{"name": name} for name in expected]


def test_name_with_characters_that_a_path_escapes(client):
    """A name may hold blanks, slashes and percent signs: the path has it escaped, the answers have it as it is."""
    name = "50% off / Größe & more?"
    client.ips.pools.post(request_body={"name": name})
    pool = client.ips.pools._(quote(name, safe=""))
    assert answer(pool.get()) == {"ips": [], "pool_name": name}
    assert answer(pool.delete(), 204) is None


def test_ip_is_in_several_pools(client):
    """An IP may be in several pools: adding it names them all, deleting one leaves it in the others."""
    added = answer(client.ips.pools.spare.ips.post(request_body={"ip": "203.0.113.2"}))
    assert added["pools"] == ["transactional", "campaigns", "spare"]
    client.ips.pools.transactional.delete()
    assert answer(client.ips.pools.spare.get())["ips"] == ["203.0.113.2"]
    assert answer(client.ips.pools.campaigns.get())["ips"] == ["203.0.113.2", "203.0.113.3", "203.0.113.201"]


def test_adding_a_member_again_changes_nothing(client):
    """Adding an IP to a pool that has it answers as the first time, and the pool has it once."""
    for _ in range(2):
        added = answer(client.ips.pools.spare.ips.post(request_body={"ip": "203.0.113.201"}))
        assert added == {
            "ip": "203.0.113.201",
            "pools": ["campaigns", "spare"],
            "start_date": 1409616000,
            "warmup": True,
        }
    assert answer(client.ips.pools.spare.get())["ips"] == ["203.0.113.201"]


def test_pool_that_is_not_there(client):
    """Each operation refuses an unknown pool with 404 in its own documented words and shape."""
    pool = client.ips.pools.nowhere
    with refused(404, error("Unable to locate specified IPs Pool", "error")):
        pool.get()
    with refused(404, error("ip pool not found")):
        pool.put(request_body={"name": "anything"})
    with refused(404, {"error": "Unable to locate specified IPs Pool"}):
        pool.delete()
    with refused(404, error("resource not found")):
        pool.ips.post(request_body={"ip": "203.0.113.1"})
    with refused(404, {"error": "Unable to locate specified IPs Pool"}):
        pool.ips._("203.0.113.1").delete()


def test_removing_an_ip_that_is_not_a_member(client):
    """Removing an IP from a pool that has it not is 404 with a bare error."""
    with refused(404, {"error": "Unable to locate specified IPs Pool"}):
        client.ips.pools.spare.ips._("203.0.113.1").delete()


@pytest.mark.parametrize(
    "ip",
    [
        pytest.param("192.0.2.1", id="not of the account"),
        pytest.param("203.0.113.202", id="no reverse DNS"),
        pytest.param("203.0.113.203", id="not enabled"),
        pytest.param("203.0.113.204", id="not assigned to the parent"),
        pytest.param("nonsense", id="no address"),
    ],
)
def test_ip_that_cannot_join(client, ip):
    """An IP that may not join a pool is refused with 404, and the pool stays as it was."""
    with refused(404, error("resource not found")):
        client.ips.pools.spare.ips.post(request_body={"ip": ip})
    assert answer(client.ips.pools.spare.get())["ips"] == []


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": None}, {"name": 7}])
def test_name_missing(client, body):
    """A pool without a name is refused, on creation and on renaming."""
    with refused(400, error("missing required argument", "name")):
        client.ips.pools.post(request_body=body)
    with refused(400, error("missing required argument", "name")):
        client.ips.pools.spare.put(request_body=body)


@pytest.mark.parametrize("body", [{}, {"ip": ""}, {"ip": None}, {"ip": ["203.0.113.1"]}])
def test_ip_missing(client, body):
    """Adding no IP to a pool is refused."""
    with refused(400, error("missing required argument", "ip")):
        client.ips.pools.spare.ips.post(request_body=body)


def test_name_too_long(client):
    """A name has at most 64 characters, on creation and on renaming."""
    longest = "x" * 64
    assert answer(client.ips.pools.post(request_body={"name": longest})) == {"name": longest}
    with refused(400, error("needs to be between 2 to 64 characters long", "name")):
        client.ips.pools.post(request_body={"name": longest + "x"})
    with refused(400, error("needs to be between 2 to 64 characters long", "name")):
        client.ips.pools.spare.put(request_body={"name": longest + "x"})


def test_name_taken(client):
    """A name that another pool has is refused; a pool's own name is not."""
    with refused(400, error("already exists", "name")):
        client.ips.pools.post(request_body={"name": "spare"})
    with refused(400, error("already exists", "name")):
        client.ips.pools.campaigns.put(request_body={"name": "spare"})
    assert answer(client.ips.pools.spare.put(request_body={"name": "spare"})) == {"name": "spare"}


def test_a_user_has_100_pools(client):
    """The 101st pool is refused; a deleted one makes room."""
    for number in range(94):
        client.ips.pools.post(request_body={"name": f"pool {number}"})
    assert len(answer(client.ips.pools.get())) == 100
    with refused(400, error("100 pools limit has been reached")):
        client.ips.pools.post(request_body={"name": "one too many"})
    client.ips.pools.spare.delete()
    assert answer(client.ips.pools.post(request_body={"name": "one too many"})) == {"name": "one too many"}


def test_a_pool_has_100_ips(client):
    """The 101st IP of a pool is refused; a member may still be added again."""
    ips = client.ips.pools.spare.ips
    for number in range(1, 101):
        ips.post(request_body={"ip": f"203.0.113.{number}"})
    full = "the total number of IPs per pool cannot exceed 100. current IP count in ‘spare’ is ‘100’"
    with refused(400, error(full, "ip")):
        ips.post(request_body={"ip": "203.0.113.101"})
    assert answer(ips.post(request_body={"ip": "203.0.113.100"}))["pools"] == ["spare"]
    assert len(answer(client.ips.pools.spare.get())["ips"]) == 100


@pytest.mark.parametrize(("body", "media_type"), [("no JSON", "text/plain"), (["spare"], "application/json")])
def test_body_that_is_no_json_object(client, body, media_type):
    """A body that is no JSON, or no object, is refused wherever a body is read."""
    headers = {"Content-Type": media_type}
    calls = [client.ips.pools.post, client.ips.pools.spare.put, client.ips.pools.spare.ips.post]
    for call in calls:
        with refused(400, error("Request body is not valid json")):
            call(request_body=body, request_headers=headers)


# Pools in IP Address Management


def test_list_with_ips(client):
    """The list is in the order of ids, shows at most 10 IPs of each pool, and counts them all."""
    assert listed(client) == {
        "result": [TRANSACTIONAL, CAMPAIGNS, EUROPE, WORLDWIDE, SPARE, NEW_TEST5],
        "_metadata": {"next_params": {"after_key": None}},
    }


def test_list_with_ips_follows_the_classic_api(client):
    """Both APIs show the same pools, and a pool's id stays when it is renamed."""
    client.ips.pools.post(request_body={"name": "new"})
    client.ips.pools.new.ips.post(request_body={"ip": "203.0.113.5"})
    before = listed(client)["result"][-1]
    assert before == {"name": "new", "id": before["id"], "ips_preview": ["203.0.113.5"], "total_ip_count": 1}
    client.ips.pools.new.put(request_body={"name": "newer"})
    assert listed(client)["result"][-1] == {**before, "name": "newer"}
    client.ips.pools.newer.delete()
    assert names(listed(client)) == ["transactional", "campaigns", "europe", "worldwide", "spare", "new_test5"]


def test_list_by_pages(client):
    """A page names the key of the next one and repeats the limit as text; the last page's key is null."""
    first = listed(client, limit=2)
    assert first["result"] == [TRANSACTIONAL, CAMPAIGNS]
    assert first["_metadata"] == {"next_params": {"after_key": "23456", "limit": "2"}}
    second = listed(client, **first["_metadata"]["next_params"])
    assert second["result"] == [EUROPE, WORLDWIDE]
    assert second["_metadata"] == {"next_params": {"after_key": "45678", "limit": "2"}}
    third = listed(client, **second["_metadata"]["next_params"])
    assert third == {"result": [SPARE, NEW_TEST5], "_metadata": {"next_params": {"after_key": None, "limit": "2"}}}


def test_list_after_a_key(client):
    """The list begins with the first pool after the key, which need not be a pool's; 0 is the beginning."""
    assert names(listed(client, after_key=0)) == names(listed(client))
    assert names(listed(client, after_key=34567)) == ["worldwide", "spare", "new_test5"]
    assert names(listed(client, after_key=40000)) == ["worldwide", "spare", "new_test5"]
    assert listed(client, after_key=99999) == {"result": [], "_metadata": {"next_params": {"after_key": None}}}


def test_list_by_ip(client):
    """The list can be narrowed to the pools of one IP, which is repeated."""
    page = listed(client, ip="203.0.113.2")
    assert page == {
        "result": [TRANSACTIONAL, CAMPAIGNS],
        "_metadata": {"next_params": {"after_key": None, "ip": "203.0.113.2"}},
    }
    assert listed(client, ip="192.0.2.1")["result"] == []


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("us", ["transactional", "campaigns", "worldwide", "new_test5"]),
        ("eu", ["europe", "worldwide"]),
        ("all", ["transactional", "campaigns", "europe", "worldwide", "new_test5"]),
    ],
)
def test_list_by_region(client, region, expected):
    """The list can be narrowed to pools with an IP in a region, or with any IP; none shows its region for that."""
    page = listed(client, region=region)
    assert names(page) == expected
    assert not any("regions" in pool for pool in page["result"])


def test_list_with_regions(client):
    """Each pool shows the regions of all its IPs if asked, and the parameters come back as texts."""
    page = listed(client, include_region="true", region="eu", limit=10)
    assert page == {
        "result": [{**EUROPE, "regions": ["eu"]}, {**WORLDWIDE, "regions": ["eu", "us"]}],
        "_metadata": {"next_params": {"after_key": None, "include_region": "true", "region": "eu", "limit": "10"}},
    }
    assert listed(client, include_region="true")["result"][-2] == {**SPARE, "regions": []}


@pytest.mark.parametrize("query", [{"region": "eu"}, {"region": "eu", "include_region": "false"}])
def test_region_is_repeated_only_with_regions(client, query):
    """The documents return `region` and `include_region` only if `include_region` was sent and is true."""
    assert listed(client, **query)["_metadata"] == {"next_params": {"after_key": None}}


@pytest.mark.parametrize("limit", ["0", "101", "-1", "ten", ""])
def test_limit_out_of_range(client, limit):
    """A page has 1 to 100 pools."""
    with refused(400, error("should be > 0 and <= 100", "limit")):
        listed(client, limit=limit)


def test_after_key_that_is_no_number(client):
    """A key that is no number is refused."""
    with refused(400, error("must be a numeric value", "after_key")):
        listed(client, after_key="spare")


def test_after_key_below_zero(client):
    """A key below zero is refused."""
    with refused(400, error("must be >= 0", "after_key")):
        listed(client, after_key=-1)


def test_region_that_is_none(client):
    """A region other than the three documented ones is refused."""
    with refused(400, error("must be one of the following: all, eu, us", "region")):
        listed(client, region="mars")


def test_include_region_that_is_no_boolean(client):
    """`include_region` is true or false."""
    with refused(400, error("must be one of the following: true, false", "include_region")):
        listed(client, include_region="maybe")


# IP Address Management: pools by id, IPs and their subusers


def test_life_of_a_managed_pool(client):
    """A pool is made with IPs, filled, listed, emptied, renamed and deleted by its id."""
    made = answer(client.send_ips.pools.post(request_body={"name": "receipts", "ips": ["203.0.113.4"]}), 201)
    assert made == {"name": "receipts", "id": made["id"], "ips": ["203.0.113.4"]}
    pool = client.send_ips.pools._(made["id"])
    batch = {"ips": ["198.51.100.4", "203.0.113.5"]}
    assert answer(pool._("ips:batchAdd").post(request_body=batch)) == {"name": "receipts", "id": made["id"], **batch}
    page = answer(pool.ips.get(query_params={"limit": 2, "include_region": "true"}))
    membership = [{"id": made["id"], "name": "receipts"}]
    assert page == {
        "result": [
            {"ip": "198.51.100.4", "region": "eu", "pools": membership},
            {"ip": "203.0.113.4", "region": "us", "pools": membership},
        ],
        "_metadata": {"next_params": {"after_key": "203.0.113.4", "limit": "2", "include_region": "true"}},
    }
    assert answer(pool._("ips:batchDelete").post(request_body=batch), 204) is None
    assert answer(pool.put(request_body={"name": "invoices"})) == {"name": "invoices", "id": made["id"]}
    assert answer(pool.get()) == {
        "name": "invoices",
        "id": made["id"],
        "ips_preview": ["203.0.113.4"],
        "total_ip_count": 1,
    }
    assert answer(pool.delete(), 204) is None
    with refused(400, error("not found", "poolid")):
        pool.get()


def test_a_managed_ip(client):
    """An IP is added, listed from 0 as clients begin, changed, and given to a subuser and taken from it."""
    body = {"is_auto_warmup": False, "is_parent_assigned": True, "region": "eu", "include_region": True}
    made = answer(client.send_ips.ips.post(request_body=body), 201)
    assert made == {
        "ip": made["ip"],
        "is_auto_warmup": False,
        "is_parent_assigned": True,
        "subusers": [],
        "region": "eu",
    }
    seen, after_key = [], 0
    while after_key is not None:
        page = answer(client.send_ips.ips.get(query_params={"limit": 50, "after_key": after_key}))
        seen += [each["ip"] for each in page["result"]]
        after_key = page["_metadata"]["next_params"]["after_key"]
    assert len(seen) == len(set(seen)) and made["ip"] in seen
    ip = client.send_ips.ips._(made["ip"])
    changed = answer(ip.patch(request_body={"is_auto_warmup": True}))
    assert changed == {"ip": made["ip"], "is_auto_warmup": True, "is_parent_assigned": True, "is_enabled": True}
    assert answer(ip.get())["is_auto_warmup"] is True
    (subuser,) = answer(client.subusers.get(query_params={"username": "subuser2"}))
    ids = {"subusers": [str(subuser["id"])]}
    assert answer(ip._("subusers:batchAdd").post(request_body=ids)) == {"ip": made["ip"], **ids}
    assert answer(ip.subusers.get())["result"] == ids["subusers"]
    assert answer(ip._("subusers:batchDelete").post(request_body=ids), 204) is None
    assert answer(ip.subusers.get())["result"] == []


# Classic IPs and subusers


def test_classic_ips(client):
    """IPs are counted, bought, listed by pages, warmed up and cooled down."""
    (offer,) = answer(client.ips.remaining.get())["results"]
    bought = answer(client.ips.post(request_body={"count": 1, "user_can_send": True}), 201)
    assert bought["remaining_ips"] == offer["remaining"] - 1
    address = bought["ips"][0]["ip"]
    page = client.ips.get(query_params={"limit": 100, "offset": 0})
    assert address in [each["ip"] for each in answer(page)]
    assert 'offset=0>; rel="first"; title="1"' in page.headers["Link"]
    assert address in [each["ip"] for each in answer(client.ips.assigned.get())]
    (warming,) = answer(client.ips.warmup.post(request_body={"ip": address}))
    assert answer(client.ips.warmup._(address).get()) == [warming]
    assert warming in answer(client.ips.warmup.get())
    assert answer(client.ips._(address).get())["start_date"] == warming["start_date"]
    assert answer(client.ips.warmup._(address).delete(), 204) is None
    with refused(404, error("resource not found")):
        client.ips.warmup._(address).get()


def test_a_new_subuser(client, connect, sendgrid_key):
    """A subuser that a program makes can be acted for at once, with the IPs that it is given."""
    body = {"username": "team", "email": "team@example.com", "password": "secret", "ips": ["203.0.113.9"]}
    assert answer(client.subusers.post(request_body=body))["username"] == "team"
    team = connect(sendgrid_key, "team")
    assert answer(team.ips.pools.post(request_body={"name": "mine"})) == {"name": "mine"}
    assert answer(team.ips.pools.mine.ips.post(request_body={"ip": "203.0.113.9"}))["pools"] == ["mine"]
    assert answer(client.subusers.team.ips.put(request_body=["203.0.113.6"])) == {"ips": ["203.0.113.6"]}
    assert [each["ip"] for each in answer(team.ips.get())] == ["203.0.113.6"]
    assert answer(client.subusers.team.delete(), 204) is None
    with refused(401, error("authorization required")):
        team.ips.pools.get()


def test_a_subuser_of_a_region_is_disabled(client):
    """As Terraform providers do: create, find by name, disable, and enable without `disabled`."""
    body = {"username": "team", "email": "team@example.com", "password": "secret", "ips": ["198.51.100.4"]}
    made = answer(client.subusers.post(request_body={**body, "region": "eu", "include_region": True}))
    assert made["region"] == "eu"
    query = {"username": "team", "region": "eu", "include_region": "true"}
    (found,) = answer(client.subusers.get(query_params=query))
    assert (found["id"], found["disabled"], found["region"]) == (made["user_id"], False, "eu")
    for change, disabled in (({"disabled": True}, True), ({"credit_allocation": {}}, False)):
        assert answer(client.subusers.team.patch(request_body=change), 204) is None
        assert answer(client.subusers.get(query_params=query))[0]["disabled"] is disabled
    with refused(400, {"errors": [{"message": "invalid username"}, {"message": "no fields provided"}]}):
        client.subusers.crew.patch(request_body={})
    taken = {"errors": [{"message": "username exists"}, {"message": "unable to validate IPs at this time"}]}
    with refused(400, taken):
        client.subusers.post(request_body={**body, "ips": ["192.0.2.250"]})


def test_a_subuser_in_the_eu(client, connect, sendgrid_key):
    """It is served by the EU host alone, with the parent's key or its own, and sees what is in the EU."""
    ips = ["198.51.100.5", "203.0.113.30"]
    body = {"username": "eu", "email": "a@example.com", "password": "secret", "ips": ips, "region": "eu"}
    answer(client.subusers.post(request_body=body))
    subuser = connect(sendgrid_key, "eu", "sendgrid-eu")
    assert [each["ip"] for each in answer(subuser.ips.get())] == ips[:1]
    own = answer(subuser.api_keys.post(request_body={"name": "own"}), 201)["api_key"]
    assert answer(connect(own, prefix="sendgrid-eu").ips.pools.post(request_body={"name": "eu"})) == {"name": "eu"}
    for wrong in (connect(sendgrid_key, "eu"), connect(own), connect(sendgrid_key, prefix="sendgrid-eu")):
        with refused(401, error("authorization required")):
            wrong.ips.pools.get()


def test_reverse_dns(client):
    """An IP without reverse DNS joins a pool once it has been set up, and leaves it with it."""
    body = {"ip": "203.0.113.202", "subdomain": "email", "domain": "example.com"}
    with refused(404, error("resource not found")):
        client.ips.pools.spare.ips.post(request_body={"ip": body["ip"]})
    record = answer(client.whitelabel.ips.post(request_body=body), 201)
    assert record["rdns"] == "o1.email.example.com"
    one = client.whitelabel.ips._(str(record["id"]))
    assert answer(one.get()) == record
    assert answer(client.whitelabel.ips.get(query_params={"ip": "203.0.113.202"})) == [record]
    assert answer(one.validate.post())["validation_results"]["a_record"] == {"valid": True, "reason": None}
    assert answer(client.ips.pools.spare.ips.post(request_body={"ip": body["ip"]}))["pools"] == ["spare"]
    assert answer(one.delete(), 204) is None
    assert answer(client.ips.pools.spare.get())["ips"] == []
    with refused(404, {"errors": [{"message": "Reverse DNS record not found."}]}):
        one.validate.post()


def test_keys(client, connect):
    """A key is made, used within its scopes, renamed, given other scopes and deleted."""
    made = answer(client.api_keys.post(request_body={"name": "reader", "scopes": ["ips.pools.read"]}), 201)
    key, one = connect(made["api_key"]), client.api_keys._(made["api_key_id"])
    assert {"name": "spare"} in answer(key.ips.pools.get())
    with refused(403, error("access forbidden")):
        key.ips.pools.spare.delete()
    assert {"api_key_id": made["api_key_id"], "name": "reader"} in answer(client.api_keys.get())["result"]
    assert answer(one.get())["scopes"] == ["ips.pools.read"]
    assert answer(one.patch(request_body={"name": "deleter"}))["name"] == "deleter"
    answer(one.put(request_body={"name": "deleter", "scopes": ["ips.pools.delete"]}))
    assert answer(key.ips.pools.spare.delete(), 204) is None
    with refused(403, error("access forbidden")):
        key.ips.pools.get()
    assert answer(one.delete(), 204) is None
    with refused(401, error("authorization required")):
        key.ips.pools.get()
    with refused(404, error("unable to find API Key")):
        one.get()


def test_scopes_of_a_key(client, connect):
    """A key reads what it may do."""
    assert answer(connect(READ_ONLY_KEY).scopes.get()) == {"scopes": ["ips.pools.read"]}
    assert "ips.pools.ips.create" in answer(client.scopes.get())["scopes"]


# Who may do what


def test_key_that_is_unknown(connect):
    """A key that is not of SendGrid's form is unknown, on both APIs of pools and on mail, each in its words."""
    client = connect("SG.too.short")
    with refused(401, error("authorization required")):
        client.ips.pools.get()
    with refused(401, error("authorization required", "")):
        client.send_ips.pools.get()
    with refused(401, mail_error("The provided authorization grant is invalid, expired, or revoked")):
        client.mail.send.post(request_body={})


def test_no_key(client):
    """No bearer token is a 401, on both APIs of pools and on mail, each in its words."""
    headers = {"Authorization": "Basic bm9ib2R5Og=="}
    with refused(401, error("authorization required")):
        client.ips.pools.get(request_headers=headers)
    with refused(401, error("authorization required", "")):
        client.send_ips.pools.get(request_headers=headers)
    with refused(401, mail_error("Permission denied, wrong credentials")):
        client.mail.send.post(request_body={}, request_headers=headers)


def test_key_without_the_scope(connect):
    """A key may do what its scopes say: the classic API refuses with 403, IP Address Management with 401."""
    reader = connect(READ_ONLY_KEY)
    assert answer(reader.ips.pools.spare.get()) == {"ips": [], "pool_name": "spare"}
    assert listed(reader)["result"][-2] == SPARE
    forbidden = error("access forbidden")
    with refused(403, forbidden):
        reader.ips.pools.post(request_body={"name": "mine"})
    with refused(403, forbidden):
        reader.ips.pools.spare.put(request_body={"name": "mine"})
    with refused(403, forbidden):
        reader.ips.pools.spare.delete()
    with refused(403, forbidden):
        reader.ips.pools.spare.ips.post(request_body={"ip": "203.0.113.1"})
    with refused(403, forbidden):
        reader.ips.pools.transactional.ips._("203.0.113.1").delete()
    powerless = connect(NO_SCOPES_KEY)
    with refused(403, forbidden) as caught:
        powerless.ips.pools.get()
    assert caught.value.reason == "FORBIDDEN", "the status line has the phrase in capitals, as recorded"
    with refused(401, error("missing required scope: ips.pools.read", "")):
        powerless.send_ips.pools.get()


def test_subuser(connect, sendgrid_key):
    """A subuser has pools of its own, from its own IPs, and names that the parent has are free to it."""
    subuser = connect(sendgrid_key, "subuser1")
    assert answer(subuser.ips.pools.get()) == [{"name": "newsletters"}]
    assert answer(subuser.ips.pools.post(request_body={"name": "spare"})) == {"name": "spare"}
    assert answer(subuser.ips.pools.spare.ips.post(request_body={"ip": "203.0.113.8"}))["pools"] == ["spare"]
    with refused(404, error("resource not found")):
        subuser.ips.pools.spare.ips.post(request_body={"ip": "203.0.113.1"})
    with refused(404, error("Unable to locate specified IPs Pool", "error")):
        subuser.ips.pools.transactional.get()
    assert names(listed(subuser)) == ["newsletters", "spare"]
    parent = connect(sendgrid_key)
    assert answer(parent.ips.pools.spare.get())["ips"] == []


def test_subuser_that_is_not_there(connect, sendgrid_key):
    """Acting for a subuser that is not there is refused as an unknown key."""
    with refused(401, error("authorization required")):
        connect(sendgrid_key, "subuser9").ips.pools.get()


def test_keys_do_not_see_each_other(connect, sendgrid_key, client):
    """Two keys are two accounts: what one deletes, the other still has."""
    other = connect(f"SG.{secrets.token_urlsafe(16)}.{secrets.token_urlsafe(32)}")
    client.ips.pools.spare.delete()
    assert answer(other.ips.pools.spare.get()) == {"ips": [], "pool_name": "spare"}


# What is not about one operation


def test_route_that_is_not_there(client):
    """An unknown path is 404."""
    with refused(404, error("resource not found")):
        client.ips.pools.spare.nothing.get()
    with refused(404, error("resource not found", "")):
        client.send_ips.nothing.get()


def test_method_that_is_not_there(client):
    """A method that a path has not is 405, in the shape of its API."""
    with refused(405, error("method not allowed")):
        client.ips.pools.patch(request_body={})
    with refused(405, error("method not allowed", "")):
        client.send_ips.pools.delete()
    with refused(405, mail_error("method not allowed")):
        client.mail.send.get()


def test_body_that_is_too_large(client):
    """A body of more than a mebibyte is 413, in the shape of its API."""
    with refused(413, error("content too large")):
        client.ips.pools.post(request_body={"name": TOO_LARGE})
    with refused(413, error("content too large", "")):
        client.send_ips.pools.post(request_body={"name": TOO_LARGE})
    with refused(413, mail_error("content too large")):
        client.mail.send.post(request_body={"ip_pool_name": TOO_LARGE})


def test_operation_that_is_not_modelled(client):
    """What SendGrid has and the server has not is 501 in words, never an invented answer."""
    words = "mockserver does not implement {}"
    with refused(501, error(words.format("GET /v3/messages/1"))):
        client.messages._("1").get()
    with refused(501, mail_error(words.format("POST /v3/mail/batch"))):
        client.mail.batch.post()
