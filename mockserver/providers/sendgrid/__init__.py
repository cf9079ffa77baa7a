"""SendGrid: the classic API of IPs, pools and subusers, and IP Address Management."""

import re

from ...provider import Provider
from . import catalog, wire
from .routes import routes
from .schemas.section import SEED

provider = Provider(
    name="sendgrid",
    title="SendGrid",
    hosts=("api.sendgrid.com", "api.eu.sendgrid.com"),
    operations=tuple(routes),
    unmodelled=catalog.UNMODELLED_OPERATIONS,
    catalog=catalog,
    read_seed=SEED,
    settle=lambda state, now: state,
    well_formed=re.compile(r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    sample_credential="SG.mockserverDemoKey00000.mockserverDemoKey00000000000000000000000000",
    credential=wire.credential,
    admit=wire.admit,
    refuse=wire.refuse,
    envelope=wire.envelope,
    options=wire.options,
    headers=wire.headers,
    fault=wire.fault,
    rate_window=catalog.RATE_WINDOW,
    new_credential=wire.new_credential,
    authorization=wire.authorization,
    environment=wire.environment,
    phrase=wire.phrase,
)
