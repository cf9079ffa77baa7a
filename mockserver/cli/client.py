"""Commands that ask a running server."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import (
    PREFIX,
    TENANT,
    Failure,
    as_json,
    connected,
    finite,
    load_seed,
    option,
    print_json,
    provider_of,
    whose,
)

if TYPE_CHECKING:
    from ..testing.control_client import ControlClient

TRUST = (f"{PREFIX}CA", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
"""Variables that name the certificates which programs trust: ours, of OpenSSL, requests, curl and Node.js."""


@click.command()
@option(
    "--timeout",
    type=click.FloatRange(0, 86_400),
    default=10.0,
    metavar="SECONDS",
    show_default=True,
    callback=finite,
    help="When to give up.",
)
@connected
def wait(client: ControlClient, timeout: float) -> None:
    """Wait until a server is ready: 0 when it is, 1 when it is not in time."""
    client.wait(timeout)


@click.command()
@option("--tenant", metavar="ID", help="Whose credentials. [default: those of the server's seed]")
@option("--new", is_flag=True, help="Make a tenant; it is in MOCKSERVER_TENANT too, for the other commands.")
@option("--roots", is_flag=True, help="Give base URLs without a prefix: those of --provider-ports.")
@as_json
@connected
@click.pass_context
def env(
    context: click.Context, client: ControlClient, tenant: str | None, new: bool, roots: bool, as_json: bool
) -> None:
    """Print base URLs and credentials as the variables that the providers' clients read: eval "$(mockserver env)"."""
    source = context.get_parameter_source("tenant")
    if new and source is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError("--new makes a tenant, --tenant names one: not both.")
    asked = client.request("POST", "tenants", body={}) if new else client.request("GET", "tenants", tenant or TENANT)
    variables = {name: value for access in asked["providers"].values() for name, value in access["env"].items()}
    for provider, root in _roots(client).items() if roots else ():
        access = asked["providers"][provider]
        variables |= {name: value.replace(access["url"], root) for name, value in access["env"].items()}
    if not variables:
        raise Failure(f"tenant '{asked['id']}' has no credential that could be told; --new makes a tenant with some", 1)
    if new:
        variables[f"{PREFIX}TENANT"] = asked["id"]
    if client.ca is not None and client.url.startswith("https:"):
        variables |= dict.fromkeys(TRUST, str(Path(client.ca).absolute()))
    if as_json:
        print_json(variables)
        return
    for name in variables:
        if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name):
            raise Failure(f"{client.url} named a variable that no shell has: {name!r}", 1)
    for name, value in variables.items():
        click.echo(f"export {name}={shlex.quote(value)}")


def _roots(client: ControlClient) -> dict[str, str]:
    """Return the URLs of the providers' own ports."""
    providers = client.request("GET", "info")["providers"]
    missing = [each["name"] for each in providers if "root_url" not in each]
    if missing:
        raise Failure(f"{client.url} has no port of its own for {', '.join(missing)} (serve --provider-ports)", 1)
    return {each["name"]: each["root_url"] for each in providers}


@click.command()
@option("--tenant", metavar="ID", help="The tenant. [default: everything, as in a server just started]")
@connected
def reset(client: ControlClient, tenant: str | None) -> None:
    """Take a tenant, or the whole server, back to its start."""
    client.request("POST", *(() if tenant is None else ("tenants", tenant)), "reset", body={})


@click.command()
@whose
@option("--file", metavar="FILE[#NAME]", required=True, help="The world; what it has not, the tenant has not either.")
@connected
def seed(client: ControlClient, tenant: str, file: str) -> None:
    """Give a tenant the world of a seed; its credentials stay as they are."""
    loaded = load_seed(file)
    state = {name: state.dump() for name, state in loaded.states.items()}
    client.request("PUT", "tenants", tenant, "state", body={"state": state})


@click.group(no_args_is_help=False)
def snapshot() -> None:
    """Save what a tenant has, and go back to it."""


@snapshot.command("save")
@click.argument("name")
@whose
@connected
def save_snapshot(client: ControlClient, name: str, tenant: str) -> None:
    """Save a snapshot; an earlier one of the same name is replaced."""
    client.request("POST", "tenants", tenant, "snapshots", body={"name": name})


@snapshot.command("restore")
@click.argument("name")
@whose
@connected
def restore_snapshot(client: ControlClient, name: str, tenant: str) -> None:
    """Go back to a snapshot."""
    client.request("POST", "tenants", tenant, "snapshots", name, "restore", body={})


@snapshot.command("list")
@whose
@as_json
@connected
def list_snapshots(client: ControlClient, tenant: str, as_json: bool) -> None:
    """Name the snapshots, one a line."""
    answer = client.request("GET", "tenants", tenant, "snapshots")
    if as_json:
        print_json(answer)
        return
    for each in answer["snapshots"]:
        click.echo(each["name"])


@click.command("fuzz-info")
@option("--provider", metavar="NAME", required=True, help="Whose API: sparkpost, sendgrid or mailgun.")
@as_json
@connected
def fuzz_info(client: ControlClient, provider: str, as_json: bool) -> None:
    """Print how to fuzz a server with Schemathesis: its configuration and its command, as a program for sh.

    It makes two tenants for that, one of which must not see what the other one has. Try:
    mockserver fuzz-info --provider mailgun | sh -s -- --max-examples 20
    """
    from ..testing import fuzzing

    found = provider_of(provider)
    trust = ["--tls-verify", client.ca] if client.ca is not None else []
    where = fuzzing.location(provider, client.url, published=client.token is None)
    plan = fuzzing.plan(provider, found, fuzzing.open_accounts(client, provider), [*trust, *where])
    if as_json:
        print_json({"command": plan.command, "files": plan.files})
        return
    click.echo(plan.script(), nl=False)
