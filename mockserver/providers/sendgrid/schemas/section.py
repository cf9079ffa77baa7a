"""The section of a seed."""

from __future__ import annotations

from .... import clock, profiles, seed
from .. import catalog
from ..models import LONGEST_ID, State

_NAMES = {"type": "array", "items": seed.TEXT, "uniqueItems": True}
_ID = {"type": "string", "pattern": f"^[1-9][0-9]{{0,{LONGEST_ID - 1}}}$"}
_MOMENT = {"type": "integer", "minimum": clock.EARLIEST, "maximum": clock.LATEST}

SEED = seed.reader(
    "sendgrid",
    State.load,
    {
        "username": seed.TEXT,
        "user_id": _ID,
        "remaining_ips": {"type": "integer", "minimum": 0, "maximum": 10_000},
        "subusers": {
            "type": "array",
            "items": {"anyOf": [seed.TEXT, seed.record({"name": seed.TEXT, "id": _ID, "email": seed.TEXT}, "name")]},
        },
        "ips": {
            "type": "array",
            "items": seed.record(
                {
                    "ip": seed.TEXT,
                    "rdns": seed.TEXT,
                    "enabled": seed.FLAG,
                    "region": {"enum": list(catalog.REGIONS)},
                    "warmup": seed.FLAG,
                    "start_date": _MOMENT,
                    "parent_assigned": seed.FLAG,
                    "subusers": _NAMES,
                    "leased": seed.FLAG,
                    "added_at": _MOMENT,
                    "updated_at": _MOMENT,
                },
                "ip",
            ),
        },
        "pools": {
            "type": "array",
            "items": seed.record(
                {
                    "id": _ID,
                    "name": {"type": "string", "minLength": 1, "maxLength": int(catalog.MAX_NAME_LENGTH)},
                    "ips": {**_NAMES, "maxItems": int(catalog.MAX_POOL_IPS)},
                    "subuser": seed.TEXT,
                },
                "id",
                "name",
            ),
        },
    },
    switches=profiles.switches(catalog),
    rights="scopes",
    account="subuser",
    accounts=lambda state: state.subusers,
)
