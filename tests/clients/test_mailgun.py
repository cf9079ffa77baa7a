"""Mailgun's dedicated IP pools and the IPs of domains, driven by the official Python client `mailgun`.

The client has no call for delegation, for a pool's domains and for `ips.json`: the npm client has, see `npm`.
"""

import re
import secrets

import pytest
from mailgun.client import Client

from mockserver.core.config import Config
from mockserver.server import start

pytestmark = pytest.mark.evidence("clients", "mailgun for Python")

TRANSACTIONAL = "658041ae44842b99ee2eaa1b"
MARKETING = "658041ae44842b99ee2eaa1c"
SPARE = "658041ae44842b99ee2eaa1d"
UNKNOWN = "000000000000000000000000"
SUBACCOUNT = "65f0c1a2b3c4d5e6f7081920"
SUBACCOUNT_KEY = "key-fedcba9876543210fedcba9876543210"
ON_BEHALF = {"X-Mailgun-On-Behalf-Of": SUBACCOUNT}
TOO_LARGE = "x" * (1 << 20)

LINKED = "mail.example.com"
NEWS = "news.example.com"
SHARED = "shared.example.com"

LISTED = [
    {
        "description": "Receipts and passwords",
        "ips": ["192.0.2.20"],
        "is_inherited": False,
        "is_linked": True,
        "name": "Transactional",
        "pool_id": TRANSACTIONAL,
    },
    {
        "description": "Newsletters",
        "ips": ["192.0.2.21"],
        "is_inherited": False,
        "is_linked": False,
        "name": "Marketing",
        "pool_id": MARKETING,
    },
    {
        "description": "Nothing in it yet",
        "ips": [],
        "is_inherited": False,
        "is_linked": False,
        "name": "Spare",
        "pool_id": SPARE,
    },
]

BARE_ACCOUNT = """
name: bare
mailgun:
  features: []
  eligible_for_shared_ips: false
  ips: [{ip: 192.0.2.10}, {ip: 192.0.2.11}, {ip: 192.0.2.12, warmup: true}, {ip: 192.0.2.20}]
  ip_pools:
    - {pool_id: 658041ae44842b99ee2eaa1b, name: Transactional, description: Receipts, ips: [192.0.2.20]}
  domains:
    - {id: 67bcf63306fcfd2fb4b7e056, name: mail.example.com, pool_id: 658041ae44842b99ee2eaa1b}
    - {id: 67bcf63306fcfd2fb4b7e057, name: news.example.com, ips: [192.0.2.10, 192.0.2.12]}
"""


def connect(server, key, prefix="mailgun"):
    return Client(auth=("api", key), api_url=f"{server.url}/{prefix}")


@pytest.fixture
def client(live, mailgun_key):
    """Return the client of a tenant of its own."""
    with connect(live, mailgun_key) as client:
        yield client


def serve(folder, world):
    seed = folder / "world.yaml"
    seed.write_text(world, encoding="utf-8")
    return start(Config(seed=str(seed)))


@pytest.fixture
def without_dipps(tmp_path, mailgun_key):
    """Return the client of an account without the DIPPs feature, not eligible for shared IPs."""
    with serve(tmp_path, BARE_ACCOUNT) as server, connect(server, mailgun_key) as client:
        yield client


@pytest.fixture
def without_shared(tmp_path, mailgun_key):
    """Return the client of an account with the DIPPs feature, not eligible for shared IPs."""
    world = BARE_ACCOUNT.replace("features: []", "features: [DIPPs]")
    with serve(tmp_path, world) as server, connect(server, mailgun_key) as client:
        yield client


def succeeded(response):
    assert (response.status_code, response.json()) == (200, {"message": "success"})


def started(response):
    assert response.status_code == 200
    body = response.json()
    assert body == {"message": "started", "reference_id": body["reference_id"]}
    assert re.fullmatch("[0-9a-f]{24}", body["reference_id"])


def refused(response, status, message):
    assert (response.status_code, response.json()) == (status, {"message": message})


def create(client, *ips, name="New", description="Made by a test"):
    response = client.ippools.create(data={"name": name, "description": description, "ip": list(ips)})
    assert response.status_code == 200
    body = response.json()
    assert body == {"message": "success", "pool_id": body["pool_id"]}
    return body["pool_id"]


def details(client, pool_id):
    body = client.ippools.get(pool_id=pool_id).json()
    assert body == {"details": body["details"], "message": "success"}
    return body["details"]


def domain_ips(client, domain):
    body = client.domains_ips.get(domain=domain).json()
    assert body == {"items": body["items"], "total_count": len(body["items"])}
    return body["items"]


# A whole life


def test_life_of_a_pool(client):
    """A pool is created with IPs, listed, edited, gains and loses IPs, serves a domain, is replaced and is gone."""
    pool_id = create(client, "192.0.2.10", "192.0.2.11")
    assert re.fullmatch("[0-9a-f]{24}", pool_id)
    expected = {
        "description": "Made by a test",
        "ips": ["192.0.2.10", "192.0.2.11"],
        "is_linked": False,
        "name": "New",
        "pool_id": pool_id,
    }
    listing = client.ippools.get().json()
    assert listing == {"ip_pools": [*LISTED, {**expected, "is_inherited": False}], "message": "success"}
    assert details(client, pool_id) == {**expected, "linked_domains": []}

    succeeded(client.ippools.patch(pool_id=pool_id, data={"name": "Newer", "description": "Edited"}))
    expected |= {"name": "Newer", "description": "Edited"}
    started(client.ippools.put(pool_id=pool_id, ip="192.0.2.12"))
    started(client.ippools.delete(pool_id=pool_id, ip="192.0.2.10"))
    expected["ips"] = ["192.0.2.11", "192.0.2.12"]
    assert details(client, pool_id) == {**expected, "linked_domains": []}

    succeeded(client.domains_ips.create(domain=NEWS, data={"pool_id": pool_id}))
    assert details(client, pool_id) == {**expected, "is_linked": True, "linked_domains": [NEWS]}
    assert domain_ips(client, NEWS) == ["192.0.2.11", "192.0.2.12"]

    started(client.ippools.delete(pool_id=pool_id, filters={"pool_id": MARKETING}))
    refused(client.ippools.get(pool_id=pool_id), 404, "ip pool not found")
    assert details(client, MARKETING)["linked_domains"] == [NEWS]
    assert domain_ips(client, NEWS) == ["192.0.2.21"]


def test_domain_in_the_eu(live, client, mailgun_key):
    """The key serves both regions; the domain is found in its own, and its name is taken in both."""
    assert domain_ips(client, "mail.example.com")
    with connect(live, mailgun_key, "mailgun-eu") as eu:
        assert eu.domains.create(data={"name": "eu.example.com"}).status_code == 200
        assert eu.domains.get(domain="eu.example.com").status_code == 200
        refused(eu.domains_ips.get(domain="mail.example.com"), 404, "Domain not found")
    refused(client.domains_ips.get(domain="eu.example.com"), 404, "Domain not found")
    refused(client.domains.create(data={"name": "eu.example.com"}), 400, "This domain name is already taken")


def test_addresses_of_version_6(client):
    """A pool takes IPv6 addresses, whose colons the client escapes in a path."""
    started(client.ippools.put(pool_id=SPARE, ip="2001:db8::25"))
    assert details(client, SPARE)["ips"] == ["2001:db8::25"]
    started(client.ippools.delete(pool_id=SPARE, ip="2001:db8::25"))
    assert details(client, SPARE)["ips"] == []


def test_edit_of_ips(client):
    """An edit takes any number of IPs to add and to remove; no work follows where no domain is linked."""
    succeeded(client.ippools.patch(pool_id=SPARE, data={"add_ip": ["192.0.2.10", "192.0.2.11", "192.0.2.12"]}))
    succeeded(client.ippools.patch(pool_id=SPARE, data={"add_ip": "192.0.2.13", "remove_ip": ["192.0.2.10"]}))
    assert details(client, SPARE)["ips"] == ["192.0.2.11", "192.0.2.12", "192.0.2.13"]


def test_edit_of_domains(client):
    """An edit links domains by id, to the pool's IPs, and unlinks them, to a shared IP; both are work that follows."""
    started(client.ippools.patch(pool_id=MARKETING, data={"link_domain": ["67bcf63306fcfd2fb4b7e057"]}))
    assert details(client, MARKETING)["linked_domains"] == [NEWS]
    assert domain_ips(client, NEWS) == ["192.0.2.21"]
    started(client.ippools.patch(pool_id=MARKETING, data={"unlink_domain": ["67bcf63306fcfd2fb4b7e057"]}))
    assert details(client, MARKETING)["linked_domains"] == []
    assert domain_ips(client, NEWS) == ["198.51.100.1"]


def test_linked_domains_follow_the_pool(client):
    """What a linked pool gains and loses, its domains do too."""
    started(client.ippools.put(pool_id=TRANSACTIONAL, ip="192.0.2.13"))
    assert domain_ips(client, LINKED) == ["192.0.2.20", "192.0.2.13"]
    started(client.ippools.patch(pool_id=TRANSACTIONAL, data={"remove_ip": "192.0.2.20"}))
    assert domain_ips(client, LINKED) == ["192.0.2.13"]


@pytest.mark.parametrize(
    ("replacement", "expected"),
    [
        pytest.param({"pool_id": MARKETING}, ["192.0.2.21"], id="another pool"),
        pytest.param({"ip": "192.0.2.11"}, ["192.0.2.11"], id="an IP"),
        pytest.param({"ip": "192.0.2.20"}, ["192.0.2.20"], id="an IP of its own"),
        pytest.param({"ip": "shared"}, ["198.51.100.1"], id="a shared IP"),
    ],
)
def test_delete_with_a_replacement(client, replacement, expected):
    """A deleted pool's domains get what replaces it."""
    started(client.ippools.delete(pool_id=TRANSACTIONAL, filters=replacement))
    refused(client.ippools.get(pool_id=TRANSACTIONAL), 404, "ip pool not found")
    assert domain_ips(client, LINKED) == expected


def test_delete_of_an_empty_pool(client):
    """A pool without IPs needs no replacement."""
    started(client.ippools.delete(pool_id=SPARE))
    assert client.ippools.get().json()["ip_pools"] == LISTED[:2]


def test_ips_of_a_domain(client):
    """A domain gains and loses dedicated IPs; without its last it falls back to a shared one."""
    assert domain_ips(client, NEWS) == ["192.0.2.10", "192.0.2.14"]
    succeeded(client.domains_ips.create(domain=NEWS, data={"ip": "192.0.2.11"}))
    assert domain_ips(client, NEWS) == ["192.0.2.10", "192.0.2.14", "192.0.2.11"]
    for ip in ("192.0.2.10", "192.0.2.14", "192.0.2.11"):
        succeeded(client.domains_ips.delete(domain=NEWS, ip=ip))
    assert domain_ips(client, NEWS) == ["198.51.100.1"]


@pytest.mark.parametrize(
    ("replacement", "expected"),
    [
        pytest.param({"pool_id": MARKETING}, ["192.0.2.21"], id="another pool"),
        pytest.param({"ip": "192.0.2.11"}, ["192.0.2.11"], id="an IP"),
        pytest.param({"ip": "shared"}, ["198.51.100.1"], id="a shared IP"),
    ],
)
def test_unlink_with_a_replacement(client, replacement, expected):
    """A domain is unlinked from its pool in favour of what replaces it; the pool stays."""
    succeeded(client.domains_ips.delete(domain=LINKED, ip="ip_pool", filters=replacement))
    assert domain_ips(client, LINKED) == expected
    assert details(client, TRANSACTIONAL)["is_linked"] is False


def test_removal_of_all_ips(client):
    """Without its domain pool a domain no longer exists, nor is it linked."""
    succeeded(client.domains_ips.delete(domain=LINKED, ip="all"))
    refused(client.domains_ips.get(domain=LINKED), 404, "Domain not found")
    assert details(client, TRANSACTIONAL)["linked_domains"] == []


# Errors about pools


def test_pool_that_is_not_there(client):
    """Every operation refuses an unknown pool with 404."""
    pools = client.ippools
    for response in (
        pools.get(pool_id=UNKNOWN),
        pools.patch(pool_id=UNKNOWN, data={"name": "Any"}),
        pools.delete(pool_id=UNKNOWN),
        pools.put(pool_id=UNKNOWN, ip="192.0.2.10"),
        pools.delete(pool_id=UNKNOWN, ip="192.0.2.10"),
        pools.delete(pool_id=MARKETING, filters={"pool_id": UNKNOWN}),
        client.domains_ips.create(domain=NEWS, data={"pool_id": UNKNOWN}),
        client.domains_ips.delete(domain=LINKED, ip="ip_pool", filters={"pool_id": UNKNOWN}),
    ):
        refused(response, 404, "ip pool not found")
    assert pools.get().json()["ip_pools"] == LISTED


@pytest.mark.parametrize(
    ("data", "missing"),
    [
        ({"description": "No name"}, "name"),
        ({"name": "No description"}, "description"),
        ({"name": "", "description": "Blank"}, "name"),
        ({"name": "Blank", "description": ""}, "description"),
        ({}, "name"),
    ],
)
def test_name_and_description_are_required(client, data, missing):
    """A pool is created with a name and a description."""
    refused(client.ippools.create(data=data), 400, f"Missing mandatory parameter: {missing}")


def test_edit_to_a_blank_name(client):
    """A pool's name cannot be made blank."""
    refused(client.ippools.patch(pool_id=SPARE, data={"name": ""}), 400, "Invalid parameter: name ")


@pytest.mark.parametrize(
    ("ip", "message"),
    [
        pytest.param("203.0.113.9", "ip 203.0.113.9 does not belong to the account", id="unknown"),
        pytest.param("192.0.2.30", "ip 192.0.2.30 does not belong to the account", id="of a subaccount"),
        pytest.param("198.51.100.1", "ip 198.51.100.1 is not dedicated", id="shared"),
        pytest.param("192.0.2.20", "ip 192.0.2.20 already belongs to another ip pool", id="in another pool"),
    ],
)
def test_ip_that_cannot_join(client, ip, message):
    """An IP of a pool is dedicated, the account's, and in no other pool; so is one that replaces a pool."""
    pools = client.ippools
    refused(pools.create(data={"name": "New", "description": "-", "ip": ["192.0.2.10", ip]}), 400, message)
    refused(pools.patch(pool_id=SPARE, data={"add_ip": ["192.0.2.10", ip]}), 400, message)
    refused(pools.put(pool_id=SPARE, ip=ip), 400, message)
    refused(pools.delete(pool_id=MARKETING, filters={"ip": ip}), 400, message)
    assert pools.get().json()["ip_pools"] == LISTED


@pytest.mark.parametrize("ip", ["1.2.3", "nonsense", "2001:db8::g"])
def test_ip_that_is_no_address(client, ip):
    """What is no IP address is refused wherever one is sent, naming the parameter."""
    pools = client.ippools
    refused(pools.create(data={"name": "New", "description": "-", "ip": ip}), 400, f"Invalid parameter: ip {ip}")
    refused(pools.patch(pool_id=SPARE, data={"add_ip": ip}), 400, f"Invalid parameter: add_ip {ip}")
    refused(pools.patch(pool_id=SPARE, data={"remove_ip": ip}), 400, f"Invalid parameter: remove_ip {ip}")
    for response in (
        pools.put(pool_id=SPARE, ip=ip),
        pools.delete(pool_id=MARKETING, ip=ip),
        pools.delete(pool_id=MARKETING, filters={"ip": ip}),
        client.domains_ips.create(domain=NEWS, data={"ip": ip}),
        client.domains_ips.delete(domain=NEWS, ip=ip),
        client.domains_ips.delete(domain=LINKED, ip="ip_pool", filters={"ip": ip}),
    ):
        refused(response, 400, f"Invalid parameter: ip {ip}")


def test_member_and_no_member(client):
    """A member cannot be added again, and what is no member cannot be removed."""
    refused(client.ippools.put(pool_id=MARKETING, ip="192.0.2.21"), 400, "ip 192.0.2.21 already belongs to the ip pool")
    refused(
        client.ippools.delete(pool_id=MARKETING, ip="192.0.2.10"), 404, "ip 192.0.2.10 does not belong to the ip pool"
    )


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"name": "Marketing", "description": "Newsletters"},
        {"add_ip": "192.0.2.21"},
        {"remove_ip": "192.0.2.10"},
        {"unlink_domain": "67bcf63306fcfd2fb4b7e057"},
    ],
)
def test_edit_that_changes_nothing(client, data):
    """An edit whose parameters change nothing is refused."""
    refused(client.ippools.patch(pool_id=MARKETING, data=data), 400, "no changes requested")


def test_last_ip_of_a_linked_pool(client):
    """The last IP of a pool stays while domains are linked to it."""
    words = "last ip can't be removed from an ip pool linked to domains"
    refused(client.ippools.delete(pool_id=TRANSACTIONAL, ip="192.0.2.20"), 400, words)
    refused(client.ippools.patch(pool_id=TRANSACTIONAL, data={"remove_ip": "192.0.2.20"}), 400, words)
    assert domain_ips(client, LINKED) == ["192.0.2.20"]


def test_link_to_a_pool_without_ips(client):
    """No domain can be linked to a pool without IPs."""
    words = "ip pool must contain at least one ip"
    refused(client.domains_ips.create(domain=NEWS, data={"pool_id": SPARE}), 400, words)
    refused(client.ippools.patch(pool_id=SPARE, data={"link_domain": "67bcf63306fcfd2fb4b7e057"}), 400, words)


def test_edit_with_a_domain_that_is_not_there(client):
    """A pool can be linked to and unlinked from known domains only."""
    refused(client.ippools.patch(pool_id=MARKETING, data={"link_domain": UNKNOWN}), 404, "Domain not found")
    refused(client.ippools.patch(pool_id=MARKETING, data={"unlink_domain": UNKNOWN}), 404, "Domain not found")


@pytest.mark.parametrize(
    ("replacement", "message"),
    [
        pytest.param(
            {}, "either 'ip' or 'pool_id' parameter is required to delete a non-empty ip pool", id="no replacement"
        ),
        pytest.param(
            {"ip": "192.0.2.10", "pool_id": MARKETING},
            "only one of 'ip' and 'pool_id' parameters can be specified",
            id="two replacements",
        ),
        pytest.param({"pool_id": TRANSACTIONAL}, "ip pool can't be replaced with itself", id="itself"),
        pytest.param({"pool_id": SPARE}, "replacement ip pool must contain at least one ip", id="an empty pool"),
    ],
)
def test_delete_without_a_fit_replacement(client, replacement, message):
    """A pool with IPs is deleted only with one fit replacement, and stays otherwise."""
    refused(client.ippools.delete(pool_id=TRANSACTIONAL, filters=replacement), 400, message)
    assert client.ippools.get().json()["ip_pools"] == LISTED
    assert domain_ips(client, LINKED) == ["192.0.2.20"]


# Errors about domains


def test_domain_that_is_not_there(client):
    """Every operation refuses an unknown domain, and one of a subaccount, with 404."""
    for domain in ("nowhere.example.com", "sub.example.com"):
        for response in (
            client.domains_ips.get(domain=domain),
            client.domains_ips.create(domain=domain, data={"ip": "192.0.2.10"}),
            client.domains_ips.delete(domain=domain, ip="192.0.2.10"),
            client.domains_ips.delete(domain=domain, ip="all"),
            client.domains_ips.delete(domain=domain, ip="ip_pool", filters={"ip": "shared"}),
        ):
            refused(response, 404, "Domain not found")


@pytest.mark.parametrize("sent", [{}, {"ip": "192.0.2.11", "pool_id": MARKETING}])
def test_ip_or_pool(client, sent):
    """Either an IP or a pool is assigned to a domain, and either replaces its pool."""
    words = "either 'ip' or 'pool_id' parameter is required, but not both"
    refused(client.domains_ips.create(domain=NEWS, data=sent), 400, words)
    refused(client.domains_ips.delete(domain=LINKED, ip="ip_pool", filters=sent), 400, words)


def test_linked_domain_keeps_its_ips(client):
    """The IPs of a domain cannot be changed while a pool is linked to it."""
    words = "domain ips can't be changed while an ip pool is linked to the domain"
    refused(client.domains_ips.create(domain=LINKED, data={"ip": "192.0.2.10"}), 400, words)
    refused(client.domains_ips.delete(domain=LINKED, ip="192.0.2.20"), 400, words)
    assert domain_ips(client, LINKED) == ["192.0.2.20"]


def test_ip_that_no_domain_may_have(client):
    """Only dedicated IPs of the account can be assigned to a domain."""
    ips = client.domains_ips
    refused(ips.create(domain=NEWS, data={"ip": "198.51.100.2"}), 400, "ip 198.51.100.2 is not dedicated")
    words = "ip 203.0.113.9 does not belong to the account"
    refused(ips.create(domain=NEWS, data={"ip": "203.0.113.9"}), 400, words)


def test_ip_that_the_domain_has_not(client):
    """An IP that is not assigned to a domain cannot be removed from it."""
    response = client.domains_ips.delete(domain=NEWS, ip="192.0.2.13")
    refused(response, 404, "ip 192.0.2.13 is not assigned to the domain")


def test_unlink_without_a_pool(client):
    """A domain that no pool is linked to cannot be unlinked."""
    response = client.domains_ips.delete(domain=NEWS, ip="ip_pool", filters={"ip": "shared"})
    refused(response, 400, "no ip pool is linked to the domain")


@pytest.mark.parametrize(
    ("ip", "message"),
    [
        ("192.0.2.21", "ip 192.0.2.21 already belongs to another ip pool"),
        ("198.51.100.2", "ip 198.51.100.2 is not dedicated"),
        ("203.0.113.9", "ip 203.0.113.9 does not belong to the account"),
    ],
)
def test_unlink_without_a_fit_replacement(client, ip, message):
    """An IP that replaces a domain's pool is dedicated, the account's and in no pool."""
    refused(client.domains_ips.delete(domain=LINKED, ip="ip_pool", filters={"ip": ip}), 400, message)
    assert details(client, TRANSACTIONAL)["linked_domains"] == [LINKED]


# Features of the account


def test_account_without_dipps(without_dipps):
    """Without the DIPPs feature pools can be neither read nor changed, linked or unlinked."""
    client = without_dipps
    for response in (
        client.ippools.get(),
        client.ippools.get(pool_id=TRANSACTIONAL),
        client.ippools.create(data={"name": "New", "description": "-"}),
        client.ippools.patch(pool_id=TRANSACTIONAL, data={"name": "New"}),
        client.ippools.delete(pool_id=TRANSACTIONAL, filters={"ip": "192.0.2.10"}),
        client.ippools.put(pool_id=TRANSACTIONAL, ip="192.0.2.10"),
        client.ippools.delete(pool_id=TRANSACTIONAL, ip="192.0.2.20"),
        client.domains_ips.create(domain=NEWS, data={"pool_id": TRANSACTIONAL}),
        client.domains_ips.delete(domain=LINKED, ip="ip_pool", filters={"ip": "192.0.2.10"}),
    ):
        refused(response, 400, "this feature is disabled for the account")


def test_account_not_eligible_for_shared_ips(without_shared):
    """Without shared IPs `shared` replaces nothing, nor can a domain be unlinked without a replacement."""
    client = without_shared
    words = "account is not eligible for shared ips"
    refused(client.ippools.delete(pool_id=TRANSACTIONAL, filters={"ip": "shared"}), 400, words)
    refused(client.domains_ips.delete(domain=LINKED, ip="ip_pool", filters={"ip": "shared"}), 400, words)
    refused(client.ippools.patch(pool_id=TRANSACTIONAL, data={"unlink_domain": LINKED}), 400, words)
    assert details(client, TRANSACTIONAL)["linked_domains"] == [LINKED]


def test_last_ip_of_a_domain(without_shared):
    """Without shared IPs a domain left with warming IPs gains one that is warm, and keeps its last."""
    client = without_shared
    succeeded(client.domains_ips.delete(domain=NEWS, ip="192.0.2.10"))
    assert domain_ips(client, NEWS) == ["192.0.2.12", "192.0.2.11"]
    succeeded(client.domains_ips.delete(domain=NEWS, ip="192.0.2.12"))
    refused(client.domains_ips.delete(domain=NEWS, ip="192.0.2.11"), 400, "last ip can't be removed from the domain")


# Subaccounts


def test_inherited_pool(client):
    """A subaccount sees a pool delegated to it, may link it, and may neither edit nor delete it."""
    pools = client.ippools
    inherited = {**LISTED[0], "is_inherited": True, "is_linked": False}
    assert pools.get(headers=ON_BEHALF).json()["ip_pools"] == [inherited]
    for response in (
        pools.patch(pool_id=TRANSACTIONAL, data={"name": "Mine"}, headers=ON_BEHALF),
        pools.put(pool_id=TRANSACTIONAL, ip="192.0.2.30", headers=ON_BEHALF),
        pools.delete(pool_id=TRANSACTIONAL, ip="192.0.2.20", headers=ON_BEHALF),
    ):
        refused(response, 400, "inherited ip pool can't be modified")
    for replacement in ({}, {"ip": "192.0.2.30"}, {"ip": "shared"}):
        response = pools.delete(pool_id=TRANSACTIONAL, filters=replacement, headers=ON_BEHALF)
        refused(response, 400, "inherited ip pool can't be deleted")
    refused(pools.get(pool_id=MARKETING, headers=ON_BEHALF), 404, "ip pool not found")

    response = client.domains_ips.create(domain="sub.example.com", data={"pool_id": TRANSACTIONAL}, headers=ON_BEHALF)
    succeeded(response)
    linked = pools.get(pool_id=TRANSACTIONAL, headers=ON_BEHALF).json()["details"]["linked_domains"]
    assert linked == ["sub.example.com"]
    assert details(client, TRANSACTIONAL)["linked_domains"] == [LINKED, "sub.example.com"]


def test_pool_of_a_subaccount(client):
    """A subaccount's own pool is not the parent's."""
    data = {"name": "Own", "description": "-", "ip": "192.0.2.30"}
    pool_id = client.ippools.create(data=data, headers=ON_BEHALF).json()["pool_id"]
    own = client.ippools.get(pool_id=pool_id, headers=ON_BEHALF).json()["details"]
    assert own["ips"] == ["192.0.2.30"]
    refused(client.ippools.get(pool_id=pool_id), 404, "ip pool not found")


def test_subaccount_that_is_not_there(client):
    """Acting for an unknown subaccount is forbidden."""
    refused(client.ippools.get(headers={"X-Mailgun-On-Behalf-Of": UNKNOWN}), 403, "Forbidden")


def test_key_of_a_subaccount(live):
    """A subaccount's own key sees what it inherits, and acts for no other account."""
    with connect(live, SUBACCOUNT_KEY) as client:
        assert [pool["is_inherited"] for pool in client.ippools.get().json()["ip_pools"]] == [True]
        refused(client.ippools.get(headers=ON_BEHALF), 403, "Forbidden")


# Who may do what, and what is not about one operation


@pytest.mark.parametrize("user", ["api", "somebody"])
def test_key_that_is_nobodys(live, user, mailgun_key):
    """A key of no form, and a user other than `api`, get 401 in plain text with a challenge."""
    key = "key-unknown" if user == "api" else mailgun_key
    with Client(auth=(user, key), api_url=f"{live.url}/mailgun") as client:
        for response in (
            client.ippools.get(),
            client.ippools.delete(pool_id=SPARE),
            client.domains_ips.get(domain=NEWS),
        ):
            assert (response.status_code, response.text) == (401, "Forbidden")
            assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
            assert response.headers["Www-Authenticate"] == 'Basic realm="MG API"'


def test_keys_do_not_see_each_other(live, client):
    """Two keys are two accounts: what one deletes, the other still has."""
    started(client.ippools.delete(pool_id=SPARE))
    with connect(live, f"key-{secrets.token_hex(16)}") as other:
        assert other.ippools.get().json()["ip_pools"] == LISTED


def test_operation_that_is_not_implemented(client):
    """An operation of Mailgun that mockserver lacks is a 501 that names it."""
    response = client.lists.get()
    assert response.status_code == 501
    assert response.headers["X-Mockserver-Not-Implemented"] == "1"
    assert response.json() == {"message": "mockserver does not implement GET /v3/lists"}


def test_method_that_is_not_there(client):
    """A method that a path has not is 405 in plain text."""
    response = client.ippools.delete()
    assert (response.status_code, response.text) == (405, "Method Not Allowed")


def test_body_that_is_too_large(client):
    """A body of more than a mebibyte is 413."""
    response = client.ippools.create(data={"name": "New", "description": TOO_LARGE})
    refused(response, 413, "Request Entity Too Large")


def test_status_line(client):
    """The status line has the standard phrase, as recorded answers of Mailgun have."""
    for response, phrase in (
        (client.ippools.get(), "OK"),
        (client.ippools.get(pool_id=UNKNOWN), "Not Found"),
        (client.ippools.create(data={}), "Bad Request"),
        (client.ippools.get(headers={"X-Mailgun-On-Behalf-Of": UNKNOWN}), "Forbidden"),
    ):
        assert response.reason == phrase


def test_operation_that_is_not_modelled(client):
    """What Mailgun has and the server has not is 501 in words, never an invented answer."""
    refused(client.dynamic_pools.get(), 501, "mockserver does not implement GET /v3/dynamic_pools")


# IPs and warm-ups


def test_ips_of_the_account(client):
    """IPs are listed, all or the dedicated ones, read one by one, and added as the plan allows."""
    dedicated = client.ips.get(filters={"dedicated": "true"}).json()
    assert dedicated["total_count"] == len(dedicated["items"]) == len(dedicated["details"]) == 8
    assert client.ips.get().json()["items"] == [*dedicated["items"], "198.51.100.1", "198.51.100.2"]
    expected = {"dedicated": True, "ip": "192.0.2.10", "rdns": "ip192-0-2-10.mailgun.net"}
    assert client.ips.get(ip="192.0.2.10").json() == expected
    refused(client.ips.get(ip="203.0.113.9"), 404, "ip not found")
    assert client.ips_request_new.get().json() == {"allowed": {"dedicated": 1, "shared": 0}}
    succeeded(client.ips_request_new.create())
    refused(client.ips_request_new.create(), 400, "no more dedicated ips can be added to the account")
    details = client.ips_details_all.get(filters={"ip": "198.18."}).json()
    assert [row["address"] for row in details["items"]] == ["198.18.0.1"]


def test_warmups(client):
    """The IPs on a warm-up are listed."""
    answer = client.ip_warmups.get(filters={"limit": 1}).json()
    assert [(item["ip"], item["stage_number"]) for item in answer["items"]] == [("192.0.2.14", 1)]
    assert answer["paging"]["next"].startswith(client.config.api_url + "/v3/ip_warmups?page=eyJ")


# Domains and subaccounts


def test_life_of_a_domain(client):
    """A domain is made with a pool, listed, read, follows the pool, and is deleted."""
    response = client.domains.create(data={"name": "py.example.com", "pool_id": MARKETING})
    assert response.json()["message"] == "Domain DNS records have been created"
    assert details(client, MARKETING)["linked_domains"] == ["py.example.com"]
    started(client.ippools.put(pool_id=MARKETING, ip="192.0.2.13"))
    assert domain_ips(client, "py.example.com") == ["192.0.2.21", "192.0.2.13"]
    for listing in (client.domains.get().json(), client.domainlist.get().json()):
        assert listing["total_count"] == 4
        assert listing["items"][0] == response.json()["domain"]
    assert client.domains.get(domain_name="py.example.com").json()["domain"] == response.json()["domain"]
    refused(client.domains.create(data={"name": "py.example.com"}), 400, "This domain name is already taken")
    refused(client.domains.create(data={"spam_action": "tag"}), 400, "Missing parameter 'name'")
    deleted = client.domains.delete(domain="py.example.com")
    assert (deleted.status_code, deleted.json()) == (200, {"message": "Domain will be deleted in the background"})
    refused(client.domains.get(domain_name="py.example.com"), 404, "Domain not found")
    assert details(client, MARKETING)["linked_domains"] == []


def test_settings_of_a_domain(client):
    """The settings of a domain are changed and read, and the domain is verified."""
    name = "py.example.com"
    client.domains.create(data={"name": name})
    assert client.domains.put(domain=name, data={"web_scheme": "https"}).json()["domain"]["web_scheme"] == "https"
    refused(client.domains.put(domain=name, data={"web_scheme": "ftp"}), 400, "Invalid parameter: web_scheme ftp")
    client.domains_dkimselector.put(domain=name, data={"dkim_selector": "py"})
    client.domains_connection.put(domain=name, data={"require_tls": "true"})
    settings = client.domains_connection.get(domain=name).json()
    assert settings == {"connection": {"require_tls": True, "skip_verification": False}}
    verified = client.domains.put(domain=name, verify=True).json()
    assert verified["domain"]["state"] == "active"
    assert verified["sending_dns_records"][0]["name"] == f"py._domainkey.{name}"
    for kind, active in (("open", "yes"), ("click", "htmlonly"), ("unsubscribe", "true")):
        tracking = getattr(client, f"domains_tracking_{kind}")
        assert tracking.put(domain=name, data={"active": active}).json()[kind]["active"] is True
        text = "Invalid format for parameter active: maybe"
        refused(tracking.put(domain=name, data={"active": "maybe"}), 400, text)
    tracking = client.domains_tracking.get(domain=name).json()["tracking"]
    assert [tracking[kind]["active"] for kind in ("open", "click", "unsubscribe")] == [True] * 3


def test_credentials_of_a_domain(client):
    """SMTP credentials are created, listed, changed and deleted."""
    credentials = client.domains_credentials
    created = credentials.create(domain=NEWS, data={"login": f"bob@{NEWS}", "password": "secret"})
    assert created.json() == {"message": "Created 1 credentials pair(s)"}
    assert list(credentials.create(domain=NEWS, data={"login": "eve"}).json()["credentials"]) == [f"eve@{NEWS}"]
    logins = [item["login"] for item in credentials.get(domain=NEWS).json()["items"]]
    assert logins == [f"{login}@{NEWS}" for login in ("postmaster", "bob", "eve")]
    limit = credentials.get(domain=NEWS, filters={"limit": 1001})
    refused(limit, 400, "Limit parameter can't be larger than 1000")
    refused(credentials.create(domain=NEWS, data={"password": "secret"}), 400, "Parameter 'login' is missing")
    taken = credentials.create(domain=NEWS, data={"login": "bob"})
    refused(taken, 400, f"Credentials already exist: bob@{NEWS}")
    changed = credentials.put(domain=NEWS, login="postmaster", data={"password": "secret"})
    assert changed.json() == {"message": "Password changed"}
    refused(credentials.put(domain=NEWS, login="carol", data={}), 404, "Credentials not found")
    refused(
        credentials.delete(domain=NEWS, login="postmaster"), 400, f"Cannot delete system mailbox: postmaster@{NEWS}"
    )
    deleted = credentials.delete(domain=NEWS, login="bob")
    assert deleted.json() == {"message": "Credentials have been deleted", "spec": f"bob@{NEWS}"}
    assert credentials.delete(domain=NEWS).json()["count"] == 1


def test_life_of_a_subaccount(client):
    """A subaccount is opened, inherits a pool in the older way, acts, and is closed."""
    created = client.accounts_subaccounts.create(data={"name": "Second"}).json()["subaccount"]
    assert client.accounts_subaccounts.get(filters={"filter": "second"}).json() == {
        "subaccounts": [created],
        "total": 1,
    }
    acting = {"X-Mailgun-On-Behalf-Of": created["id"]}
    started(client.subaccount_ip_pool.put(subaccountId=created["id"], data={"pool_id": MARKETING}))
    assert [pool["name"] for pool in client.ippools.get(headers=acting).json()["ip_pools"]] == ["Marketing"]
    started(client.subaccount_ip_pool.delete(subaccountId=created["id"], filters={"pool_id": MARKETING}))
    assert client.ippools.get(headers=acting).json()["ip_pools"] == []
    refused(client.subaccount_ip_pool.put(subaccountId=UNKNOWN, data={"pool_id": SPARE}), 404, "account not found")
    closed = client.accounts_subaccounts.delete(headers=acting)
    assert (closed.status_code, closed.json()) == (200, {"message": "Subaccount successfully deleted"})
    refused(client.ippools.get(headers=acting), 403, "Forbidden")


def test_list_of_one_subaccount(client):
    """The client's path for the pools of one subaccount is not one of the service, as its own test says."""
    response = client.subaccount_ip_pools.get(subaccountId=SUBACCOUNT)
    assert (response.status_code, response.text) == (404, "404 page not found")
