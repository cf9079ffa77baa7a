"""The settings of one server, with their defaults."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from .profiles import Choice

UnknownCredentials = Literal["any", "well-formed", "reject"]
UNKNOWN_CREDENTIALS: tuple[str, ...] = get_args(UnknownCredentials)
STORE = re.compile("memory|(redis|rediss|unix)://.+")
"""What can be said to be a store."""


@dataclass(frozen=True, slots=True)
class Config:
    """Settings of a server; every one has a flag of the same name, or is for programs that embed it."""

    seed: str = "default"
    """The world that every tenant starts from: a file, or a packaged fixture's name, and `#WORLD` if not its first."""
    profile: Choice | None = None
    """How the providers answer, where neither a seed nor a tenant says it: `live`, or `sendgrid=live,…`."""
    unknown_credentials: UnknownCredentials = "well-formed"
    """Which credentials open a tenant of their own on first use: any, those of the provider's form, or none."""
    max_tenants: int = 10_000
    """How many tenants stay open; the least recently used one beyond that is closed."""
    tenant_ttl: float | None = None
    """How long a tenant may be idle before it is closed, in seconds; None: for ever."""
    store: str = "memory"
    """Where everything is kept: `memory`, or `redis://HOST:PORT/DB` for any number of servers together."""
    max_body: int = 1 << 20
    """The largest request body that is read, in bytes."""
    journal_size: int = 1_000
    """How many requests a tenant's journal keeps."""
    journal_room: int = 64 << 20
    """How much all journals keep together, in bytes, about."""
    id_seed: str = "mockserver"
    """What identifiers are drawn from, together with the tenant's name."""
    expose: bool = False
    """Whether the server may be reached from elsewhere: then any Host is served."""
    control_token: str | None = None
    """What the control API asks for, if anything."""
    access_log: bool = False
    """Whether every request is logged."""
    time: Callable[[], float] = time.time
    """The clock: seconds since the epoch."""
