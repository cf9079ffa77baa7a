"""The request bodies of Acme Mail, and its section of a seed."""

from __future__ import annotations

from types import ModuleType
from typing import ClassVar

from marshmallow import fields, validate

from mockserver.core.seed import SeedSchema, SeedSection, records, text, texts
from mockserver.web.schemas import Schema, messages

from . import catalog
from .models import State


class PoolSchema(Schema):
    """A new pool."""

    name = fields.String(
        required=True,
        error_messages=messages(catalog.NAME_MISSING),
        validate=[
            validate.Length(min=1, error=catalog.NAME_MISSING),
            validate.Length(max=catalog.MAX_NAME_LENGTH, error=catalog.NAME_TOO_LONG),
        ],
    )


class PoolSeed(SeedSchema):
    """A pool of a seed."""

    name = text(required=True)
    ips = texts()


class AcmeSeed(SeedSection):
    """The section of a seed: pools and API keys."""

    provider = "acme"
    state = State
    catalog: ClassVar[ModuleType] = catalog

    pools = records(PoolSeed)
