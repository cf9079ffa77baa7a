"""SparkPost."""

import secrets

from ..provider_case import ProviderCase

MESSAGE = {
    "recipients": [{"address": "you@example.org"}],
    "content": {"from": "me@example.com", "subject": "Hi", "text": "Hello"},
}

CASE = ProviderCase(
    name="sparkpost",
    api_key="5ba7b0575e0b1c6ad4cab4d2ac1b3a3f0e1d2c3b",
    new_key=lambda: secrets.token_hex(20),
    well_formed_keys=(secrets.token_hex(20), "AB" * 20),
    malformed_keys=("0" * 39, "0" * 41, "g" * 40, "x"),
    key_headers=lambda key: {"Authorization": key},
    pools_path="/api/v1/ip-pools",
    list_operation="listIpPools",
    create_operation="createIpPool",
    new_pool=lambda name: {"json": {"name": name}},
    created_id=lambda created: created["results"]["id"],
    listed_ids=lambda listed: [pool["id"] for pool in listed["results"]],
    create_rule="mockserver.providers.sparkpost.rules.pools.create_pool",
    errors={
        401: {"errors": [{"message": "Unauthorized."}]},
        404: {"errors": [{"message": "Resource could not be found"}]},
        405: {
            "errors": [
                {
                    "message": "invalid http method",
                    "description": "PUT is not supported on /api/v1/ip-pools",
                    "code": "1102",
                }
            ]
        },
        413: {"errors": [{"message": "Request entity too large"}]},
        500: {"errors": [{"message": "Internal server error"}]},
    },
    fault_body={"errors": [{"message": "Too many requests"}]},
    rate_limit_headers=False,
    options_status=403,
    options_allow=False,
    send_message=lambda client: client.post("/api/v1/transmissions", json=MESSAGE),
    account_header="X-MSYS-SUBACCOUNT",
    hosts=("api.sparkpost.com",),
    other_hosts=("api.eu.sparkpost.com",),
    not_implemented=("GET", "/api/v1/account"),
)
