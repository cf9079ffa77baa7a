"""The environment variables of the command line."""

from __future__ import annotations

import os
from collections.abc import Iterator

import click

from ..settings import OTHER_VARIABLES, UnknownVariable, unknown_variables


def variables(command: click.Command) -> Iterator[str]:
    """Yield the environment variable of every option of a command and of its subcommands."""
    for parameter in command.params:
        if isinstance(parameter.envvar, str):
            yield parameter.envvar
    if isinstance(command, click.Group):
        for below in command.commands.values():
            yield from variables(below)


def unknown() -> Iterator[UnknownVariable]:
    """Yield the `MOCKSERVER_*` variables that no option has."""
    known = set(variables(click.get_current_context().find_root().command))
    yield from unknown_variables(os.environ, known | OTHER_VARIABLES)
