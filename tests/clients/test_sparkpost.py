"""SparkPost's IP pools, sending IPs and subaccounts, driven by the official Python client `sparkpost`."""

import json
import secrets
from contextlib import contextmanager
from urllib.parse import urljoin

import pytest
import requests
from sparkpost.base import Resource
from sparkpost.exceptions import SparkPostAPIException

pytestmark = pytest.mark.evidence("clients", "sparkpost for Python")

VIEW_ONLY_KEY = "10cc8f00d1b2c3d4e5f60718293a4b5c6d7e8f90"
SUBACCOUNT_KEY = "7d1a3e5c9b2f4068a7c6e5d4f3b2a1908f7e6d5c"
TOO_LARGE = "x" * (1 << 20)

MARKETING_IPS = [
    {"external_ip": "54.244.54.135", "hostname": "mta472a.sparkpostmail.com"},
    {"external_ip": "54.244.54.137", "hostname": "mta474a.sparkpostmail.com"},
]
TRANSACTIONAL_IPS = [{"external_ip": "203.0.113.140", "hostname": "mta477a.sparkpostmail.com"}]
DEFAULT_IPS = [
    {"external_ip": "203.0.113.141", "hostname": "mta478a.sparkpostmail.com"},
    {"external_ip": "203.0.113.25", "hostname": "mail.example.com"},
]
MARKETING = {
    "id": "marketing",
    "name": "Marketing",
    "fbl_signing_domain": "sparkpostmail.com",
    "ips": MARKETING_IPS,
}
TRANSACTIONAL = {"id": "transactional", "name": "Transactional", "ips": TRANSACTIONAL_IPS}
DEFAULT = {"id": "default", "name": "Default", "ips": DEFAULT_IPS}
COOL_KIDS = {
    "id": "cool_kids",
    "name": "Cool Kids",
    "ips": [{"external_ip": "123.45.67.89", "hostname": "mta472a.sparkpostmail.com"}],
}
TOO_COOL = {"id": "too_cool_for_pool", "name": "Too Cool For Pool", "ips": []}
POOLS = [MARKETING, TRANSACTIONAL, DEFAULT, COOL_KIDS, TOO_COOL]


class Records(Resource):
    """What the client has no class for: its own `Resource`, named after a collection and used with JSON bodies."""

    def __init__(self, base_uri, api_key, key):
        super().__init__(base_uri, api_key)
        self.key = key

    def list(self):
        return self.request("GET", self.uri)

    def get(self, record_id):
        return self.request("GET", f"{self.uri}/{record_id}")

    def create(self, **fields):
        return self.request("POST", self.uri, data=json.dumps(fields))

    def update(self, record_id, **fields):
        return self.request("PUT", f"{self.uri}/{record_id}", data=json.dumps(fields))

    def delete(self, record_id):
        return self.request("DELETE", f"{self.uri}/{record_id}")


@pytest.fixture
def connect(live):
    """Return a function that opens a collection with a key; all are closed in the end."""
    opened = []

    def open_collection(name, key, prefix="sparkpost"):
        opened.append(Records(f"{live.url}/{prefix}/api/v1", key, name))
        return opened[-1]

    yield open_collection
    for collection in opened:
        collection.transport.sess.close()


@pytest.fixture
def pools(connect, sparkpost_key):
    """Return the IP pools of a tenant of its own."""
    return connect("ip-pools", sparkpost_key)


@pytest.fixture
def ips(connect, sparkpost_key):
    """Return the sending IPs of the same tenant."""
    return connect("sending-ips", sparkpost_key)


@contextmanager
def refused(status, message, **more):
    """Expect the client to raise its exception with this status and exactly this one error."""
    with pytest.raises(SparkPostAPIException) as caught:
        yield
    assert caught.value.status == status
    assert caught.value.response.json() == {"errors": [{"message": message, **more}]}
    code, description = more.get("code", "none"), more.get("description", "none")
    assert caught.value.errors == [f"{message} Code: {code} Description: {description} \n"]


# Regions


def test_key_of_the_eu(connect, sparkpost_key):
    """A key that is used in the EU first is unknown in the US, whose prefix or host is the default of clients."""
    assert connect("ip-pools", sparkpost_key, "sparkpost-eu").create(name="News") == {"id": "news"}
    with refused(401, "Unauthorized."):
        connect("ip-pools", sparkpost_key).list()
    assert connect("ip-pools", sparkpost_key, "sparkpost-eu").get("news")["name"] == "News"


# A whole life


def test_life_of_a_pool(pools, ips):
    """A pool is created, listed, given IPs, renamed and deleted, with the documented answers all the way."""
    assert pools.create(name="Big News", fbl_signing_domain="example.com") == {"id": "big_news"}
    created = {"id": "big_news", "name": "Big News", "fbl_signing_domain": "example.com", "ips": []}
    assert pools.get("big_news") == created
    assert pools.list() == [*POOLS, created]

    assert ips.update("203.0.113.141", ip_pool="big_news") == {"message": "Updated IP Pool."}
    assert pools.get("big_news")["ips"] == DEFAULT_IPS[:1]
    assert pools.get("default")["ips"] == DEFAULT_IPS[1:]

    assert pools.update("big_news", name="Small News") == {
        "name": "Small News",
        "fbl_signing_domain": "example.com",
        "id": "big_news",
    }
    assert pools.get("big_news") == {**created, "name": "Small News", "ips": DEFAULT_IPS[:1]}

    assert ips.update("203.0.113.141", ip_pool="default") == {"message": "Updated IP Pool."}
    assert pools.get("big_news")["ips"] == []

    assert pools.delete("big_news") is True
    assert pools.list() == POOLS
    with refused(404, "IP pool not found."):
        pools.get("big_news")


def test_sending_ips(ips):
    """Each sending IP has its hostname, its one pool, and whether the customer brought it."""
    expected = [
        ("54.244.54.135", "mta472a.sparkpostmail.com", "marketing", False),
        ("54.244.54.137", "mta474a.sparkpostmail.com", "marketing", False),
        ("203.0.113.140", "mta477a.sparkpostmail.com", "transactional", False),
        ("203.0.113.141", "mta478a.sparkpostmail.com", "default", False),
        ("203.0.113.25", "mail.example.com", "default", True),
        ("123.45.67.89", "mta472a.sparkpostmail.com", "cool_kids", False),
    ]
    keys = ("external_ip", "hostname", "ip_pool", "customer_provided")
    records = [dict(zip(keys, values, strict=True)) for values in expected]
    assert ips.list() == records
    assert ips.get("203.0.113.25") == records[-2]


def test_moved_ip_leaves_its_pool(pools, ips):
    """An IP is in one pool only: moving it takes it out of the one before."""
    ips.update("54.244.54.135", ip_pool="transactional")
    assert ips.get("54.244.54.135")["ip_pool"] == "transactional"
    assert pools.get("marketing")["ips"] == MARKETING_IPS[1:]
    assert pools.get("transactional")["ips"] == [MARKETING_IPS[0], *TRANSACTIONAL_IPS]


def test_deleted_pools_ips_go_to_the_default_pool(pools, ips):
    """Deleting a pool moves all its sending IPs to the default pool."""
    pools.delete("marketing")
    assert pools.list() == [TRANSACTIONAL, {**DEFAULT, "ips": MARKETING_IPS + DEFAULT_IPS}, *POOLS[3:]]
    assert ips.get("54.244.54.135")["ip_pool"] == "default"


def test_id_is_made_from_the_name(pools):
    """The id is the name in lower case with underscores, as documented; a taken one gets a number."""
    assert pools.create(name="Marketing IP Pool") == {"id": "marketing_ip_pool"}
    assert pools.create(name="Marketing IP Pool") == {"id": "marketing_ip_pool_1"}
    assert pools.get("marketing_ip_pool") == {"id": "marketing_ip_pool", "name": "Marketing IP Pool", "ips": []}


def test_signing_domain_stays_until_it_is_removed(pools):
    """An update without a signing domain leaves it, an empty one removes it."""
    domain = "sparkpostmail.com"
    assert pools.update("marketing", name="M") == {
        "name": "M",
        "fbl_signing_domain": domain,
        "id": "marketing",
    }
    assert pools.update("marketing", name="M", fbl_signing_domain="") == {
        "name": "M",
        "id": "marketing",
    }
    assert "fbl_signing_domain" not in pools.get("marketing")


# Errors about pools


def test_pool_that_is_not_there(pools):
    """Getting an unknown pool has one text, updating and deleting it another that names the id."""
    with refused(404, "IP pool not found."):
        pools.get("receipts")
    with refused(404, "IP Pool not_a_real_pool does not exist."):
        pools.update("not_a_real_pool", name="Real")
    with refused(404, "IP Pool receipts does not exist."):
        pools.delete("receipts")


def test_default_pool_is_reserved(pools):
    """The default pool can be neither updated nor deleted, in different words, and stays as it is."""
    with refused(400, "IP Pool default is reserved and cannot be updated."):
        pools.update("default", name="Mine")
    with refused(400, "IP Pool default is reserved."):
        pools.delete("default")
    assert pools.get("default") == DEFAULT


def test_name_that_would_be_the_default_pools(pools):
    """No pool can be made whose id would be that of the default pool."""
    with refused(400, "IP Pool default is reserved."):
        pools.create(name="Default")


@pytest.mark.parametrize(("fields", "value"), [({}, None), ({"name": None}, None), ({"name": " "}, " ")])
def test_name_is_required(pools, fields, value):
    """A pool without a name is refused on creation and on update, repeating what was sent for it."""
    with refused(400, "`name` is a required field", param="name", value=value):
        pools.create(**fields)
    with refused(400, "`name` is a required field", param="name", value=value):
        pools.update("transactional", **fields)
    assert pools.list() == POOLS


def test_signing_domain_that_is_no_text(pools):
    """A signing domain of another type is refused, naming the type that it needs."""
    with refused(400, "`fbl_signing_domain` must be a String", param="fbl_signing_domain", value=True):
        pools.create(name="New", fbl_signing_domain=True)


# Errors about sending IPs


@pytest.mark.parametrize("address", ["nonsense", "54.244.54", "54.244.54.256", "2001:db8::25", "054.244.54.135"])
def test_address_that_is_no_ipv4(ips, address):
    """An address that is no IPv4 address is refused before it is looked up."""
    with refused(400, "external ip must be a valid IPv4 address"):
        ips.get(address)
    with refused(400, "external ip must be a valid IPv4 address"):
        ips.update(address, ip_pool="default")


def test_address_that_is_not_there(ips):
    """An address that the account has not is 404."""
    with refused(404, "Sending IP does not exist"):
        ips.get("123.45.67.88")
    with refused(404, "Sending IP does not exist"):
        ips.update("123.45.67.88", ip_pool="default")


def test_target_pool_that_is_not_there(ips):
    """An IP cannot be moved to an unknown pool, and stays where it is."""
    with refused(400, "IP Pool glibglob does not exist."):
        ips.update("54.244.54.135", ip_pool="glibglob")
    assert ips.get("54.244.54.135")["ip_pool"] == "marketing"


@pytest.mark.parametrize(("fields", "value"), [({}, None), ({"ip_pool": None}, None), ({"ip_pool": ""}, "")])
def test_target_pool_is_required(ips, fields, value):
    """An update of a sending IP without a pool is refused, repeating what was sent for it."""
    with refused(400, "`ip_pool` is a required field", param="ip_pool", value=value):
        ips.update("54.244.54.135", **fields)


# Bodies


def test_body_that_is_no_json_object(pools, ips):
    """A body that is no JSON, or no object, is refused wherever a body is read."""
    targets = [("POST", pools.uri), ("PUT", f"{pools.uri}/transactional"), ("PUT", f"{ips.uri}/54.244.54.135")]
    bodies = [("{", "Problems parsing request as json"), ("", "Problems parsing request as json")]
    bodies.append(("[]", "JSON object expected"))
    for method, uri in targets:
        for body, description in bodies:
            with refused(422, "invalid data format/type", description=description, code="1300"):
                pools.request(method, uri, data=body)


def test_body_that_is_too_large(pools):
    """A body of more than a mebibyte is 413."""
    with refused(413, "Request entity too large"):
        pools.create(name=TOO_LARGE)


# Who may do what


@pytest.mark.parametrize("key", ["", "0" * 39, "Bearer " + "0" * 40], ids=["no key", "no form of a key", "a scheme"])
def test_key_that_is_nobodys(connect, key):
    """No key and a wrong key get the same bytes, blanks included, for pools and for sending IPs."""
    pools, ips = connect("ip-pools", key), connect("sending-ips", key)
    calls = [pools.list, ips.list, lambda: pools.create(name="Mine"), lambda: pools.delete("default")]
    for call in calls:
        with pytest.raises(SparkPostAPIException) as caught:
            call()
        assert caught.value.status == 401
        assert caught.value.response.content == b'{"errors": [ {"message": "Unauthorized."} ]}'
        assert caught.value.errors == ["Unauthorized. Code: none Description: none \n"]


def test_key_without_the_grant(connect):
    """A key that may only view pools may change nothing."""
    pools, ips = connect("ip-pools", VIEW_ONLY_KEY), connect("sending-ips", VIEW_ONLY_KEY)
    assert pools.get("default") == DEFAULT
    assert ips.get("54.244.54.135")["ip_pool"] == "marketing"
    with refused(403, "Forbidden."):
        pools.create(name="Mine")
    with refused(403, "Forbidden."):
        pools.update("transactional", name="Mine")
    with refused(403, "Forbidden."):
        pools.delete("transactional")
    with refused(403, "Forbidden."):
        ips.update("54.244.54.135", ip_pool="default")
    assert pools.list() == POOLS


def test_keys_do_not_see_each_other(connect, pools):
    """Two keys are two accounts: what one deletes, the other still has."""
    pools.delete("transactional")
    assert connect("ip-pools", secrets.token_hex(20)).list() == POOLS


# What is not about one operation


def test_route_that_is_not_there(connect, sparkpost_key, pools):
    """An unknown path is 404."""
    with refused(404, "Resource could not be found"):
        connect("ip-puddles", sparkpost_key).list()
    with refused(404, "Resource could not be found"):
        pools.get("default/ips")


def test_method_that_is_not_there(pools):
    """A method that a path has not is 405, naming both."""
    description = "PATCH is not supported on /api/v1/ip-pools"
    with refused(405, "invalid http method", description=description, code="1102"):
        pools.request("PATCH", pools.uri)


def test_call_from_a_browser(pools):
    """A preflight is refused: no call from another origin is supported."""
    with refused(403, "Forbidden."):
        pools.request("OPTIONS", pools.uri)


def test_status_line(pools):
    """The status line has the standard phrase, which other clients show as the error's message."""
    for pool_id, phrase in (("nowhere", "Not Found"), ("default", "Bad Request")):
        with pytest.raises(SparkPostAPIException) as caught:
            pools.delete(pool_id)
        assert caught.value.response.reason == phrase


def test_operation_that_is_not_modelled(connect, sparkpost_key):
    """What SparkPost has and the server has not is 501 in words, never an invented answer."""
    with refused(501, "mockserver does not implement GET /api/v1/sending-domains"):
        connect("sending-domains", sparkpost_key).list()


# What newer documents have


@pytest.fixture
def live_profile(live, sparkpost_key, pools):
    """Turn the tenant's account into one of profile `live`, with its world as it is, at a time of its own."""
    pools.list()
    body = {"provider": "sparkpost", "credential": sparkpost_key}
    tenant = requests.post(f"{live.url}/_mockserver/tenants/lookup", json=body).json()["id"]
    path = f"{live.url}/_mockserver/tenants/{tenant}"
    section = requests.get(f"{path}/state").json()["state"]["sparkpost"]
    answer = requests.put(f"{path}/state", json={"state": {"sparkpost": {**section, "profile": "live"}}})
    assert answer.status_code == 200, answer.text
    return path


def test_warmup_of_a_bought_ip(connect, live_profile, sparkpost_key, pools, ips):
    """As in the web interface: a pool is made, an IP is bought into it, and warms up a stage a day."""
    assert pools.create(name="Big News", signing_domain="example.org", auto_warmup_overflow_pool="shared pool") == {
        "id": "big_news"
    }
    purchase = connect("account/add-ons/dedicated_ips", sparkpost_key)
    assert purchase.create(ip_pool="big_news", quantity=1) == {"message": "IP(s) added"}
    pool = pools.get("big_news")
    (bought,) = pool["ips"]
    assert (bought["auto_warmup_enabled"], bought["auto_warmup_stage"]) == (True, 1)
    assert (pool["signing_domain"], pool["auto_warmup_overflow_pool"]) == ("example.org", "shared pool")

    requests.post(f"{live_profile}/clock/advance", json={"seconds": 5 * 86_400})
    address = bought["external_ip"]
    assert ips.get(address)["auto_warmup_stage"] == 6
    with refused(400, "auto_warmup_stage must be less than or equal to 6"):
        ips.update(address, auto_warmup_stage=7)
    assert ips.update(address, auto_warmup_stage=3) == {"message": "Updated Sending IP."}
    assert ips.update(address, auto_warmup_enabled=False, ip_pool="default") == {"message": "Updated Sending IP."}
    assert ips.get(address)["auto_warmup_enabled"] is False
    with refused(400, "auto_warmup_enabled must be true to update auto_warmup_stage"):
        ips.update(address, auto_warmup_stage=1)
    with refused(400, "IP Pool nowhere does not exist."):
        purchase.create(ip_pool="nowhere", quantity=1)


def test_overflow_pools(live_profile, pools):
    """An overflow pool is there, and overflows into none itself."""
    assert pools.get("marketing")["auto_warmup_overflow_pool"] == "transactional"
    with refused(400, "Auto Warmup Overflow Pool nowhere does not exist."):
        pools.create(name="New", auto_warmup_overflow_pool="nowhere")
    with refused(400, "marketing has an overflow pool and cannot be an overflow pool"):
        pools.create(name="New", auto_warmup_overflow_pool="marketing")
    with refused(400, "transactional is an overflow pool and cannot have an overflow pool"):
        pools.update("transactional", name="T", auto_warmup_overflow_pool="default")
    assert pools.update("marketing", name="M", auto_warmup_overflow_pool="", signing_domain="") == {
        "name": "M",
        "fbl_signing_domain": "sparkpostmail.com",
        "id": "marketing",
    }


# Subaccounts


def test_life_of_a_subaccount(connect, sparkpost_key):
    """A subaccount is made with a key, confined to a pool, suspended, and found in the list."""
    subaccounts = connect("subaccounts", sparkpost_key)
    made = subaccounts.create(name="News", key_label="First", key_grants=["smtp/inject"], ip_pool="transactional")
    assert (made["subaccount_id"], made["label"], made["short_key"]) == (457, "First", made["key"][:4])
    expected = {
        "id": 457,
        "name": "News",
        "status": "active",
        "compliance_status": "active",
        "ip_pool": "transactional",
        "options": {"deliverability": False},
    }
    assert subaccounts.get(457) == expected
    done = {"message": "Successfully updated subaccount information"}
    assert subaccounts.update(457, status="suspended", ip_pool="", options={"deliverability": True}) == done
    del expected["ip_pool"]
    assert subaccounts.get(457) == {**expected, "status": "suspended", "options": {"deliverability": True}}
    assert [each["id"] for each in subaccounts.list()] == [123, 456, 457]
    assert subaccounts.get("summary") == {"total": 3}


def test_pages_of_subaccounts(connect, sparkpost_key):
    """The link of a page leads to the next one, from wherever the client calls."""
    subaccounts = connect("subaccounts", sparkpost_key)
    get = subaccounts.transport.sess.get
    page = get(f"{subaccounts.uri}?per_page=1&sort_by=name", headers={"Authorization": sparkpost_key})
    found = [each["name"] for each in page.json()["results"]]
    page = get(urljoin(page.url, page.json()["links"]["next"]), headers={"Authorization": sparkpost_key})
    found += [each["name"] for each in page.json()["results"]]
    assert (found, page.json()["links"], page.json()["total_count"]) == (
        ["Example Newsletters", "Example Archive"],
        {},
        2,
    )


def test_subaccount_that_cannot_be(connect, sparkpost_key):
    """The client has one text for each mistake of a subaccount."""
    subaccounts = connect("subaccounts", sparkpost_key)
    with pytest.raises(SparkPostAPIException) as caught:
        subaccounts.create(ip_pool="$invalid chars")
    assert [text.partition(" Code:")[0] for text in caught.value.errors] == [
        "`name` is a required field",
        "`key_label` is a required field",
        "`key_grants` is a required field",
        "ip_pool must be alphanumeric and underscore",
    ]
    with refused(404, "Resource could not be found"):
        subaccounts.get(1)
    with refused(400, "subaccount id must be a valid integer"):
        subaccounts.get("one")


def test_key_of_a_subaccount(connect):
    """A subaccount's own key can do nothing with pools, IPs and subaccounts."""
    for name in ("ip-pools", "sending-ips", "subaccounts"):
        with refused(403, "Forbidden."):
            connect(name, SUBACCOUNT_KEY).list()
