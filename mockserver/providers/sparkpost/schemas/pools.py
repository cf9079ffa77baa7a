"""Bodies of IP pools."""

from __future__ import annotations

from ....web import Body, Text
from .. import catalog
from .variants import Variants


class PoolBody(Body):
    """Create or update a pool."""

    name = Text(missing=catalog.NAME_REQUIRED, wrong=catalog.NAME_REQUIRED, checks=[(str.strip, catalog.NAME_REQUIRED)])
    fbl_signing_domain = Text(wrong=catalog.FIELD_TYPE)
    signing_domain = Text(wrong=catalog.FIELD_TYPE)
    auto_warmup_overflow_pool = Text(wrong=catalog.FIELD_TYPE)


POOL = Variants(
    PoolBody,
    {catalog.SIGNING_DOMAIN: ("signing_domain",), catalog.AUTO_WARMUP: ("auto_warmup_overflow_pool",)},
)
