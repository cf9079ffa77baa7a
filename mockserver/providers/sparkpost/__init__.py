"""SparkPost: IP pools, sending IPs and subaccounts."""

import re

from ...provider import Provider
from . import catalog, wire
from .routes import routes
from .schemas.seed import SEED

provider = Provider(
    name="sparkpost",
    title="SparkPost",
    hosts=("api.sparkpost.com", "api.eu.sparkpost.com"),
    operations=tuple(routes),
    unmodelled=catalog.UNMODELLED_OPERATIONS,
    catalog=catalog,
    read_seed=SEED,
    settle=lambda state, now: state,
    well_formed=re.compile("[0-9a-fA-F]{40}"),
    sample_credential="5ba7b0575e0b1c6ad4cab4d2ac1b3a3f0e1d2c3b",
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
