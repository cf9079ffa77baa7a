"""Request bodies of IP pools."""

from __future__ import annotations

from marshmallow import fields

from ....core.profiles import Profile
from ....web.schemas import Schema, messages
from .. import catalog
from .fields import required_string

_SWITCHES = {"signing_domain": catalog.SIGNING_DOMAIN, "auto_warmup_overflow_pool": catalog.AUTO_WARMUP}


class PoolSchema(Schema):
    """Create or update a pool."""

    name = required_string(catalog.NAME_REQUIRED)
    fbl_signing_domain = fields.String(error_messages=messages(catalog.FIELD_TYPE))
    signing_domain = fields.String(error_messages=messages(catalog.FIELD_TYPE))
    auto_warmup_overflow_pool = fields.String(error_messages=messages(catalog.FIELD_TYPE))


def hidden(profile: Profile) -> frozenset[str]:
    """Return the fields that a pool does not have under a profile."""
    return frozenset(name for name, switch in _SWITCHES.items() if not profile[switch])
