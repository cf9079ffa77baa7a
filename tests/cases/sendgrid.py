"""SendGrid."""

import secrets

from ..provider_case import ProviderCase


def new_key() -> str:
    return f"SG.{secrets.token_urlsafe(17)[:22]}.{secrets.token_urlsafe(33)[:43]}"


MESSAGE = {
    "personalizations": [{"to": [{"email": "you@example.org"}]}],
    "from": {"email": "me@example.com"},
    "subject": "Hi",
    "content": [{"type": "text/plain", "value": "Hello"}],
}

CASE = ProviderCase(
    name="sendgrid",
    api_key="SG.mockserverDemoKey00000.mockserverDemoKey00000000000000000000000000",
    new_key=new_key,
    well_formed_keys=(new_key(),),
    malformed_keys=(new_key()[:-1], new_key() + "x", "SG.a.b", "x"),
    key_headers=lambda key: {"Authorization": f"Bearer {key}"},
    pools_path="/v3/ips/pools",
    list_operation="listIpPools",
    create_operation="createIpPool",
    new_pool=lambda name: {"json": {"name": name}},
    created_id=lambda created: created["name"],
    listed_ids=lambda listed: [pool["name"] for pool in listed],
    create_rule="mockserver.providers.sendgrid.rules.classic_pools.create_pool",
    errors={
        401: {"errors": [{"field": None, "message": "authorization required"}]},
        404: {"errors": [{"field": None, "message": "resource not found"}]},
        405: {"errors": [{"field": None, "message": "method not allowed"}]},
        413: {"errors": [{"field": None, "message": "content too large"}]},
        500: {"errors": [{"field": None, "message": "internal server error"}]},
    },
    fault_body={"errors": [{"field": None, "message": "too many requests"}]},
    options_status=200,
    reason_phrase=str.upper,
    further_requests=lambda name: [
        ("POST", f"/v3/ips/pools/{name}/ips", {"json": {"ip": "192.0.2.1"}}),
        ("POST", f"/v3/ips/pools/{name}/ips", {"json": {"ip": "192.0.2.2"}}),
        ("GET", "/v3/send_ips/pools?limit=100", {}),
    ],
    send_message=lambda client: client.post("/v3/mail/send", json=MESSAGE),
    pool_limit=100,
    account_header="On-Behalf-Of",
    hosts=("api.sendgrid.com",),
    other_hosts=("api.eu.sendgrid.com",),
    not_implemented=("POST", "/v3/mail/batch"),
)
