"""The command line: `serve`, clients of a running server, and commands that need no server."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import click

from ..settings import set_by_others
from . import client, clock, drift, faults, local, outbox, requests, serve, tenants
from .options import CommandError


def main() -> NoReturn:
    """Run the command line. Errors go to stderr, with exit code 1 or 2."""
    for name in set_by_others(os.environ):
        del os.environ[name]
    try:
        code = commands.main(prog_name="mockserver", standalone_mode=False)
    except click.UsageError as error:
        help_ = f"\nTry '{error.ctx.command_path} --help'." if error.ctx is not None else ""
        click.echo(f"mockserver: {error.format_message()}{help_}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        click.echo(f"mockserver: {error.format_message()}", err=True)
        sys.exit(error.code if isinstance(error, CommandError) else error.exit_code)
    except click.Abort:
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


def _version(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        from .. import __version__

        click.echo(f"mockserver, version {__version__}")
        context.exit()


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version and exit."
)
@click.pass_context
def commands(context: click.Context) -> None:
    """A mock server for the dedicated-IP and IP-pool APIs of SparkPost, SendGrid and Mailgun.

    The default command is serve.
    """
    if context.invoked_subcommand is None:
        with serve.serve.make_context("serve", [], parent=context) as bare:
            serve.serve.invoke(bare)


for command in (
    serve.serve,
    client.wait,
    client.health,
    client.env,
    client.reset,
    client.seed,
    client.snapshot,
    client.expect,
    tenants.tenants,
    requests.requests,
    outbox.outbox,
    faults.faults,
    clock.clock,
    client.unmatched,
    client.fuzz_info,
    local.validate,
    local.schema,
    local.operations,
    local.doctor,
    drift.drift,
    drift.export_seed,
):
    commands.add_command(command)
