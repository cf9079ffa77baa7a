"""Which provider a request is for: by the prefix of its path, by the host that it names, or by the port it came to."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from .provider import Provider

MOUNTED = "mockserver.mounted"
"""In a WSGI environment: the name of the provider whose own port the request came to."""


class Mounts:
    """Where providers are served: under `/sparkpost`, `/sendgrid`, `/mailgun`; at the root of their hosts and ports."""

    def __init__(self, providers: Iterable[Provider]) -> None:
        self._providers = {provider.name: provider for provider in providers}
        self.hosts = {host: provider for provider in self._providers.values() for host in provider.hosts}
        """The providers by the names of their own hosts."""
        self.ports: dict[str, int] = {}
        """The ports of providers that have one of their own."""

    def split(self, environ: dict[str, Any], path: str) -> tuple[Provider | None, str, str]:
        """Return the provider that a request is for, the prefix of its path, and the path as that provider knows it."""
        if MOUNTED in environ:
            return self._providers[environ[MOUNTED]], "", path
        provider = self.hosts.get(host_name(environ.get("HTTP_HOST", "")))
        if provider is not None:
            return provider, "", path
        name, slash, rest = path[1:].partition("/")
        provider = self._providers.get(name)
        return (provider, f"/{name}", slash + rest) if provider is not None else (None, "", path)


@functools.lru_cache(maxsize=256)
def host_name(host: str) -> str:
    """Return the name in a Host header; every name under `localhost` is `localhost`."""
    name = host.lower()
    name = name[: name.index("]") + 1] if name.startswith("[") and "]" in name else name.partition(":")[0]
    return "localhost" if name.endswith(".localhost") else name


def at_root(app: Any, name: str) -> Any:
    """Return a WSGI application that is one provider, at the root of every host: for a port of its own."""

    def mounted(environ: dict[str, Any], start_response: Any) -> Any:
        environ[MOUNTED] = name
        return app(environ, start_response)

    return mounted


def straighten(environ: dict[str, Any]) -> None:
    """Make a WSGI request what was meant.

    `%2F` (and so `%25`) of the path stay encoded until `routing.Segment` reads them: WSGI decodes the path before
    anybody has split it, which would make `GET /pools/a%2Fb` ask for `a`, then `b`. And a request to become a websocket
    is an ordinary request to who knows no websockets; Werkzeug would look for a route of another kind.
    """
    environ.pop("HTTP_UPGRADE", None)
    path = str(environ.get("REQUEST_URI") or environ.get("RAW_URI") or "").partition("?")[0]
    if path.startswith("/") and not environ.get("SCRIPT_NAME") and ("%25" in path or "%2f" in path.lower()):
        kept = path.replace("%25", "%2525").replace("%2F", "%252F").replace("%2f", "%252F")
        environ["PATH_INFO"] = unquote_to_bytes(kept).decode("latin-1")


def decoded_path(environ: dict[str, Any]) -> str:
    """Return a request's path in Unicode, with one slash at its start; what is no UTF-8 becomes U+FFFD."""
    path: str = environ.get("PATH_INFO", "")
    if not path.isascii():
        path = path.encode("latin-1").decode("utf-8", "replace")
    return "/" + path.lstrip("/")
