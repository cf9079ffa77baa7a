"""What comes in: request bodies, and the section of a seed."""

from __future__ import annotations

from ... import profiles, seed
from ...web import Body, Text
from . import catalog, rules
from .models import State


def _not_blank(value: str) -> bool:
    return bool(value.strip())


class PoolBody(Body):
    """Create or update a pool."""

    name = Text(
        missing=catalog.NAME_REQUIRED, wrong=catalog.NAME_REQUIRED, checks=[(_not_blank, catalog.NAME_REQUIRED)]
    )
    fbl_signing_domain = Text(wrong=catalog.FIELD_TYPE)


class SendingIpBody(Body):
    """Move a sending IP."""

    ip_pool = Text(
        missing=catalog.IP_POOL_REQUIRED,
        wrong=catalog.IP_POOL_REQUIRED,
        checks=[(_not_blank, catalog.IP_POOL_REQUIRED)],
    )


POOL = PoolBody()
SENDING_IP = SendingIpBody()

SEED = seed.reader(
    "sparkpost",
    State.load,
    {
        "ip_pools": {
            "type": "array",
            "items": seed.record({"id": seed.TEXT, "name": seed.TEXT, "fbl_signing_domain": seed.TEXT}, "id", "name"),
        },
        "sending_ips": {
            "type": "array",
            "items": seed.record(
                {
                    "external_ip": {"type": "string", "pattern": f"^{rules.IPV4.pattern}$"},
                    "hostname": seed.TEXT,
                    "ip_pool": seed.TEXT,
                    "customer_provided": seed.FLAG,
                },
                "external_ip",
                "hostname",
            ),
        },
    },
    switches=profiles.switches(catalog),
    rights="grants",
)
