"""The section of a seed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .... import profiles, seed
from ....clock import EARLIEST, LATEST
from ....errors import SeedError
from .. import catalog
from ..models import State, check_domains
from ..rules import jobs
from .fields import HUGE

OBJECT_ID = "[0-9a-f]{24}"

_ID = {"type": "string", "pattern": f"^{OBJECT_ID}$"}
_NAMES = {"type": "array", "items": seed.TEXT, "uniqueItems": True}
_IPS = {"type": "array", "items": seed.TEXT, "uniqueItems": True}
_COUNT = {"type": "integer", "minimum": 0}
_TIME = {"type": "integer", "minimum": EARLIEST, "maximum": LATEST}


def _load(section: Mapping[str, Any]) -> State:
    """Return the account that a seed describes; refuse one whose jobs would make what no seed may describe."""
    state = State.load(section)
    if state.jobs and not state.async_fails_midway:
        after = jobs.eventually(state)
        try:
            check_domains(dict(after.domains.items()), after.pools, after.ips)
        except SeedError as error:
            raise SeedError(("jobs",), f"make {'.'.join(map(str, error.path))} wrong: {error.reason}") from None
    return state


SEED = seed.reader(
    "mailgun",
    _load,
    {
        "account_id": _ID,
        "features": _NAMES,
        "eligible_for_shared_ips": seed.FLAG,
        "new_dedicated_ips": {**_COUNT, "maximum": 1000},
        "subaccount_limit": _COUNT,
        "async_delay_seconds": {"type": ["number", "null"], "minimum": 0, "maximum": LATEST},
        "async_fails_midway": seed.FLAG,
        "subaccounts": {
            "type": "array",
            "items": seed.record(
                {
                    "id": _ID,
                    "name": seed.TEXT,
                    "status": {"enum": ["open", "disabled", "closed"]},
                    "updated_at": _TIME,
                },
                "id",
                "name",
            ),
        },
        "ips": {
            "type": "array",
            "items": seed.record(
                {
                    "ip": seed.TEXT,
                    "dedicated": seed.FLAG,
                    "warmup": seed.FLAG,
                    "warmup_started_at": _TIME,
                    "enabled": seed.FLAG,
                    "rdns": seed.TEXT,
                    "created_at": _TIME,
                    "pool_changed_at": _TIME,
                    "domains_changed_at": _TIME,
                    "account": _ID,
                },
                "ip",
            ),
        },
        "ip_pools": {
            "type": "array",
            "items": seed.record(
                {
                    "pool_id": _ID,
                    "name": seed.TEXT,
                    "description": {"type": "string"},
                    "ips": _IPS,
                    "account": _ID,
                    "delegated_to": {"type": "array", "items": _ID, "uniqueItems": True},
                },
                "pool_id",
                "name",
                "description",
            ),
        },
        "domains": {
            "type": "array",
            "items": seed.record(
                {
                    "id": _ID,
                    "name": seed.TEXT,
                    "ips": _IPS,
                    "pool_id": _ID,
                    "account": _ID,
                    "state": {"enum": ["active", "unverified", "disabled"]},
                    "encrypt_incoming_message": seed.FLAG,
                    "message_ttl": {"type": "integer", "minimum": 1, "maximum": HUGE},
                    "require_tls": seed.FLAG,
                    "skip_verification": seed.FLAG,
                    "spam_action": {"enum": ["disabled", "block", "tag"]},
                    "use_automatic_sender_security": seed.FLAG,
                    "web_prefix": seed.TEXT,
                    "web_scheme": {"enum": ["http", "https"]},
                    "wildcard": seed.FLAG,
                },
                "id",
                "name",
            ),
        },
        "jobs": {
            "type": "array",
            "items": seed.record(
                {
                    "id": _ID,
                    "due": {"type": "number", "minimum": EARLIEST, "maximum": 2 * LATEST},
                    "pool_id": _ID,
                    "link": _NAMES,
                    "unlink": _NAMES,
                    "relink_to": _ID,
                    "replace_with": seed.TEXT,
                    "revoke_from": _ID,
                    "assign_ip": seed.TEXT,
                    "unassign_ip": seed.TEXT,
                    "account": _ID,
                    "delete_domain": seed.TEXT,
                },
                "id",
            ),
        },
    },
    switches=profiles.switches(catalog),
    account="subaccount",
    accounts=lambda state: state.subaccounts,
)
