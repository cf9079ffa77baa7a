"""The state of a mock server, one for each application."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from flask import Flask, current_app

from ..core import seed
from ..core.config import Config, parse_job_delay
from ..core.profiles import UNSET, Profile, ProfileSetting, resolve_profiles
from ..core.store import State, Store, StoreUnavailable
from ..core.tenants import Tenants
from .mounts import Mounts
from .openapi import Contract
from .provider import Provider

log = logging.getLogger("mockserver")

NO_PROFILES: Mapping[str, Profile] = {}
StoreClass = Callable[[Mapping[str, State], Config], Store]


class SmtpPorts(NamedTuple):
    """The SMTP ports of a server."""

    host: str | None
    """The address that they are bound to; None for all."""
    ports: Mapping[tuple[str, str | None], int]
    """By provider and region."""
    tls_ports: Mapping[tuple[str, str | None], int]
    """Those that start with TLS."""
    has_tls: bool
    """Whether the others offer STARTTLS."""


class ServerState:
    """The settings, seed, store, tenants and mounts of an application."""

    def __init__(self, config: Config, providers: Iterable[Provider], store_class: StoreClass) -> None:
        self.config = config
        self._pid = os.getpid()
        self.providers = {provider.name: provider for provider in providers}
        self.profiles = self.resolve_profiles(config.profile or {})
        """The profile of each provider, unless a seed or a tenant sets another."""
        loaded = seed.load(config.seed, self.seed_schemas)
        self.seed = replace(loaded, states=self.initial_states(loaded.states))
        self.store = store_class(self.seed.states, config)
        self.tenants = Tenants(self.store, self.seed.registrations, unknown=config.unknown_credentials)
        self.mounts = Mounts()
        self.smtp: SmtpPorts | None = None
        """The SMTP ports, while there are some."""
        for provider in self.providers.values():  # so that no request opens a file
            Contract.reader(provider.openapi_path)
            _ = provider.operations_list

    def check_process(self, environ: Mapping[str, Any]) -> None:
        """Raise `StoreUnavailable` if other processes have a store of their own, so that state would be lost."""
        if not self.store.is_local:
            return
        if environ.get("wsgi.multiprocess"):
            raise StoreUnavailable(
                "The WSGI server runs several processes, and each would have its own state. "
                "Use one worker, or --store redis://HOST:PORT/DB."
            )
        if self._pid != os.getpid():
            if len(self.store):
                raise StoreUnavailable(
                    "This process was forked after the store was used, and has a copy of its state. "
                    "Create the application after the fork, or use --store redis://HOST:PORT/DB."
                )
            log.warning("forked: this process has a state of its own")
            self._pid = os.getpid()

    @property
    def seed_schemas(self) -> dict[str, type[seed.SeedSection]]:
        """The seed schemas by provider."""
        return {name: provider.seed_schema for name, provider in self.providers.items()}

    def mounted_providers(self) -> dict[str, Provider]:
        """Return the providers whose blueprints are registered, by name."""
        return {name: provider for name, provider in self.providers.items() if name in self.mounts.registered}

    def smtp_access(self, name: str, region: str | None, state: State, key: str | None, host: str) -> dict[str, Any]:
        """Return where and how to log in over SMTP at a region of a provider; nothing if it has no SMTP port.

        The user and the password are None without a key, and if the account has no login in the region.
        `host` is the name of the server, unless the ports are bound to an address.
        """
        smtp_provider, smtp = self.providers[name].smtp_provider() if self.smtp is not None else None, self.smtp
        port, tls_port = (smtp.ports.get((name, region)), smtp.tls_ports.get((name, region))) if smtp else (None, None)
        if smtp is None or smtp_provider is None or (port is None and tls_port is None):
            return {}
        login = None if key is None else smtp_provider.credentials(state, key, region)
        user, password = login or (None, None)
        return {
            "smtp": {
                "host": smtp.host or host.strip("[]"),
                "port": port,
                "tls_port": tls_port,
                "starttls": smtp.has_tls and port is not None,
                "user": user,
                "password": password,
            }
        }

    def resolve_profiles(self, choice: ProfileSetting) -> dict[str, Profile]:
        """Return the profile of each provider for a setting. Raises `SeedError`."""
        return resolve_profiles(choice, {name: provider.switches for name, provider in self.providers.items()})

    def initial_states(
        self,
        states: Mapping[str, State],
        profiles: Mapping[str, Profile] = NO_PROFILES,
        job_delay: float | None = None,
        region: str | None = None,
    ) -> Mapping[str, State]:
        """Return states with profiles and a delay of jobs: the chosen ones, else the state's, else the server's.

        Accounts of providers that have the region are in it.
        """
        default = None if self.config.job_delay is None else parse_job_delay(self.config.job_delay)
        return {
            name: state.with_profile(profiles.get(name, UNSET).inherit(state.profile).inherit(self.profiles[name]))
            .with_job_delay(job_delay, default)
            .with_region(region if region in self.providers[name].regions else None)
            for name, state in states.items()
        }


def server_state(app: Flask | None = None) -> ServerState:
    """Return the state of the mock server of an application, the current one by default."""
    found: ServerState = (app or current_app).extensions["mockserver"]
    return found
