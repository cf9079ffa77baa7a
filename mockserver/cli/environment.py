"""The environment: which variables are settings, which look like one, and which are set by others."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping

import click

from .options import PREFIX

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


def _variables(command: click.Command) -> Iterator[str]:
    """Yield the twins of every option of a command and of those below it."""
    for parameter in command.params:
        if isinstance(parameter.envvar, str):
            yield parameter.envvar
    if isinstance(command, click.Group):
        for below in command.commands.values():
            yield from _variables(below)


def unknown() -> Iterator[str]:
    """Say which variables of the environment look like settings of the running command line and are none."""
    known = set(_variables(click.get_current_context().find_root().command))
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


def set_by_others(environment: Mapping[str, str]) -> list[str]:
    """Name the variables that others set because a service of theirs is called as we are."""
    return [
        variable
        for variable, value in environment.items()
        for name, form in SERVICE_VARIABLES.items()
        if re.fullmatch(f"{PREFIX}([A-Z0-9_]+_)?({name})", variable) and re.fullmatch(form, value)
    ]
