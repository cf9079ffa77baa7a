"""Mailgun: dedicated IP pools (DIPPs), their delegation, and the IPs of domains."""

import re

from ...provider import Provider
from . import catalog, wire
from .routes import routes
from .rules import jobs
from .schemas.seed import SEED

provider = Provider(
    name="mailgun",
    title="Mailgun",
    hosts=("api.mailgun.net", "api.eu.mailgun.net"),
    operations=tuple(routes),
    unmodelled=catalog.UNMODELLED_OPERATIONS,
    catalog=catalog,
    read_seed=SEED,
    settle=jobs.settle,
    well_formed=re.compile("key-[0-9a-f]{32}|[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}"),
    sample_credential="key-0123456789abcdef0123456789abcdef",
    credential=wire.credential,
    admit=wire.admit,
    refuse=wire.refuse,
    envelope=wire.envelope,
    options=wire.options,
    headers=wire.headers,
    fault=wire.fault,
    rate_window=None,
    new_credential=wire.new_credential,
    authorization=wire.authorization,
    environment=wire.environment,
    phrase=wire.phrase,
)
