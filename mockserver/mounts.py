"""Which provider a path belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from werkzeug.routing import BaseConverter

from .provider import Provider


class Mounts:
    """The prefixes under which providers are served: `/sparkpost`, `/sendgrid`, `/mailgun`."""

    def __init__(self, providers: Iterable[Provider]) -> None:
        self._providers = {provider.name: provider for provider in providers}
        self.hosts = frozenset(host for provider in self._providers.values() for host in provider.hosts)
        """The names of the providers' own hosts."""

    def split(self, path: str) -> tuple[Provider | None, str]:
        """Return the provider that a path is for, and the path as that provider knows it."""
        prefix, slash, rest = path[1:].partition("/")
        provider = self._providers.get(prefix)
        return (provider, slash + rest) if provider is not None else (None, path)


class Segment(BaseConverter):
    """One segment of a path, in which an encoded slash is part of the value and not a separator."""

    regex = "[^/]+"
    part_isolating = True

    def to_python(self, value: str) -> str:
        return unquote_to_bytes(value).decode("utf-8", "replace")


def straighten(environ: dict[str, Any]) -> None:
    """Make a WSGI request what was meant.

    `%2F` (and so `%25`) of the path stay encoded until `Segment` reads them: WSGI decodes the path before anybody has
    split it, which would make `GET /pools/a%2Fb` ask for `a`, then `b`. And a request to become a websocket is an
    ordinary request to who knows no websockets; Werkzeug would look for a route of another kind.
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
