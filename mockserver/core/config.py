"""The settings of one server, with their defaults."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from .profiles import ProfileSetting

UnknownCredentials = Literal["any", "well-formed", "reject"]
UNKNOWN_CREDENTIALS: tuple[str, ...] = get_args(UnknownCredentials)
AccessLog = Literal["text", "json", "off"]
ACCESS_LOGS: tuple[str, ...] = get_args(AccessLog)
Ui = Literal["on", "read-only", "off"]
UI: tuple[str, ...] = get_args(Ui)
JobDelay = float | Literal["manual"]
MAX_JOB_DELAY = 1_000_000_000
"""The maximum delay of asynchronous work, in seconds."""
STORE = re.compile("memory|(redis|rediss|unix)://.+")
"""The valid values of `store`."""
DEFAULT_ID_SEED = "mockserver"
NO_TOKEN = "off"
"""The control token that turns the check of the token off, for clients on any address."""


def parse_job_delay(value: object) -> float:
    """Return a delay in seconds, infinite for `manual`. Raises `ValueError`."""
    if value in ("manual", math.inf):
        return math.inf
    try:
        seconds = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= MAX_JOB_DELAY:
        raise ValueError(f"expected 'manual', or a number of seconds from 0 to {MAX_JOB_DELAY}, got {value!r}")
    return seconds


def process_time() -> float:
    """Return the time of this process, in seconds since the epoch: that of a tool that has frozen it, too."""
    return time.time()


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of a server. All but `time` are also command-line options and environment variables."""

    seed: str | Mapping[str, Any] = "default"
    """The initial state of every tenant: a YAML file or the name of a packaged seed, and `#NAME` for a document that
    is not its first; or a seed as a mapping."""
    profile: ProfileSetting | None = None
    """The profile of the providers, unless a seed or a tenant sets another: `live`, or `sendgrid=live,…`."""
    job_delay: JobDelay | None = None
    """The delay of the providers' asynchronous work after its response, in seconds, unless a seed or a tenant sets
    another; `manual`: it waits until the control API runs the pending jobs."""
    unknown_credentials: UnknownCredentials = "well-formed"
    """Which unknown credentials get a tenant of their own: all, those in the provider's format, or none."""
    max_tenants: int = 10_000
    """The maximum number of tenants; beyond it the least recently used one is evicted."""
    tenant_ttl: float | None = None
    """How long a tenant may be idle before it is evicted, in seconds; None for no limit."""
    providers: str = ""
    """Import strings of the blueprints of further providers, `MODULE:BLUEPRINT`, separated by commas."""
    store: str = field(default="memory", repr=False)
    """Where data is stored: `memory`, or `redis://HOST:PORT/DB`, which several servers can share."""
    max_body_bytes: int = 1 << 20
    """The maximum size of a request body, in bytes."""
    max_state_bytes: int = 64 << 20
    """The approximate maximum size of the data of a tenant, with its snapshots, in bytes."""
    request_log_size: int = 1_000
    """The maximum number of requests in the request log of a tenant."""
    request_log_max_bytes: int = 64 << 20
    """The approximate maximum size of all request logs together, in bytes."""
    id_seed: str = DEFAULT_ID_SEED
    """The seed of generated identifiers and API keys, which also depend on the name of the tenant."""
    expose: bool = False
    """Whether the server can be reached from other machines, with any Host header."""
    control_token: str | None = field(default=None, repr=False)
    """The token that the control API requires, if any. Without one it accepts clients on a loopback address only, with
    `off` those on any."""
    ui: Ui = "on"
    """The dashboard and the API reference: served; without changes, which the control API then refuses from pages; or
    not served."""
    access_log: AccessLog = "off"
    """How each request is logged: as a line of text or JSON, or not at all."""
    time: Callable[[], float] = process_time
    """Returns the time, in seconds since the epoch."""

    @property
    def has_secret_keys(self) -> bool:
        """Whether the API keys that the server makes are random: other machines must not be able to predict them."""
        return self.expose and self.id_seed == DEFAULT_ID_SEED
