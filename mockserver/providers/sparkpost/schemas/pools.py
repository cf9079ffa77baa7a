"""Request bodies of IP pools."""

from __future__ import annotations

from ....core.profiles import Profile
from ....web.schemas import Schema
from .. import catalog
from .fields import optional_string, required_string

_SWITCHES = {"signing_domain": catalog.SIGNING_DOMAIN, "auto_warmup_overflow_pool": catalog.AUTO_WARMUP}


class PoolSchema(Schema):
    """Body to create or update a pool."""

    name = required_string(catalog.NAME_REQUIRED)
    fbl_signing_domain = optional_string()
    signing_domain = optional_string()
    auto_warmup_overflow_pool = optional_string()


def unsupported_fields(profile: Profile) -> frozenset[str]:
    """Return the fields of a pool that a profile does not support."""
    return frozenset(name for name, switch in _SWITCHES.items() if not profile[switch])
