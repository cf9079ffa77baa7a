"""Mailgun."""

import base64
import secrets

from ..provider_case import ProviderCase


def new_key() -> str:
    return f"key-{secrets.token_hex(16)}"


MESSAGE = {"from": "me@mail.example.com", "to": "you@example.org", "subject": "Hi", "text": "Hello"}

CASE = ProviderCase(
    name="mailgun",
    api_key="key-0123456789abcdef0123456789abcdef",
    new_key=new_key,
    well_formed_keys=(new_key(), "0" * 32 + "-01234567-89abcdef"),
    malformed_keys=("key-0", "0" * 32, new_key() + "0"),
    key_headers=lambda key: {"Authorization": "Basic " + base64.b64encode(f"api:{key}".encode()).decode()},
    pools_path="/v3/ip_pools",
    list_operation="listIpPools",
    create_operation="createIpPool",
    new_pool=lambda name: {"data": {"name": name, "description": name}},
    created_id=lambda created: created["pool_id"],
    listed_ids=lambda listed: [pool["pool_id"] for pool in listed["ip_pools"]],
    create_rule="mockserver.providers.mailgun.rules.pools.create_pool",
    errors={
        401: "Forbidden",
        404: "404 page not found",
        405: "Method Not Allowed",
        413: {"message": "Request Entity Too Large"},
        500: {"message": "Internal Server Error"},
    },
    fault_body={"message": "Rate limit exceeded"},
    accepts_json=False,
    start_job=lambda client: client.delete("/v3/ip_pools/658041ae44842b99ee2eaa1b?ip=shared"),
    send_message=lambda client: client.post("/v3/mail.example.com/messages", data=MESSAGE),
    account_header="X-Mailgun-On-Behalf-Of",
    hosts=("api.mailgun.net",),
    empty_hosts=("api.eu.mailgun.net",),
    not_implemented=("GET", "/v1/dynamic_pools/domains"),
)
