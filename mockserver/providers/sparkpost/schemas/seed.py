"""The section of a seed."""

from __future__ import annotations

from .... import clock, profiles, seed
from .. import catalog
from ..models import State
from ..rules.sending_ips import IPV4

_STAGE = {"type": "integer", "minimum": int(catalog.FIRST_STAGE), "maximum": int(catalog.LAST_STAGE)}
_MOMENT = {"type": "number", "minimum": clock.EARLIEST, "maximum": clock.LATEST}

SEED = seed.reader(
    "sparkpost",
    State.load,
    {
        "dedicated_ip_limit": {"type": "integer", "minimum": 0, "maximum": 10_000},
        "ip_pools": {
            "type": "array",
            "items": seed.record(
                {
                    "id": seed.TEXT,
                    "name": seed.TEXT,
                    "fbl_signing_domain": seed.TEXT,
                    "signing_domain": seed.TEXT,
                    "auto_warmup_overflow_pool": seed.TEXT,
                },
                "id",
                "name",
            ),
        },
        "sending_ips": {
            "type": "array",
            "items": {
                **seed.record(
                    {
                        "external_ip": {"type": "string", "pattern": f"^{IPV4.pattern}$"},
                        "hostname": seed.TEXT,
                        "ip_pool": seed.TEXT,
                        "customer_provided": seed.FLAG,
                        "auto_warmup_stage": _STAGE,
                        "auto_warmup_since": _MOMENT,
                    },
                    "external_ip",
                    "hostname",
                ),
                "dependentRequired": {"auto_warmup_since": ["auto_warmup_stage"]},
            },
        },
        "keys": {
            "type": "array",
            "items": seed.record(
                {"digest": {"type": "string", "pattern": "^[0-9a-f]{64}$"}, "subaccount": {"type": "integer"}},
                "digest",
                "subaccount",
            ),
        },
        "subaccounts": {
            "type": "array",
            "items": seed.record(
                {
                    "id": {"type": "integer", "minimum": 1, "maximum": catalog.LARGEST_NUMBER},
                    "name": {**seed.TEXT, "maxLength": int(catalog.NAME_SIZE)},
                    "status": {"enum": list(catalog.STATUSES)},
                    "ip_pool": {
                        "type": "string",
                        "pattern": "^[A-Za-z0-9_]+$",
                        "maxLength": int(catalog.IP_POOL_SIZE),
                    },
                    "compliance_status": seed.TEXT,
                    "deliverability": seed.FLAG,
                    "created_at": _MOMENT,
                    "updated_at": _MOMENT,
                },
                "id",
                "name",
            ),
        },
    },
    switches=profiles.switches(catalog),
    rights="grants",
    account="subaccount",
    accounts=lambda state: state.subaccounts,
)
