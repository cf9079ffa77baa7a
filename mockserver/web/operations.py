"""Operations, and blueprints whose endpoints are operations."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import flask
from flask import Blueprint
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue

from .routing import OperationRule


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation. Its id is used in URL rules, request log, faults, coverage and the OpenAPI document."""

    id: str
    """The operationId of the provider's OpenAPI document, and the Flask endpoint."""
    method: str
    rules: tuple[str, ...]
    """URL rules, `/v3/ips/<ip>`: the documented one first, then its aliases."""
    view: Callable[..., ResponseReturnValue]
    scope: str | None
    """The provider's name of the scope that a credential with limited rights needs; None for no scope."""

    @property
    def paths(self) -> tuple[str, ...]:
        """The path templates of the OpenAPI document, `/v3/ips/{ip}`."""
        return tuple(rule.replace("<", "{").replace(">", "}") for rule in self.rules)


class OperationBlueprint(Blueprint):
    """A blueprint whose endpoints are the operations of an OpenAPI document. It needs a `MockServer`."""

    hosts: ClassVar[Mapping[str, str | None]] = {}
    """Host names at whose root it is mounted as well, with their regions; None if the provider has no regions.

    The region of the first one is also that of its prefix and port. Another one, `eu`, has the prefix `PREFIX-eu`, and
    the port `NAME-eu`.
    """

    @functools.cached_property
    def first_region(self) -> str | None:
        """The region of its prefix and port."""
        return next(iter(self.hosts.values()), None)

    @functools.cached_property
    def regions(self) -> tuple[str, ...]:
        """Its regions, the first one first; empty if it has none."""
        return tuple(region for region in dict.fromkeys(self.hosts.values()) if region is not None)

    @property
    def mount_names(self) -> list[str]:
        """The names of its ports: its own name, and `NAME-REGION` for each region but the first."""
        return [self.name, *(f"{self.name}-{region}" for region in self.regions[1:])]

    def add_rule(self, rule: str, endpoint: str, view: Callable[..., flask.Response], methods: Sequence[str]) -> None:
        """Register a view as an endpoint, with a rule of exactly these methods."""

        def add(state: BlueprintSetupState) -> None:
            name = f"{registered_name(state)}.{endpoint}"
            state.app.view_functions[name] = view
            path = f"{(state.url_prefix or '').rstrip('/')}{rule}"
            state.app.url_map.add(OperationRule(path, methods=methods, endpoint=name, subdomain=state.subdomain))

        self.record(add)

    def register(self, app: Any, options: dict[str, Any]) -> None:
        if "mockserver" not in app.extensions:
            raise RuntimeError(f"call MockServer().init_app(app) before registering the blueprint '{self.name}'")
        super().register(app, options)

    def make_setup_state(self, app: Any, options: dict[str, Any], first_registration: bool = False) -> Any:
        state = super().make_setup_state(app, options, first_registration)
        prefix = state.url_prefix or ""
        if "<" in prefix:
            raise ValueError(f"blueprint '{self.name}': expected a URL prefix without variables, got '{prefix}'")
        app.extensions["mockserver"].mounts.add(registered_name(state), prefix, self.name, self.hosts)
        return state


def registered_name(state: BlueprintSetupState) -> str:
    """Return the name under which a blueprint is registered, prefixed by those of its parent blueprints."""
    return f"{state.name_prefix}.{state.name}".lstrip(".")
