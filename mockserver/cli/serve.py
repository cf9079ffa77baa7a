"""`mockserver serve`."""

from __future__ import annotations

import contextlib
import gc
import io
import ipaddress
import logging
import re
import secrets
import signal
import socket
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import click

from ..core.config import NO_TOKEN, Config
from ..core.errors import SeedError, StoreError
from ..settings import option, settings
from . import environment, listening, logs
from .options import PORT, CommandError, print_json

if TYPE_CHECKING:
    from ..server import HttpServer
    from ..smtp.server import SmtpServer
    from ..tls import Tls
    from ..web.provider import Provider


log = logging.getLogger("mockserver")


def _provider_ports(context: click.Context, parameter: click.Parameter, value: str | None) -> dict[str, int]:
    """Return the ports by provider and region, `NAME` or `NAME-REGION`; 0 for any free one."""
    if value is None:
        return {}
    from ..providers import load_providers

    providers: Iterable[Provider] = load_providers(context.params.get("providers"))
    if parameter.name != "provider_ports":
        providers = [each for each in providers if each.smtp_provider() is not None]
    known = [name for provider in providers for name in provider.mount_names]
    found: dict[str, int] = {}
    for each in (f"{name}=0" for name in known) if value == "auto" else value.split(","):
        name, _, port = each.strip().partition("=")
        if name not in known or name in found or not re.fullmatch("[0-9]{1,5}", port) or int(port) > 65535:
            raise click.BadParameter(f"'{each}': expected auto, or NAME=PORT,... with names of {', '.join(known)}.")
        found[name] = int(port)
    return found


@click.command(context_settings={"default_map": {"access_log": "text"}})
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
    help="Additional ports, each of which serves a provider, or a region of it (sparkpost-eu), without a prefix; auto "
    "or no value for any free ports.",
)
@option(
    "--smtp-ports",
    is_flag=False,
    flag_value="auto",
    metavar="NAME=PORT,...",
    callback=_provider_ports,
    help="SMTP ports, each of which speaks as a provider does, or a region of it; auto or no value for any free ports. "
    "They offer STARTTLS if there is a certificate.",
)
@option(
    "--smtps-ports",
    is_flag=False,
    flag_value="auto",
    metavar="NAME=PORT,...",
    callback=_provider_ports,
    help="The same, for SMTP that starts with TLS.",
)
@option(
    "--smtp-require-tls",
    is_flag=True,
    help="Reject SMTP logins in the clear where the provider does. Without it they are violations of strict tenants.",
)
@settings
@option("--no-ui", is_flag=True, help="The same as --ui off.")
@option(
    "--tls",
    type=click.Choice(["self-signed"]),
    help="Serve HTTPS with a certificate that is created for this run.",
)
@option("--tls-cert", metavar="FILE", help="Serve HTTPS with this certificate, in PEM.")
@option("--tls-key", metavar="FILE", help="The private key of --tls-cert, if it is not in the same file.")
@option("--tls-ca-file", metavar="FILE", help="File that --tls self-signed writes the CA certificate to.")
def serve(
    host: str,
    port: int,
    provider_ports: dict[str, int],
    smtp_ports: dict[str, int],
    smtps_ports: dict[str, int],
    smtp_require_tls: bool,
    no_ui: bool,
    tls: str | None,
    tls_cert: str | None,
    tls_key: str | None,
    tls_ca_file: str | None,
    **values: Any,
) -> None:
    """Start the server. It prints one line when it is ready, and stops on SIGTERM or Ctrl-C."""
    unknown = list(environment.unknown())
    for variable in unknown:
        if variable.suggestion:
            raise CommandError(variable.message)
    config = Config(**values | ({"ui": "off"} if no_ui else {}))
    if not config.expose and not _is_loopback(host):
        raise CommandError(
            f"--host {host}: expected a loopback address; allow access from other machines with --expose"
        )
    gc.disable()  # there is no garbage during startup, and collection takes a tenth of its time
    from ..server import start

    logs.reopen_closed_streams()
    logs.to_stderr()
    for variable in unknown:
        log.warning("%s", variable.message)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    _raise_file_limit()
    if config.expose and config.control_token == NO_TOKEN:
        log.warning("the control API requires no token: every client of this server can change all tenants")
    generated = secrets.token_urlsafe(24) if config.expose and config.control_token is None else None
    if generated is not None:
        config = replace(config, control_token=generated)
    if (smtps_ports or smtp_require_tls) and tls is None and tls_cert is None:
        raise click.UsageError("--smtps-ports and --smtp-require-tls require --tls or --tls-cert.")
    with _tls(host, tls, tls_cert, tls_key, tls_ca_file) as identity, contextlib.ExitStack() as stack:
        smtp = None
        try:
            server = start(config, host, port, provider_ports, identity)
            stack.callback(server.close)
            if smtp_ports or smtps_ports:
                from ..smtp.server import SmtpServer

                smtp = SmtpServer(server.app, host, smtp_ports, smtps_ports, identity, require_tls=smtp_require_tls)
        except SeedError as error:
            raise CommandError(f"seed: {error}") from None
        except StoreError as error:
            raise CommandError(str(error), 1) from None
        except OSError as error:
            raise CommandError(f"cannot listen on {error.filename}: {error.strerror}") from None
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: _stop_all(server, smtp))
        if smtp is not None:
            stack.enter_context(smtp)
        ready_message = server.ready_message()
        gc.freeze()  # objects of the startup are permanent
        gc.enable()
        with listening.announce(server.local_url):
            try:
                shown = ready_message if generated is None else {**ready_message, "control_token": generated}
                _announce(shown, has_pages=config.ui != "off")
            except (OSError, ValueError, AttributeError) as error:  # stdout is closed, or its device is full
                log.warning("cannot print the startup output: %s", error)
                sys.stdout = io.StringIO()  # Python would fail again when it flushes
            server.serve()
    gc.freeze()  # skips the collection at exit, which takes longer than the shutdown


@contextlib.contextmanager
def _tls(host: str, mode: str | None, cert: str | None, key: str | None, ca_file: str | None) -> Iterator[Tls | None]:
    """Load or create the certificate of the server; a temporary CA file is removed at the end."""
    if mode is not None and cert is not None:
        raise click.UsageError("--tls and --tls-cert are mutually exclusive.")
    if key is not None and cert is None:
        raise click.UsageError("--tls-key requires --tls-cert.")
    if ca_file is not None and mode is None:
        raise click.UsageError("--tls-ca-file requires --tls self-signed.")
    if mode is None and cert is None:
        yield None
        return
    from .. import tls
    from ..providers import load_providers

    providers = load_providers(click.get_current_context().params["providers"])
    names = [host, socket.gethostname(), *(name for provider in providers for name in provider.hosts)]
    names += [
        name
        for each in providers
        if (smtp_provider := each.smtp_provider()) is not None
        for name in smtp_provider.hosts
    ]
    try:
        source = contextlib.nullcontext(tls.load(cert, key)) if cert is not None else tls.self_signed(names, ca_file)
        with source as identity:
            yield identity
    except tls.TlsError as error:
        raise CommandError(f"TLS: {error}") from None


def _is_loopback(host: str) -> bool:
    name = host.lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _raise_file_limit() -> None:
    """Allow a file descriptor for each connection, if the system does."""
    from ..server import CONNECTIONS

    with contextlib.suppress(ImportError, OSError, ValueError):  # not on every system
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 2 * CONNECTIONS if hard == resource.RLIM_INFINITY else min(2 * CONNECTIONS, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


def _stop_all(*servers: HttpServer | SmtpServer | None) -> None:
    for server in servers:
        if server is not None:
            server.stop()


def _announce(ready_message: dict[str, object], *, has_pages: bool) -> None:
    """Print the startup output: one line of JSON, or readable text on a terminal."""
    if not sys.stdout.isatty():
        print_json(ready_message)
        sys.stdout.flush()
        return
    click.echo(f"mockserver is ready on {ready_message['url']}")
    if has_pages:
        click.echo(f"Dashboard: {ready_message['url']}/_mockserver/ui/")
    if "ca" in ready_message:
        click.echo(f"CA certificate: {ready_message['ca']}")
    providers = ready_message["providers"]
    assert isinstance(providers, dict)
    for name, access in providers.items():
        click.echo(f"  {name:10} {access['url']:40} {access['api_key'] or 'no credential: all are rejected'}")
        for region, urls in access.get("regions", {None: access}).items():
            if "root_url" in urls:
                of_region = "" if region is None else f", region {region}"
                click.echo(f"  {'':10} {urls['root_url']:40} without a prefix{of_region}")
        if "smtp" in access:
            smtp = access["smtp"]
            user = "no login" if smtp["user"] is None else f"user {smtp['user']}"
            ports = [f"smtp://{smtp['host']}:{smtp['port']}"] if smtp["port"] is not None else []
            ports += [f"smtps://{smtp['host']}:{smtp['tls_port']}"] if smtp["tls_port"] is not None else []
            click.echo(f"  {'':10} {' '.join(ports):40} SMTP, {user}")
    if "control_token" in ready_message:
        click.echo(f"Control API token: {ready_message['control_token']}")
    click.echo("Press Ctrl-C to stop.")
