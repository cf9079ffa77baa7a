"""The IP tests of SendGrid's own clients: the same calls get the same statuses, each from an account as new.

Those suites were written for a server without a state, and send placeholders where a name or an IP is wanted. So the
account has a pool and an IP `test_url_param`, the IP in the pool and in warm-up. One call buys 90,323,478 IPs; here it
buys two, and is else the same.
"""

import secrets

import pytest
import yaml
from sendgrid import SendGridAPIClient
from sendgrid.helpers.endpoints.ip.unassigned import unassigned

from mockserver import create_app
from mockserver.core.config import Config
from mockserver.server import HttpServer

from ..npm import run
from ..support import CheckedMemoryStore, response_violations

WORLD = {
    "name": "suites",
    "sendgrid": {
        "profile": "live",
        "subusers": ["subuser1", "subuser2", "test_url_param"],
        "ips": [
            {"ip": "test_url_param", "rdns": "o1.example.com", "warmup": True, "start_date": 1409616000},
            {"ip": "0.0.0.0", "rdns": "o2.example.com"},
            {"ip": "127.0.0.1"},
            {"ip": "1.1.1.1"},
            {"ip": "2.2.2.2"},
        ],
        "pools": [{"id": "12345", "name": "test_url_param", "ips": ["test_url_param"]}],
    },
}
PARAM = "test_url_param"


@pytest.fixture(scope="module")
def suites(tmp_path_factory):
    """Return a server on which every key finds what the suites take for granted."""
    seed = tmp_path_factory.mktemp("suites") / "world.yaml"
    seed.write_text(yaml.safe_dump(WORLD), "utf-8")
    app = create_app(Config(seed=str(seed)), store_class=CheckedMemoryStore)
    with pytest.MonkeyPatch.context() as patch, HttpServer(app) as server:
        for name in ("NO_PROXY", "no_proxy"):
            patch.setenv(name, server.host, prepend=",")
        yield server
        assert response_violations(server.app) == 0
        assert server.state.store.problems == []


LIST = {"subuser": "test_string", "ip": "test_string", "limit": 1, "exclude_whitelabels": "true", "offset": 1}
SUBUSER = {
    "email": "John@example.com",
    "ips": ["1.1.1.1", "2.2.2.2"],
    "password": "johns_password",
    "username": "John@example.com",
}
CALLS = {
    "ips_get": (200, lambda sg: sg.ips.get(query_params=LIST)),
    "ips_assigned_get": (200, lambda sg: sg.ips.assigned.get()),
    "ips_pools_post": (200, lambda sg: sg.ips.pools.post(request_body={"name": "marketing"})),
    "ips_pools_get": (200, lambda sg: sg.ips.pools.get()),
    "ips_pools__pool_name__put": (200, lambda sg: sg.ips.pools._(PARAM).put(request_body={"name": "new_pool_name"})),
    "ips_pools__pool_name__get": (200, lambda sg: sg.ips.pools._(PARAM).get()),
    "ips_pools__pool_name__delete": (204, lambda sg: sg.ips.pools._(PARAM).delete()),
    "ips_pools__pool_name__ips_post": (201, lambda sg: sg.ips.pools._(PARAM).ips.post(request_body={"ip": "0.0.0.0"})),
    "ips_pools__pool_name__ips__ip__delete": (204, lambda sg: sg.ips.pools._(PARAM).ips._(PARAM).delete()),
    "ips_warmup_post": (200, lambda sg: sg.ips.warmup.post(request_body={"ip": "0.0.0.0"})),
    "ips_warmup_get": (200, lambda sg: sg.ips.warmup.get()),
    "ips_warmup__ip_address__get": (200, lambda sg: sg.ips.warmup._(PARAM).get()),
    "ips_warmup__ip_address__delete": (204, lambda sg: sg.ips.warmup._(PARAM).delete()),
    "ips__ip_address__get": (200, lambda sg: sg.ips._(PARAM).get()),
    "scopes_get": (200, lambda sg: sg.scopes.get()),
    "subusers_post": (200, lambda sg: sg.subusers.post(request_body=SUBUSER)),
    "subusers_get": (
        200,
        lambda sg: sg.subusers.get(query_params={"username": "test_string", "limit": 1, "offset": 1}),
    ),
    "subusers__subuser_name__delete": (204, lambda sg: sg.subusers._(PARAM).delete()),
    "subusers__subuser_name__ips_put": (200, lambda sg: sg.subusers._(PARAM).ips.put(request_body=["127.0.0.1"])),
}


@pytest.mark.evidence("clients", "sendgrid for Python")
@pytest.mark.parametrize("name", CALLS)
def test_sendgrid_python(suites, name):
    """A call of the suite of sendgrid-python gets the status that the suite expects."""
    status, call = CALLS[name]
    key = f"SG.{secrets.token_urlsafe(16)}.{secrets.token_urlsafe(32)}"
    client = SendGridAPIClient(key, host=f"{suites.url}/sendgrid").client
    response = call(client)
    assert response.status_code == status
    if name == "ips_get":
        assert unassigned(response.body) == []


@pytest.mark.evidence("clients", "@sendgrid/client")
@pytest.mark.node
def test_sendgrid_nodejs(suites, node):
    """The calls of the suite of sendgrid-nodejs get the statuses that the suite expects."""
    run([node, "sendgrid-suite.mjs"], timeout=60, BASE_URL=f"{suites.url}/sendgrid")
