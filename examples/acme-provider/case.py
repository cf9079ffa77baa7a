"""The case of Acme Mail for the shared tests of mockserver: `pytest tests/shared --provider-case PATH`."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

from tests.provider_case import ProviderCase

sys.path.insert(0, str(Path(__file__).parent))


def error(code: str, message: str) -> object:
    return {"error": {"code": code, "message": message}}


CASE = ProviderCase(
    name="acme",
    blueprint="acme_provider:blueprint",
    api_key="acme_0123456789abcdef0123456789abcdef",
    new_key=lambda: f"acme_{secrets.token_hex(16)}",
    well_formed_keys=(f"acme_{'0' * 32}",),
    malformed_keys=(f"acme_{'0' * 31}", "acme", "x"),
    key_headers=lambda key: {"Authorization": f"Bearer {key}"},
    pools_path="/v1/pools",
    list_operation="listPools",
    create_operation="createPool",
    new_pool=lambda name: {"json": {"name": name}},
    created_id=lambda pool: pool["name"],
    listed_ids=lambda found: [pool["name"] for pool in found["pools"]],
    create_rule="acme_provider.rules.create_pool",
    errors={
        401: error("unauthorized", "invalid token"),
        404: error("not_found", "not found"),
        405: error("not_allowed", "method not allowed"),
        413: error("too_large", "body is too large"),
        500: error("crashed", "internal error"),
    },
    fault_body=error("planned", "too many requests"),
    rate_limit_headers=False,
    options_status=204,
    hosts=("api.acme-mail.example",),
    pool_limit=20,
    not_implemented=("POST", "/v1/messages"),
)
