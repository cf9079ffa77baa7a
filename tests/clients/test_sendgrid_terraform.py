"""The requests of public Terraform and Pulumi providers for API keys and reverse DNS, in their order.

They are read from the sources of the providers: kenzo0107/terraform-provider-sendgrid and its client,
trois-six/terraform-provider-sendgrid, JDetmar/pulumi-sendgrid. What each reads of a response is compared.
"""

import pytest
import requests

POOLS = "/v3/ips/pools"
KEYS = "/v3/api_keys"
RDNS = "/v3/whitelabel/ips"


class Provider:
    """What a provider sends; `resource` is its path once it has an id."""

    def __init__(self, live, key, subuser=None):
        self.url = f"{live.url}/sendgrid"
        self.headers = {"Authorization": f"Bearer {key}", "User-Agent": "Go-http-client/1.1"}
        if subuser is not None:
            self.headers["On-Behalf-Of"] = subuser

    def send(self, method, path, body=None, status=200):
        """Return the data of a response with this status."""
        response = requests.request(method, self.url + path, headers=self.headers, json=body, timeout=10)
        assert response.status_code == status, response.text
        return response.json() if response.content else None


@pytest.fixture(params=["documented", "live"])
def tenant_key(live, request, sendgrid_key):
    """Return the key of a new tenant, in each profile."""
    tenant = {"profile": {"sendgrid": request.param}, "credentials": {"sendgrid": sendgrid_key}}
    requests.post(f"{live.url}/_mockserver/tenants", json=tenant, timeout=10).raise_for_status()
    return sendgrid_key


@pytest.mark.parametrize("subuser", [None, "subuser1"])
def test_api_key_of_kenzo0107(live, tenant_key, subuser):
    """Create, refresh, change of scopes (PUT), of the name (PATCH), import, destroy.

    The configuration lists the scopes that SendGrid adds, as the provider's own acceptance test does.
    """
    provider = Provider(live, tenant_key, subuser)
    scopes = ["ips.pools.read", "2fa_required", "sender_verification_eligible"]
    made = provider.send("POST", KEYS, {"name": "terraform", "scopes": scopes}, 201)
    assert (made["name"], set(made["scopes"])) == ("terraform", set(scopes))
    path = f"{KEYS}/{made['api_key_id']}"

    def refresh():
        found = provider.send("GET", path)
        assert found["api_key_id"] == made["api_key_id"]
        return found["name"], set(found["scopes"])

    assert refresh() == ("terraform", set(scopes))
    wider = [*scopes, "ips.pools.create"]
    assert provider.send("PUT", path, {"name": "terraform", "scopes": wider})["name"] == "terraform"
    assert refresh() == ("terraform", set(wider))
    assert provider.send("PATCH", path, {"name": "renamed"})["name"] == "renamed"
    assert refresh() == ("renamed", set(wider))
    assert {"name": "renamed", "api_key_id": made["api_key_id"]} in provider.send("GET", KEYS)["result"]
    application = Provider(live, made["api_key"])
    assert application.send("POST", POOLS, {"name": "of the application"}) == {"name": "of the application"}
    assert {"name": "of the application"} in provider.send("GET", POOLS)
    assert provider.send("DELETE", path, status=204) is None
    provider.send("GET", path, status=404)
    application.send("GET", POOLS, status=401)


def test_api_key_of_trois_six(live, tenant_key):
    """Create and read; an update without a change of scopes sends the name alone; a second destroy is ignored."""
    provider = Provider(live, tenant_key, "subuser1")
    scopes = ["mail.send", "sender_verification_eligible"]
    made = provider.send("POST", KEYS, {"name": "terraform", "scopes": scopes}, 201)
    assert made["api_key"]
    path = f"{KEYS}/{made['api_key_id']}"
    found = provider.send("GET", path)
    assert found["name"] == "terraform"
    assert set(found["scopes"]) - {"2fa_required"} == set(scopes)
    assert provider.send("PUT", path, {"name": "renamed"})["api_key_id"] == made["api_key_id"]
    assert provider.send("GET", path) == {**found, "name": "renamed"}
    provider.send("PUT", path, {"name": "renamed", "scopes": [*scopes, "2fa_required", "ips.read"]})
    assert set(provider.send("GET", path)["scopes"]) == {*scopes, "2fa_required", "ips.read"}
    provider.send("DELETE", path, status=204)
    provider.send("DELETE", path, status=404)


def test_api_key_of_jdetmar(live, tenant_key):
    """Without scopes a key has full access; an update without them sends an empty array, which is an error."""
    provider = Provider(live, tenant_key)
    made = provider.send("POST", KEYS, {"name": "pulumi"}, 201)
    path = f"{KEYS}/{made['api_key_id']}"
    assert set(provider.send("GET", path)["scopes"]) == set(made["scopes"])
    provider.send("PUT", path, {"name": "pulumi", "scopes": []}, 400)
    provider.send("PUT", path, {"name": "pulumi", "scopes": ["mail.send"]})
    provider.send("DELETE", path, status=204)
    provider.send("GET", path, status=404)


def test_reverse_dns_of_kenzo0107(live, tenant_key):
    """Create, refresh, destroy; every field that the provider stores is there, with the type that its client reads."""
    provider = Provider(live, tenant_key)
    body = {"ip": "203.0.113.202", "subdomain": "email", "domain": "example.com"}
    made = provider.send("POST", RDNS, body, 201)
    kinds = {"id": int, "ip": str, "rdns": str, "users": list, "subdomain": str, "domain": str, "valid": bool}
    assert {name: type(made[name]) for name in kinds} == kinds
    assert {name: made[name] for name in body} == body
    assert {name: type(value) for name, value in made["a_record"].items()} == {
        "valid": bool,
        "type": str,
        "host": str,
        "data": str,
    }
    path = f"{RDNS}/{made['id']}"
    assert provider.send("GET", path) == made
    provider.send("DELETE", path, status=204)
    provider.send("GET", path, status=404)
