"""Request bodies of IP pools."""

from __future__ import annotations

from ....core.profiles import Profile
from ....web.schemas import Schema, string
from .. import catalog
from .fields import required_string

_SWITCHES = {"signing_domain": catalog.SIGNING_DOMAIN, "auto_warmup_overflow_pool": catalog.AUTO_WARMUP}


class PoolSchema(Schema):
    """Body to create or update a pool."""

    name = required_string(catalog.NAME_REQUIRED)
    fbl_signing_domain = string(catalog.FIELD_TYPE)
    signing_domain = string(catalog.FIELD_TYPE)
    auto_warmup_overflow_pool = string(catalog.FIELD_TYPE)


def unsupported_fields(profile: Profile) -> frozenset[str]:
    """Return the fields of a pool that a profile does not support."""
    return frozenset(name for name, switch in _SWITCHES.items() if not profile[switch])
