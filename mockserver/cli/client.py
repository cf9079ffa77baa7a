"""Commands that are clients of a running server."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import (
    PREFIX,
    TENANT,
    CommandError,
    as_json,
    default_url,
    finite,
    load_seed,
    option,
    print_json,
    printable,
    provider_of,
    tenant_option,
    with_client,
)

if TYPE_CHECKING:
    from ..testing.control_client import ControlClient

TRUST = (f"{PREFIX}CA", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
"""Variables with the CA certificates to trust: of mockserver, OpenSSL, requests, curl and Node.js."""

HEALTH_TIMEOUT = 2.0
"""The timeout of a health check, in seconds."""


@click.command()
@option(
    "--timeout",
    type=click.FloatRange(0, 86_400),
    default=10.0,
    metavar="SECONDS",
    show_default=True,
    callback=finite,
    help="Maximum time to wait.",
)
@with_client
def wait(client: ControlClient, timeout: float) -> None:
    """Wait until the server is ready. The exit code is 1 after the timeout."""
    client.wait(timeout)


@click.command()
def health() -> None:
    """Check the servers on this machine.

    It is the health check of the image. The exit code is 1 if one is not ready. Servers that `serve` has started for
    the same user are found. Without one, the URL of the environment variables of `serve` is checked.
    """
    from ..testing.control_client import ControlClient, ControlError
    from .listening import urls

    for url in urls() or [os.environ.get(f"{PREFIX}URL") or default_url()]:
        try:
            # no secret is sent, and the certificate may be for other names only
            ControlClient(url, verify=False).request("GET", "ready", timeout=HEALTH_TIMEOUT)
        except (ControlError, ValueError) as error:
            raise CommandError(str(error), 1) from None


@click.command()
@option("--tenant", metavar="ID", help="Tenant id, or one of its API keys. [default: the tenant of the seed]")
@option("--new", is_flag=True, help="Create a tenant; print its id as MOCKSERVER_TENANT, which other commands use.")
@option(
    "--region",
    metavar="NAME",
    help="Print base URLs of this region, us or eu, without providers whose key it does not serve; with --new, the "
    "tenant's accounts are there. [default: the region of the tenant]",
)
@option("--roots", is_flag=True, help="Print base URLs without a prefix: those of --provider-ports.")
@as_json
@with_client
@click.pass_context
def env(
    context: click.Context,
    client: ControlClient,
    tenant: str | None,
    new: bool,
    region: str | None,
    roots: bool,
    as_json: bool,
) -> None:
    """Print the environment variables of the providers' clients.

    eval "$(mockserver env --new)" sets them in a shell. NO_PROXY gets the host of the server in addition to its current
    value.
    """
    from ..testing.tenant import no_proxy

    source = context.get_parameter_source("tenant")
    if new and source is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError("--new and --tenant are mutually exclusive.")
    if new:
        data = client.request("POST", "tenants", body={} if region is None else {"region": region})
    else:
        data = client.request("GET", "tenants", tenant or TENANT)
    served = _served(client, data["providers"], region, roots)
    variables = {
        name: value.replace(data["providers"][provider]["url"], url)
        for provider, url in served.items()
        for name, value in data["providers"][provider]["env"].items()
    }
    if not served:
        raise CommandError(
            f"the region '{region}' serves no key of tenant '{data['id']}'; create a tenant with --new", 1
        )
    if not variables:
        raise CommandError(f"tenant '{data['id']}' has no credential that may be shown; create a tenant with --new", 1)
    variables |= no_proxy(client.url)
    if new:
        variables[f"{PREFIX}TENANT"] = data["id"]
    if client.ca is not None and client.url.startswith("https:"):
        variables |= dict.fromkeys(TRUST, str(Path(client.ca).absolute()))
    if as_json:
        print_json(variables)
        return
    for name in variables:
        if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name):
            raise CommandError(f"{client.url}: invalid name of an environment variable: {name!r}", 1)
    for name, value in variables.items():
        click.echo(f"export {name}={shlex.quote(value)}")


def _served(
    client: ControlClient, providers: Mapping[str, Mapping[str, Any]], region: str | None, roots: bool
) -> dict[str, str]:
    """Return the base URL of each provider in a region that serves its key, or in its own one."""
    places = {name: access if region is None else access["regions"].get(region) for name, access in providers.items()}
    served = {name: place for name, place in places.items() if place is not None}
    if not roots:
        return {name: place["url"] for name, place in served.items()}
    missing = [place["url"].rpartition("/")[2] for place in served.values() if "root_url" not in place]
    if missing:
        raise CommandError(f"{client.url} has no ports for {', '.join(missing)}: start it with --provider-ports", 1)
    return {name: place["root_url"] for name, place in served.items()}


@click.command()
@option("--tenant", metavar="ID", help="Tenant id. [default: the whole server]")
@with_client
def reset(client: ControlClient, tenant: str | None) -> None:
    """Reset a tenant or the whole server to its initial state."""
    client.request("POST", *(() if tenant is None else ("tenants", tenant)), "reset", body={})


@click.command()
@tenant_option
@option("--file", metavar="FILE[#NAME]", required=True, help="The seed.")
@with_client
def seed(client: ControlClient, tenant: str, file: str) -> None:
    """Replace the state of a tenant with a seed. Its credentials do not change."""
    loaded = load_seed(file)
    state = {name: state.dump() for name, state in loaded.states.items()}
    client.request("PUT", "tenants", tenant, "state", body={"state": state})


@click.command()
@click.argument("seed", metavar="FILE[#NAME]")
@tenant_option
@option("--exact", is_flag=True, help="The providers that the seed names must have no other records.")
@as_json
@with_client
def expect(client: ControlClient, seed: str, tenant: str, exact: bool, as_json: bool) -> None:
    """Compare the state of a tenant with a seed.

    Only what the seed names is compared, lists without their order. The exit code is 1 if there are differences, which
    are printed.
    """
    from ..core import expectation
    from ..core.errors import SeedError
    from ..providers import load_providers

    schemas = {provider.name: provider.seed_schema for provider in load_providers()}
    try:
        expected = expectation.load(seed, schemas)
    except SeedError as error:
        raise CommandError(f"seed: {error}") from None
    state = client.request("GET", "tenants", tenant, "state")["state"]
    found = expectation.differences(expected, state, schemas, exact=exact)
    if as_json:
        print_json({"differences": found})
    else:
        for each in found:
            click.echo(each)
    if found:
        sys.exit(1)


@click.command()
@as_json
@with_client
def unmatched(client: ControlClient, as_json: bool) -> None:
    """List requests that belong to no tenant, with the reasons."""
    from ..testing.requests import UnmatchedRequest

    data = client.request("GET", "unmatched-requests")
    if as_json:
        print_json(data)
        return
    for each in data["requests"]:
        click.echo(printable(f"{each['time']} {UnmatchedRequest._load(each)}"))


@click.group(no_args_is_help=False)
def snapshot() -> None:
    """Save and restore the state of a tenant."""


@snapshot.command("save")
@click.argument("name")
@tenant_option
@with_client
def save_snapshot(client: ControlClient, name: str, tenant: str) -> None:
    """Save a snapshot. A snapshot with the same name is replaced."""
    client.request("POST", "tenants", tenant, "snapshots", body={"name": name})


@snapshot.command("restore")
@click.argument("name")
@tenant_option
@with_client
def restore_snapshot(client: ControlClient, name: str, tenant: str) -> None:
    """Restore a snapshot."""
    client.request("POST", "tenants", tenant, "snapshots", name, "restore", body={})


@snapshot.command("list")
@tenant_option
@as_json
@with_client
def list_snapshots(client: ControlClient, tenant: str, as_json: bool) -> None:
    """List the names of snapshots, one per line."""
    data = client.request("GET", "tenants", tenant, "snapshots")
    if as_json:
        print_json(data)
        return
    for each in data["snapshots"]:
        click.echo(each["name"])


@click.command("fuzz-info")
@option("--provider", metavar="NAME", required=True, help="sparkpost, sendgrid or mailgun.")
@as_json
@with_client
def fuzz_info(client: ControlClient, provider: str, as_json: bool) -> None:
    """Print a shell script that runs Schemathesis on the server.

    The script has its configuration and its command. It creates two tenants, to check that neither sees the data of the
    other. Example: mockserver fuzz-info --provider mailgun | sh -s -- --max-examples 20
    """
    from ..testing import fuzzing

    found = provider_of(provider)
    trust = ["--tls-verify", client.ca] if client.ca is not None else []
    accounts = fuzzing.create_accounts(client, provider)
    if client.token is None:
        files, where = {}, [fuzzing.location(provider, client.url, accounts.profile)]
    else:  # the token must not be sent to what is fuzzed
        name, query = f"mockserver-{provider}-openapi.json", {"profile": accounts.profile}
        document = client.request("GET", "openapi", f"{provider}.json", query=query)
        files, where = {name: json.dumps(document) + "\n"}, [name, "--url", document["servers"][0]["url"]]
    plan = fuzzing.plan(provider, found, accounts, [*trust, *where], files=files)
    if as_json:
        print_json({"command": plan.command, "files": plan.files})
        return
    click.echo(plan.script(), nl=False)
