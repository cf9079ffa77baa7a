"""`mockserver outbox`: the messages of a tenant."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from .options import as_json, finite, option, print_json, printable, tenant_option, with_client

if TYPE_CHECKING:
    from ..testing.control_client import ControlClient
    from ..testing.outbox import Message


class DefaultGroup(click.Group):
    """A group whose default command is `list`."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        is_named = bool(args) and (args[0] in self.commands or args[0] in context.help_option_names)
        return super().parse_args(context, args if is_named else ["list", *args])


def filters(command: Callable[..., None]) -> Callable[..., None]:
    """Add the filters of messages to a command, and pass it `filters`, those that are given by name."""

    @option("--provider", metavar="NAME", help="Only messages that this provider accepted.")
    @option("--pool", metavar="NAME", help="Only by the pool with this id or name; '' for no pool.")
    @option("--ip", metavar="IP", help="Only by this IP; '' for none.")
    @option("--to", metavar="ADDRESS", help="Only to this recipient.")
    @option("--from", "from_", metavar="ADDRESS", help="Only from this sender.")
    @option("--subject", metavar="TEXT", help="Only with this text in the subject, in upper or lower case.")
    @option("--via", type=click.Choice(["http", "smtp"]), help="Only messages that were sent in this way.")
    @option("--account", metavar="NAME", help="Only of this subaccount or subuser; '' for none.")
    @option("--status", type=click.Choice(["accepted", "test", "dropped"]), help="Only with this status.")
    @option("--message-id", metavar="ID", help="Only with this id of the provider.")
    @functools.wraps(command)
    def filtered(**values: Any) -> None:
        given = {name: values.pop(name) for name in NAMES}
        command(**values, filters={name.rstrip("_"): value for name, value in given.items() if value is not None})

    return filtered


NAMES = ("provider", "pool", "ip", "to", "from_", "subject", "via", "account", "status", "message_id")
"""The parameters of commands that are filters."""


@click.group(cls=DefaultGroup, no_args_is_help=False)
def outbox() -> None:
    """List, show and delete the messages that the providers accepted.

    The default command is list.
    """


@outbox.command("list")
@tenant_option
@filters
@option(
    "--wait",
    "timeout",
    type=click.FloatRange(0, 86_400),
    metavar="SECONDS",
    callback=finite,
    help="Wait until a message matches. The exit code is 1 after this time.",
)
@as_json
@with_client
def list_messages(
    client: ControlClient, tenant: str, filters: Mapping[str, str], timeout: float | None, as_json: bool
) -> None:
    """Print the messages that match all filters, oldest first.

    Each has the reason for its pool and its IP below it.
    """
    from ..testing.outbox import MessageClient

    messages = MessageClient(client, tenant)
    if timeout is not None and not messages.wait(filters, 1, timeout)[1]:
        sys.exit(1)
    found, dropped = messages.read(filters)
    if as_json:
        print_json({"messages": [each._data for each in found], "dropped": dropped})
        return
    if dropped:
        click.echo(f"({dropped} older messages were dropped)")
    for each in found:
        _print(each)


def _print(message: Message) -> None:
    for line in (f"{message._data['time']} {message}", f"     {message.reason}"):
        click.echo(printable(line))


@outbox.command("show")
@click.argument("message", metavar="ID")
@tenant_option
@as_json
@with_client
def show_message(client: ControlClient, message: str, tenant: str, as_json: bool) -> None:
    """Print a message with its content.

    ID is as in the list, sendgrid-3. Attachments are shown with their size and SHA-256.
    """
    from ..testing.outbox import MessageClient

    found = MessageClient(client, tenant).get(message)
    if as_json:
        print_json(found._data)
        return
    _print(found)
    lines = ["", *(f"{name}: {value}" for name, value in found.headers)]
    for kind, text in found.texts:
        lines += ["", f"[{kind}]", *text.splitlines()]
    lines += [""] * bool(found.attachments)
    for each in found.attachments:
        lines.append(f"[{each.content_type}] {each.filename or 'no name'}, {each.size} bytes, SHA-256 {each.sha256}")
    lines += ["", *found.links] if found.links else []
    for line in lines:
        click.echo(printable(line))


@outbox.command("clear")
@tenant_option
@filters
@with_client
def clear_messages(client: ControlClient, tenant: str, filters: Mapping[str, str]) -> None:
    """Delete the messages that match all filters; print their number.

    Without filters all messages are deleted.
    """
    from ..testing.outbox import MessageClient

    click.echo(MessageClient(client, tenant).delete(filters))
