"""The settings of a server: command-line options, `MOCKSERVER_*` environment variables, a Flask configuration.

The options of `mockserver serve` declare the name and the valid values of each setting. `load_config` validates the
settings of `create_app()` by the same rules.
"""

from __future__ import annotations

import logging
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, replace
from typing import Any, NamedTuple, TypeVar

import click

from .core import profiles
from .core.config import ACCESS_LOGS, STORE, UI, UNKNOWN_CREDENTIALS, Config, parse_job_delay
from .core.errors import ConfigError, SeedError
from .core.suggestions import did_you_mean, did_you_mean_or_list

log = logging.getLogger("mockserver")

PREFIX = "MOCKSERVER_"
"""The prefix of environment variables, and of keys in a Flask configuration."""
DEFAULTS = Config()
OTHER_VARIABLES = frozenset(
    f"{PREFIX}{name}"
    for name in (
        *("CA", "HOST", "JSON", "NEEDED_BY", "PORT", "PROVIDER_PORTS", "TENANT", "TIMEOUT", "URL"),
        *("TLS", "TLS_CERT", "TLS_KEY", "TLS_CA_FILE"),
        *("SMTP_PORTS", "SMTPS_PORTS", "SMTP_REQUIRE_TLS"),
        *("HOSTILE_EXAMPLES", "MODEL_EXAMPLES", "RACE_ROUNDS", "SCREENSHOTS", "VENDOR_DOCS"),
    )
)
"""Variables that are not settings of the application: those of other commands and options, and of the tests."""

MOST_TENANTS = 1_000_000_000
"""The largest `max_tenants`: numbers in Redis's scripts are exact up to 2**53, and ten times as many are counted."""
SHORTEST_TTL, LONGEST_TTL = 0.001, 1e9
"""The range of `tenant_ttl` in seconds: from the precision of expiry in Redis to about 30 years."""
MOST_BYTES = 1 << 40
"""The largest value of the other numbers."""
SECRETS = frozenset({"store", "control_token"})
"""Settings whose values are not shown."""

C = TypeVar("C", bound=Callable[..., Any])


def option(flag: str, *names: str, **attributes: Any) -> Callable[[C], C]:
    """Declare an option, and the environment variable of the same name."""
    variable = PREFIX + flag.removeprefix("--").replace("-", "_").upper()
    return click.option(flag, *names, envvar=variable, show_envvar=True, **attributes)


def token(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Return a valid token: visible ASCII characters, since it is sent in a header."""
    if value is not None and not re.fullmatch("[!-~]+", value):
        raise click.BadParameter("invalid token: expected one or more visible ASCII characters.")
    return value


def finite(context: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    """Return a finite number of seconds."""
    if value is not None and not math.isfinite(value):
        raise click.BadParameter(f"expected a finite number of seconds, got {value}.")
    return value


def _idle_seconds(context: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    if value is not None and not SHORTEST_TTL <= value <= LONGEST_TTL:
        raise click.BadParameter(f"expected {SHORTEST_TTL:g} to {LONGEST_TTL:.0f} seconds, got {value:g}.")
    return value


def _providers(context: click.Context, parameter: click.Parameter, value: str) -> str:
    from .providers import load_providers

    try:
        load_providers(value)
    except ConfigError as error:
        raise click.BadParameter(f"{error}.") from None
    return value


def _profile(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        from .providers import load_providers

        known = load_providers(context.params.get("providers"))
        try:
            profiles.resolve_profiles(value, dict.fromkeys(provider.name for provider in known))
        except SeedError as error:
            raise click.BadParameter(f"'{value}': {error}.") from None
    return value


def _job_delay(context: click.Context, parameter: click.Parameter, value: object) -> float | None:
    try:
        return None if value is None else parse_job_delay(value)
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from None


def _store(context: click.Context, parameter: click.Parameter, value: str) -> str:
    if not STORE.fullmatch(value):  # it is not shown: it may have a password
        raise click.BadParameter("expected 'memory' or 'redis://HOST:PORT/DB'.")
    return value


def settings(command: C) -> C:
    """Give a command the options that are settings of the application."""
    for declare in reversed(OPTIONS):
        command = declare(command)
    return command


providers = option(
    "--providers",
    default=DEFAULTS.providers,
    metavar="MODULE:BLUEPRINT,...",
    callback=_providers,
    is_eager=True,  # other options name providers
    help="Blueprints of further providers, by their import strings.",
)

store_option = option(
    "--store",
    default=DEFAULTS.store,
    metavar="memory|URL",
    callback=_store,
    show_default=True,
    help="Where data is stored: memory, or redis://HOST:PORT/DB, which several servers can share.",
)
OPTIONS: tuple[Callable[[Any], Any], ...] = (
    providers,
    option(
        "--seed",
        default=DEFAULTS.seed,
        metavar="FILE[#NAME]",
        show_default=True,
        help="The initial state of every tenant: a YAML file, or a packaged seed: default, empty, documents.",
    ),
    option(
        "--profile",
        metavar="NAME|PROVIDER=NAME,...",
        callback=_profile,
        help="How the providers behave where their documents and later evidence disagree: documented or live. "
        "[default: the profile of the seed, or documented]",
    ),
    option(
        "--job-delay",
        type=click.UNPROCESSED,
        metavar="SECONDS|manual",
        callback=_job_delay,
        help="Delay of asynchronous work after its response; manual: until it is run by the control API. "
        "[default: the delay of the seed, or 0]",
    ),
    option(
        "--unknown-credentials",
        type=click.Choice(UNKNOWN_CREDENTIALS),
        default=DEFAULTS.unknown_credentials,
        show_default=True,
        help="Which unknown credentials get a tenant of their own.",
    ),
    option(
        "--max-tenants",
        type=click.IntRange(1, MOST_TENANTS),
        default=DEFAULTS.max_tenants,
        show_default=True,
        help="Maximum number of tenants; beyond it the least recently used one is evicted.",
    ),
    option(
        "--tenant-ttl",
        type=float,
        metavar="SECONDS",
        callback=_idle_seconds,
        help="How long a tenant may be idle before it is evicted. [default: no limit]",
    ),
    option(
        "--max-state-bytes",
        type=click.IntRange(1, MOST_BYTES),
        default=DEFAULTS.max_state_bytes,
        metavar="BYTES",
        show_default=True,
        help="Approximate maximum size of the data of a tenant, with its snapshots.",
    ),
    option(
        "--max-body-bytes",
        type=click.IntRange(1, MOST_BYTES),
        default=DEFAULTS.max_body_bytes,
        metavar="BYTES",
        show_default=True,
        help="Maximum size of a request body.",
    ),
    option(
        "--request-log-size",
        type=click.IntRange(1, MOST_BYTES),
        default=DEFAULTS.request_log_size,
        metavar="NUMBER",
        show_default=True,
        help="Maximum number of requests in the request log of a tenant.",
    ),
    option(
        "--request-log-max-bytes",
        type=click.IntRange(1, MOST_BYTES),
        default=DEFAULTS.request_log_max_bytes,
        metavar="BYTES",
        show_default=True,
        help="Approximate maximum size of all request logs together.",
    ),
    store_option,
    option(
        "--id-seed",
        default=DEFAULTS.id_seed,
        metavar="TEXT",
        help="Seed of generated identifiers and API keys, which also depend on the tenant id. "
        f"[default: {DEFAULTS.id_seed}; with --expose random keys]",
    ),
    option(
        "--expose",
        is_flag=True,
        help="Allow access from other machines: any --host, a token for the control API, and random API keys.",
    ),
    option(
        "--control-token",
        metavar="TEXT",
        callback=token,
        help="Token that the control API requires; off: it requires none. With --expose, `serve` generates one by "
        "default and prints it.",
    ),
    option(
        "--ui",
        type=click.Choice(UI),
        default=DEFAULTS.ui,
        show_default=True,
        help="Pages below /_mockserver/: on; read-only: they have nothing that changes anything; or off.",
    ),
    option(
        "--access-log",
        type=click.Choice(ACCESS_LOGS),
        default=DEFAULTS.access_log,
        show_default=True,
        help="Log each request in one line: text or JSON.",
    ),
)


@click.command()
@settings
def _command(**values: Any) -> None:
    """Parse the settings alone."""


def load_config(config: Config | None, mapping: Mapping[str, Any], overrides: Mapping[str, Any]) -> Config:
    """Return the settings of an application.

    They come from `config` if it is given, else from the `MOCKSERVER_*` keys of `mapping`, a Flask configuration, and
    from environment variables for the others. `overrides`, settings by name, override all of them. Raises `ConfigError`
    for an unknown setting, for a variable whose name is similar to that of a setting, and for an invalid value.
    """
    names = [each.name for each in fields(Config)]
    for name in overrides:
        if name not in names:
            raise ConfigError(f"unknown setting '{name}'{did_you_mean_or_list(name, names)}")
    if config is None:
        keys = {PREFIX + name.upper(): name for name in names}
        for key in mapping:
            if key.startswith(PREFIX) and key not in keys and key not in OTHER_VARIABLES:
                raise ConfigError(f"unknown setting '{key}'{_suggestion(key, keys)}")
        given = {keys[key]: _valid(keys[key], value) for key, value in mapping.items() if key in keys}
        config = replace(DEFAULTS, **(_from_environment() | given))
    else:
        config = replace(config, **{name: _valid(name, getattr(config, name)) for name in names})
    return replace(config, **{name: _valid(name, value) for name, value in overrides.items()})


def to_mapping(config: Config) -> dict[str, Any]:
    """Return settings as keys of a Flask configuration."""
    return {PREFIX + each.name.upper(): getattr(config, each.name) for each in fields(Config) if each.name != "time"}


def _from_environment() -> dict[str, Any]:
    known = {str(parameter.envvar) for parameter in _command.params} | OTHER_VARIABLES
    for variable in unknown_variables(os.environ, known):
        if variable.suggestion:
            raise ConfigError(variable.message)
        log.warning("%s", variable.message)
    try:
        return dict(_command.make_context("mockserver", []).params)
    except click.UsageError as error:
        raise ConfigError(error.format_message()) from None


def _valid(name: str, value: Any) -> Any:
    """Return the valid value of a setting, by the rules of its option."""
    default = getattr(DEFAULTS, name)
    if value is None and default is None:
        return None
    if name in ("profile", "seed") and isinstance(value, Mapping):
        return value
    if name == "time":
        if not callable(value):
            raise ConfigError(f"time: expected a function, got {value!r}")
        return value
    kinds = {int: (int, str), bool: (bool, str), float: (int, float, str)}.get(type(default), (str,))
    if name in ("tenant_ttl", "job_delay"):
        kinds = (int, float, str)
    parameter = next(each for each in _command.params if each.name == name)
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        got = type(value).__name__ if name in SECRETS else repr(value)
        raise ConfigError(f"{name}: expected {kinds[0].__name__}, got {got}")
    try:
        return parameter.process_value(click.Context(_command), value)
    except click.UsageError as error:
        raise ConfigError(f"{name}: {error.format_message()}") from None


# Environment variables


class UnknownVariable(NamedTuple):
    """A `MOCKSERVER_*` variable that no setting and no option has."""

    name: str
    suggestion: str
    """The suggestion of a similar name, which makes it an error; empty without one."""

    @property
    def message(self) -> str:
        return f"unknown environment variable {self.name}{self.suggestion}"


def unknown_variables(environment: Mapping[str, str], known: Iterable[str]) -> Iterator[UnknownVariable]:
    """Yield the `MOCKSERVER_*` variables that are unknown."""
    known = set(known)
    others = set_by_others(environment)
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known and name not in others:
            yield UnknownVariable(name, _suggestion(name, known))


def _suggestion(name: str, known: Iterable[str]) -> str:
    """Return the suggestion for the name of a variable. The prefix, which all have, does not count as similar."""
    suggestion = did_you_mean(name.removeprefix(PREFIX), (each.removeprefix(PREFIX) for each in known))
    return suggestion.replace("'", f"'{PREFIX}", 1)


SERVICE_VARIABLES = {
    "SERVICE_HOST|PORT_[0-9]+_(TCP|UDP|SCTP)_ADDR": "[0-9a-fA-F.:]+",
    "SERVICE_PORT(_[A-Z0-9_]+)?|PORT_[0-9]+_(TCP|UDP|SCTP)_PORT": "[0-9]+",
    "PORT|PORT_[0-9]+_(TCP|UDP|SCTP)": r"(tcp|udp|sctp)://[0-9a-fA-F.:\[\]]+:[0-9]+",
    "PORT_[0-9]+_(TCP|UDP|SCTP)_PROTO": "tcp|udp|sctp",
    "NAME": "/[^/]+/[^/]+",
    "ENV_[A-Za-z0-9_]+": "(?s:.*)",
}
"""Variables that Kubernetes and Docker set for a service `mockserver…`: patterns of names and of values."""


def set_by_others(environment: Mapping[str, str]) -> list[str]:
    """Return the variables that Kubernetes or Docker set for a service named `mockserver`."""
    return [
        variable
        for variable, value in environment.items()
        for name, form in SERVICE_VARIABLES.items()
        if re.fullmatch(f"{PREFIX}([A-Z0-9_]+_)?({name})", variable) and re.fullmatch(form, value)
    ]
