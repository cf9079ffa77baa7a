"""The command line."""

from __future__ import annotations

import contextlib
import difflib
import functools
import gc
import ipaddress
import json
import logging
import math
import os
import re
import secrets
import shlex
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from . import profiles
from .config import STORE, UNKNOWN_CREDENTIALS, Config
from .errors import SeedError, StoreError

if TYPE_CHECKING:
    from .provider import Provider
    from .remote import Remote
    from .seed import World
    from .tls import Tls

PREFIX = "MOCKSERVER_"
NOT_OURS = frozenset(
    {
        f"{PREFIX}HOSTILE_EXAMPLES",
        f"{PREFIX}MODEL_EXAMPLES",
        f"{PREFIX}RACE_ROUNDS",
        f"{PREFIX}URL",
        f"{PREFIX}VENDOR_DOCS",
    },
)
"""Variables that tests and clients read, and no server."""
DEFAULTS = Config()
PORT = 8080
SWITCHES = ["switch", "documented", "live", "when it is on", "kind", "source"]
TENANT = "default"
"""The tenant that a seed's credentials stand for unless they name another."""

TRUST = (f"{PREFIX}CA", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
"""Variables that name the certificates which programs trust: ours, of OpenSSL, requests, curl and Node.js."""

C = TypeVar("C", bound=Callable[..., Any])


def main() -> NoReturn:
    """Run the command line; a mistake is told on stderr, and is the exit code."""
    for name in _service_variables(os.environ):
        del os.environ[name]
    try:
        code = commands.main(prog_name="mockserver", standalone_mode=False)
    except click.UsageError as error:
        help_ = f"\nTry '{error.ctx.command_path} --help'." if error.ctx is not None else ""
        click.echo(f"mockserver: {error.format_message()}{help_}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        click.echo(f"mockserver: {error.format_message()}", err=True)
        sys.exit(error.code if isinstance(error, Failure) else error.exit_code)
    except click.Abort:
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


class Failure(click.ClickException):
    """Something that stops a command: 2 where it was called wrongly, 1 where the world is not as it should be."""

    def __init__(self, message: str, code: int = 2) -> None:
        super().__init__(message)
        self.code = code


# Options: each has a variable of its name


def option(flag: str, *names: str, **attributes: Any) -> Callable[[C], C]:
    """Declare an option, and its twin in the environment."""
    variable = PREFIX + flag.removeprefix("--").replace("-", "_").upper()
    return click.option(flag, *names, envvar=variable, show_envvar=True, **attributes)


def _variables(command: click.Command) -> Iterator[str]:
    """Yield the twins of every option of a command and of those below it."""
    for parameter in command.params:
        if isinstance(parameter.envvar, str):
            yield parameter.envvar
    if isinstance(command, click.Group):
        for below in command.commands.values():
            yield from _variables(below)


def _unknown_variables() -> Iterator[str]:
    """Say which variables of the environment look like settings and are none."""
    known = set(_variables(commands))
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name not in known | NOT_OURS:
            (nearest,) = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0)
            yield f"{name} in the environment is no setting of mockserver; the closest is {nearest}"


SERVICE_VARIABLES = {
    "SERVICE_HOST|PORT_[0-9]+_(TCP|UDP|SCTP)_ADDR": "[0-9a-fA-F.:]+",
    "SERVICE_PORT(_[A-Z0-9_]+)?|PORT_[0-9]+_(TCP|UDP|SCTP)_PORT": "[0-9]+",
    "PORT|PORT_[0-9]+_(TCP|UDP|SCTP)": r"(tcp|udp|sctp)://[0-9a-fA-F.:\[\]]+:[0-9]+",
    "PORT_[0-9]+_(TCP|UDP|SCTP)_PROTO": "tcp|udp|sctp",
    "NAME": "/[^/]+/[^/]+",
    "ENV_[A-Za-z0-9_]+": "(?s:.*)",
}
"""What Kubernetes and Docker tell a container of a service `mockserver`, or `mockserver-…`: names and their values."""


def _service_variables(environment: Mapping[str, str]) -> list[str]:
    """Name the variables that others set because a service of theirs is called as we are."""
    return [
        variable
        for variable, value in environment.items()
        for name, form in SERVICE_VARIABLES.items()
        if re.fullmatch(f"{PREFIX}([A-Z0-9_]+_)?({name})", variable) and re.fullmatch(form, value)
    ]


def _provider_ports(context: click.Context, parameter: click.Parameter, value: str | None) -> dict[str, int]:
    """Return the ports that providers are to have, 0 for any free one."""
    if value is None:
        return {}
    from .providers import PROVIDERS

    known = [provider.name for provider in PROVIDERS]
    found: dict[str, int] = {}
    for each in (f"{name}=0" for name in known) if value == "auto" else value.split(","):
        name, _, port = each.strip().partition("=")
        if name not in known or name in found or not re.fullmatch("[0-9]{1,5}", port) or int(port) > 65535:
            raise click.BadParameter(
                f"'{each}': is to be auto, or NAME=PORT for some of {', '.join(known)}, with commas."
            )
        found[name] = int(port)
    return found


def _profile(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        from .providers import PROVIDERS

        try:
            profiles.choose(value, dict.fromkeys(provider.name for provider in PROVIDERS))
        except SeedError as error:
            raise click.BadParameter(f"'{value}': {error}.") from None
    return value


def _token(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch("[!-~]+", value):
        raise click.BadParameter("a token is visible ASCII characters, at least one.")
    return value


def _finite(context: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    if value is not None and not math.isfinite(value):
        raise click.BadParameter("is no number of seconds.")
    return value


def _store(context: click.Context, parameter: click.Parameter, value: str) -> str:
    if not STORE.fullmatch(value):
        raise click.BadParameter(f"'{value}' is none; there is memory, and redis://HOST:PORT/DB.")
    return value


def _url(context: click.Context, parameter: click.Parameter, value: str) -> str:
    from .remote import Remote

    try:
        Remote(value)
    except ValueError as error:
        raise click.BadParameter(f"'{value}': {error}.") from None
    return value


def _default_url() -> str:
    """Return where a server of this environment would be."""
    port = os.environ.get(f"{PREFIX}PORT", "")
    scheme = "https" if os.environ.get(f"{PREFIX}TLS") or os.environ.get(f"{PREFIX}TLS_CERT") else "http"
    return f"{scheme}://127.0.0.1:{port if re.fullmatch('0*[1-9][0-9]{0,4}', port) else PORT}"


def _default_ca() -> str | None:
    """Return what to trust a server of this environment by."""
    return os.environ.get(f"{PREFIX}TLS_CA_FILE") or os.environ.get(f"{PREFIX}TLS_CERT") or None


def connected(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command that talks to a server its options, and a `Remote` in place of them."""

    @option("--url", default=_default_url, callback=_url, help=f"The server. [default: http://127.0.0.1:{PORT}]")
    @option("--control-token", metavar="TEXT", callback=_token, help="What its control API asks for, if anything.")
    @option("--ca", default=_default_ca, metavar="FILE", help="Certificates to trust an https server by, in PEM.")
    @functools.wraps(command)
    def connect(url: str, control_token: str | None, ca: str | None, **values: Any) -> None:
        from .remote import Remote, RemoteError

        try:
            command(Remote(url, control_token, ca), **values)
        except RemoteError as error:
            hint = " (--control-token or MOCKSERVER_CONTROL_TOKEN)" if error.status == 401 else ""
            raise Failure(f"{error}{hint}", 1) from None

    return connect


def _print(data: object) -> None:
    click.echo(json.dumps(data, ensure_ascii=False))


as_json = option("--json", "as_json", is_flag=True, help="Print JSON.")
whose = option("--tenant", metavar="ID", default=TENANT, show_default=True, help="The tenant.")


def _version(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        from . import __version__

        click.echo(f"mockserver, version {__version__}")
        context.exit()


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version and exit."
)
@click.pass_context
def commands(context: click.Context) -> None:
    """A mock of the dedicated-IP and IP-pool APIs of SparkPost, SendGrid and Mailgun.

    Without a command: serve.
    """
    if context.invoked_subcommand is None:
        with serve.make_context("serve", [], parent=context) as bare:
            serve.invoke(bare)


# The server


@commands.command()
@option("--host", default="127.0.0.1", show_default=True, help="Address to bind.")
@option(
    "--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="Port to bind; 0 for any free one."
)
@option(
    "--provider-ports",
    is_flag=False,
    flag_value="auto",
    metavar="NAME=PORT,...",
    callback=_provider_ports,
    help="A further port for each of these providers, which is at its root there; auto, or nothing, for any free ones.",
)
@option(
    "--seed",
    default=DEFAULTS.seed,
    metavar="FILE[#WORLD]",
    show_default=True,
    help="The world that every tenant starts from: a YAML file, or default, empty or documents.",
)
@option(
    "--profile",
    metavar="NAME|PROVIDER=NAME,...",
    callback=_profile,
    help="How the providers answer where their documents and later evidence disagree: documented or live. "
    "[default: documented; a seed's section may say it too]",
)
@option(
    "--unknown-credentials",
    type=click.Choice(UNKNOWN_CREDENTIALS),
    default=DEFAULTS.unknown_credentials,
    show_default=True,
    help="Which credentials that the seed does not name open a tenant of their own.",
)
@option(
    "--max-tenants",
    type=click.IntRange(min=1),
    default=DEFAULTS.max_tenants,
    show_default=True,
    help="How many such tenants stay open; the least recently used one beyond that is closed.",
)
@option(
    "--tenant-ttl",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    callback=_finite,
    help="How long such a tenant may be idle before it is closed. [default: for ever]",
)
@option(
    "--store",
    default=DEFAULTS.store,
    metavar="memory|URL",
    callback=_store,
    show_default=True,
    help="Where everything is kept; redis://HOST:PORT/DB lets any number of servers share it.",
)
@option(
    "--id-seed",
    default=DEFAULTS.id_seed,
    metavar="TEXT",
    show_default=True,
    help="What identifiers are drawn from, together with the name of the tenant.",
)
@option("--tls", type=click.Choice(["self-signed"]), help="Speak HTTPS, with a certificate that is made for this run.")
@option("--tls-cert", metavar="FILE", help="Speak HTTPS, with this certificate, in PEM.")
@option("--tls-key", metavar="FILE", help="The private key of --tls-cert, if it is not in the same file.")
@option("--tls-ca-file", metavar="FILE", help="Where --tls self-signed writes what clients are to trust.")
@option("--expose", is_flag=True, help="Let other machines in: any --host, and a token for the control API.")
@option(
    "--control-token",
    metavar="TEXT",
    callback=_token,
    help="What the control API asks for. With --expose and without this, one is made and printed.",
)
@option("--access-log", is_flag=True, help="Print a line for each request on stderr.")
def serve(
    host: str,
    port: int,
    provider_ports: dict[str, int],
    seed: str,
    profile: str | None,
    unknown_credentials: str,
    max_tenants: int,
    tenant_ttl: float | None,
    store: str,
    id_seed: str,
    tls: str | None,
    tls_cert: str | None,
    tls_key: str | None,
    tls_ca_file: str | None,
    expose: bool,
    control_token: str | None,
    access_log: bool,
) -> None:
    """Start the server; it prints one line when it is ready, and stops on SIGTERM or Ctrl-C."""
    for mistake in _unknown_variables():
        raise Failure(mistake)
    if not expose and not _is_loopback(host):
        raise Failure(f"--host {host}: other machines could reach it; if they are to, say --expose")
    gc.disable()  # nothing that a start makes is garbage, and looking for some takes a tenth of its time
    from .server import start

    logging.basicConfig(stream=sys.stderr, format="mockserver: %(levelname)s: %(message)s")
    if access_log:
        logging.getLogger("mockserver").setLevel(logging.INFO)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    made = secrets.token_urlsafe(24) if expose and control_token is None else None
    config = Config(
        seed=seed,
        profile=profile,
        unknown_credentials=unknown_credentials,  # type: ignore[arg-type]
        max_tenants=max_tenants,
        tenant_ttl=tenant_ttl,
        store=store,
        id_seed=id_seed,
        expose=expose,
        control_token=control_token or made,
        access_log=access_log,
    )
    with _tls(host, tls, tls_cert, tls_key, tls_ca_file) as identity:
        try:
            server = start(config, host, port, provider_ports, identity)
        except SeedError as error:
            raise Failure(f"seed: {error}") from None
        except StoreError as error:
            raise Failure(str(error), 1) from None
        except OSError as error:
            raise Failure(f"cannot listen on {error.filename}: {error.strerror}") from None
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: server.stop())
        greeting = server.greeting()
        gc.freeze()  # what a start makes stays, and need not be looked at again
        gc.enable()
        _announce(greeting if made is None else {**greeting, "control_token": made})
        server.serve()
    gc.freeze()  # or Python would look for garbage before it ends, which takes longer than all the rest


@contextlib.contextmanager
def _tls(host: str, made: str | None, cert: str | None, key: str | None, ca_file: str | None) -> Iterator[Tls | None]:
    """Return the certificate that was given, or make one, as long as it is needed."""
    if made is not None and cert is not None:
        raise click.UsageError("--tls makes a certificate, --tls-cert names one: not both.")
    if key is not None and cert is None:
        raise click.UsageError("--tls-key is the key of a --tls-cert, and there is none.")
    if ca_file is not None and made is None:
        raise click.UsageError("--tls-ca-file is written by --tls self-signed only.")
    if made is None and cert is None:
        yield None
        return
    from . import tls
    from .providers import PROVIDERS

    names = [host, socket.gethostname(), *(name for provider in PROVIDERS for name in provider.hosts)]
    try:
        source = contextlib.nullcontext(tls.load(cert, key)) if cert is not None else tls.self_signed(names, ca_file)
        with source as identity:
            yield identity
    except tls.TlsError as error:
        raise Failure(f"TLS: {error}") from None


def _is_loopback(host: str) -> bool:
    name = host.lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


def _announce(greeting: dict[str, object]) -> None:
    """Print one JSON line for a program, a few lines for a person."""
    if not sys.stdout.isatty():
        _print(greeting)
        sys.stdout.flush()
        return
    click.echo(f"mockserver is ready on {greeting['url']}")
    if "ca" in greeting:
        click.echo(f"Clients are to trust {greeting['ca']}")
    providers = greeting["providers"]
    assert isinstance(providers, dict)
    for name, access in providers.items():
        click.echo(f"  {name:10} {access['url']:40} {access['api_key'] or 'no credential: all are rejected'}")
        if "root_url" in access:
            click.echo(f"  {'':10} {access['root_url']:40} without a prefix")
    if "control_token" in greeting:
        click.echo(f"The control API asks for the token {greeting['control_token']}")
    click.echo("Stop it with Ctrl-C.")


# What is asked of a running server


@commands.command()
@option(
    "--timeout",
    type=click.FloatRange(0, 86_400),
    default=10.0,
    metavar="SECONDS",
    show_default=True,
    callback=_finite,
    help="When to give up.",
)
@connected
def wait(remote: Remote, timeout: float) -> None:
    """Wait until a server is ready: 0 when it is, 1 when it is not in time."""
    remote.wait(timeout)


@commands.command()
@option("--tenant", metavar="ID", help="Whose credentials. [default: those of the server's seed]")
@option("--new", is_flag=True, help="Make a tenant; it is in MOCKSERVER_TENANT too, for the other commands.")
@option("--roots", is_flag=True, help="Give base URLs without a prefix: those of --provider-ports.")
@as_json
@connected
@click.pass_context
def env(context: click.Context, remote: Remote, tenant: str | None, new: bool, roots: bool, as_json: bool) -> None:
    """Print base URLs and credentials as the variables that the providers' clients read: eval "$(mockserver env)"."""
    source = context.get_parameter_source("tenant")
    if new and source is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError("--new makes a tenant, --tenant names one: not both.")
    asked = remote.call("POST", "tenants", body={}) if new else remote.call("GET", "tenants", tenant or TENANT)
    variables = {name: value for access in asked["providers"].values() for name, value in access["env"].items()}
    for provider, root in _roots(remote).items() if roots else ():
        access = asked["providers"][provider]
        variables |= {name: value.replace(access["url"], root) for name, value in access["env"].items()}
    if not variables:
        raise Failure(f"tenant '{asked['id']}' has no credential that could be told; --new makes a tenant with some", 1)
    if new:
        variables[f"{PREFIX}TENANT"] = asked["id"]
    if remote.ca is not None and remote.url.startswith("https:"):
        variables |= dict.fromkeys(TRUST, str(Path(remote.ca).absolute()))
    if as_json:
        _print(variables)
        return
    for name in variables:
        if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name):
            raise Failure(f"{remote.url} named a variable that no shell has: {name!r}", 1)
    for name, value in variables.items():
        click.echo(f"export {name}={shlex.quote(value)}")


def _roots(remote: Remote) -> dict[str, str]:
    """Return the URLs of the providers' own ports."""
    providers = remote.call("GET", "info")["providers"]
    missing = [each["name"] for each in providers if "root_url" not in each]
    if missing:
        raise Failure(f"{remote.url} has no port of its own for {', '.join(missing)} (serve --provider-ports)", 1)
    return {each["name"]: each["root_url"] for each in providers}


@commands.command()
@option("--tenant", metavar="ID", help="The tenant. [default: everything, as in a server just started]")
@connected
def reset(remote: Remote, tenant: str | None) -> None:
    """Take a tenant, or the whole server, back to its start."""
    remote.call("POST", *(() if tenant is None else ("tenants", tenant)), "reset", body={})


@commands.command()
@whose
@option("--file", metavar="FILE[#WORLD]", required=True, help="The world; what it has not, the tenant has not either.")
@connected
def seed(remote: Remote, tenant: str, file: str) -> None:
    """Give a tenant the world of a seed; its credentials stay as they are."""
    world = _world(file)
    state = {name: state.dump() for name, state in world.states.items()}
    remote.call("PUT", "tenants", tenant, "state", body={"state": state})


@commands.group(no_args_is_help=False)
def snapshot() -> None:
    """Save what a tenant has, and go back to it."""


@snapshot.command("save")
@click.argument("name")
@whose
@connected
def save_snapshot(remote: Remote, name: str, tenant: str) -> None:
    """Save a snapshot; an earlier one of the same name is replaced."""
    remote.call("POST", "tenants", tenant, "snapshots", body={"name": name})


@snapshot.command("restore")
@click.argument("name")
@whose
@connected
def restore_snapshot(remote: Remote, name: str, tenant: str) -> None:
    """Go back to a snapshot."""
    remote.call("POST", "tenants", tenant, "snapshots", name, "restore", body={})


@snapshot.command("list")
@whose
@as_json
@connected
def list_snapshots(remote: Remote, tenant: str, as_json: bool) -> None:
    """Name the snapshots, one a line."""
    answer = remote.call("GET", "tenants", tenant, "snapshots")
    if as_json:
        _print(answer)
        return
    for each in answer["snapshots"]:
        click.echo(each["name"])


@commands.command("fuzz-info")
@option("--provider", metavar="NAME", required=True, help="Whose API: sparkpost, sendgrid or mailgun.")
@as_json
@connected
def fuzz_info(remote: Remote, provider: str, as_json: bool) -> None:
    """Print how to fuzz a server with Schemathesis: its configuration and its command, as a program for sh.

    It makes two tenants for that, one of which must not see what the other one has. Try:
    mockserver fuzz-info --provider mailgun | sh -s -- --max-examples 20
    """
    from . import fuzzing

    found = _provider(provider)
    trust = ["--tls-verify", remote.ca] if remote.ca is not None else []
    where = fuzzing.location(provider, remote.url, published=remote.token is None)
    plan = fuzzing.plan(provider, found, fuzzing.open_accounts(remote, provider), [*trust, *where])
    if as_json:
        _print({"command": plan.command, "files": plan.files})
        return
    click.echo(plan.script(), nl=False)


# What needs no server


def _provider(name: str) -> Provider:
    from .providers import PROVIDERS

    known = {provider.name: provider for provider in PROVIDERS}
    if name not in known:
        raise click.BadParameter(f"'{name}' is not one of {', '.join(map(repr, known))}.", param_hint="'--provider'")
    return known[name]


def _world(source: str) -> World:
    from . import seed
    from .providers import PROVIDERS

    try:
        return seed.load(source, {provider.name: provider.read_seed for provider in PROVIDERS})
    except SeedError as error:
        raise Failure(f"seed: {error}") from None


@commands.command()
@click.argument("seed", metavar="FILE[#WORLD]")
def validate(seed: str) -> None:
    """Check a seed: 0 when it is good; 2, with file, line and reason, when it is not."""
    click.echo(f"OK: {seed}: world '{_world(seed).name}'")


@commands.command()
@option("--profiles", "switches", is_flag=True, help="List only what the profiles switch.")
@as_json
def operations(as_json: bool, switches: bool) -> None:
    """List operations and refusals with source and evidence, what profiles switch, and what is not modelled."""
    from .ledger import SCHEMA_VERSION, catalogue, proofs
    from .providers import PROVIDERS

    found = catalogue(PROVIDERS)
    if switches:
        found = {"switches": found["switches"]}
    if as_json:
        _print({"schema_version": SCHEMA_VERSION, **found})
        return
    if switches:
        _table(SWITCHES, _switches(found), last=True)
        return
    _table(
        ["operation", "method", "path", "needs", "kind", "evidence"],
        [
            [each["id"], each["method"], path, each["scope"] or "", each["kind"], ", ".join(proofs(each["evidence"]))]
            for each in found["operations"]
            for path in each["paths"]
        ],
    )
    _table(
        ["refusal", "status", "words", "kind", "source", "evidence"],
        [
            [
                f"{each['provider']}.{each['key']}",
                str(each["status"]),
                each["message"],
                each["kind"],
                each["source"],
                ", ".join(proofs(each["evidence"])),
            ]
            for each in found["refusals"]
        ],
    )
    _table(SWITCHES, _switches(found))
    _table(
        ["not modelled: 501", "method", "path"],
        [[each["provider"], each["method"], each["path"]] for each in found["unmodelled"]],
        last=True,
    )


def _switches(found: dict[str, Any]) -> list[list[str]]:
    return [
        [
            f"{each['provider']}.{each['name']}",
            "off",
            "on" if each["live"] else "off",
            each["meaning"],
            each["kind"],
            each["source"],
        ]
        for each in found["switches"]
    ]


def _table(heads: list[str], rows: list[list[str]], *, last: bool = False) -> None:
    """Print columns as wide as what is in them."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for cells in [heads, *rows]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())
    if not last:
        click.echo()


@commands.command()
@option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="Where a server would listen.")
@as_json
def doctor(port: int, as_json: bool) -> None:
    """Check that a server could start here: 0 when it could, 1 when something is wrong."""
    from .doctor import Check, examine

    mistakes = list(_unknown_variables())
    checks = [
        *examine(port),
        Check("environment", not mistakes, "; ".join(mistakes) or "every MOCKSERVER_* is a setting"),
    ]
    well = all(check.ok for check in checks)
    if as_json:
        _print({"ok": well, "checks": [check._asdict() for check in checks]})
    else:
        for check in checks:
            click.echo(f"{'ok   ' if check.ok else 'WRONG'} {check.name}: {check.detail}")
    if not well:
        sys.exit(1)
