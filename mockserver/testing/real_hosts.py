"""The providers' real hosts: an error for whoever resolves one of them in this process."""

from __future__ import annotations

import contextlib
import functools
import socket
from collections.abc import Callable, Iterator
from typing import Any

FUNCTIONS = ("getaddrinfo", "gethostbyname", "gethostbyname_ex")
"""The functions of `socket` that resolve a host."""


class RealHostError(RuntimeError):
    """A real host of a provider was resolved."""


@contextlib.contextmanager
def block(report: Callable[[str], object]) -> Iterator[None]:
    """Raise `RealHostError`, and call `report` with its message, when a real host of a provider is resolved."""
    from ..providers import load_providers

    providers = {host: provider for provider in load_providers() for host in provider.hosts}

    def check(host: object) -> None:
        name = host.decode("latin-1") if isinstance(host, bytes | bytearray) else str(host)
        provider = providers.get(name.lower().rstrip("."))
        if provider is not None:
            message = (
                f"{name} is a real host of {provider.title}: set the base URL of the client to "
                f"mockserver.{provider.name}.url, or run the code in `with mockserver.intercept():`"
            )
            report(message)
            raise RealHostError(message)

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def resolve(host: Any, *arguments: Any, **keywords: Any) -> Any:
            check(host)
            return original(host, *arguments, **keywords)

        return resolve

    with contextlib.ExitStack() as stack:
        for name in FUNCTIONS:
            original = getattr(socket, name)
            setattr(socket, name, wrap(original))
            stack.callback(setattr, socket, name, original)
        yield
