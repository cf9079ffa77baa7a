"""The command line."""

from __future__ import annotations

import json
import logging
import signal
import sys
from types import FrameType
from typing import NoReturn

import click

from . import __version__
from .config import UNKNOWN_CREDENTIALS, Config
from .errors import SeedError

DEFAULTS = Config()


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mockserver")
@click.pass_context
def main(context: click.Context) -> None:
    """A mock of the dedicated-IP and IP-pool APIs of SparkPost, SendGrid and Mailgun.

    Without a command: serve.
    """
    if context.invoked_subcommand is None:
        context.invoke(serve)


@main.command()
@click.option("--host", default="127.0.0.1", envvar="MOCKSERVER_HOST", show_default=True, help="Address to bind.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    envvar="MOCKSERVER_PORT",
    show_default=True,
    help="Port to bind; 0 for any free one.",
)
@click.option(
    "--seed",
    default=DEFAULTS.seed,
    envvar="MOCKSERVER_SEED",
    metavar="FILE[#WORLD]",
    show_default=True,
    help="The world that every tenant starts from: a YAML file, or default, empty or documents.",
)
@click.option(
    "--unknown-credentials",
    type=click.Choice(UNKNOWN_CREDENTIALS),
    default=DEFAULTS.unknown_credentials,
    envvar="MOCKSERVER_UNKNOWN_CREDENTIALS",
    show_default=True,
    help="Which credentials that the seed does not name open a tenant of their own.",
)
@click.option(
    "--max-tenants",
    type=click.IntRange(min=1),
    default=DEFAULTS.max_tenants,
    envvar="MOCKSERVER_MAX_TENANTS",
    show_default=True,
    help="How many such tenants stay open; the least recently used one beyond that is closed.",
)
def serve(host: str, port: int, seed: str, unknown_credentials: str, max_tenants: int) -> None:
    """Start the server; it prints one line when it is ready, and stops on SIGTERM or Ctrl-C."""
    from .server import start

    logging.basicConfig(stream=sys.stderr, format="mockserver: %(levelname)s: %(message)s")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    config = Config(
        seed=seed,
        unknown_credentials=unknown_credentials,  # type: ignore[arg-type]
        max_tenants=max_tenants,
    )
    try:
        server = start(config, host, port)
    except SeedError as error:
        raise _Failure(f"seed: {error}") from None
    except OSError as error:
        raise _Failure(f"cannot listen on {host}:{port}: {error.strerror or error}") from None
    _announce(server.greeting())
    server.serve()


class _Failure(click.ClickException):
    """Something in how the server was started: exit code 2, as for any other mistake of usage."""

    exit_code = 2

    def show(self, file: object = None) -> None:
        click.echo(f"mockserver: {self.message}", err=True)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


def _announce(greeting: dict[str, object]) -> None:
    """Print one JSON line for a program, a few lines for a person."""
    if not sys.stdout.isatty():
        click.echo(json.dumps(greeting))
        sys.stdout.flush()
        return
    click.echo(f"mockserver is ready on {greeting['url']}")
    providers = greeting["providers"]
    assert isinstance(providers, dict)
    for name, access in providers.items():
        click.echo(f"  {name:10} {access['url']:40} {access['api_key'] or 'no credential: all are rejected'}")
    click.echo("Stop it with Ctrl-C.")
