"""Mounts of blueprints: path prefixes, and the providers' own hosts and ports."""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MOUNT = "mockserver.mount"
"""WSGI environ key: the registered name of the blueprint that is at the root of this host or port."""


class Mounts:
    """The mounts of one application, by the names under which the blueprints are registered."""

    def __init__(self) -> None:
        self.prefixes: dict[str, str] = {}
        """URL prefixes by registered name, without a trailing slash."""
        self.registered: dict[str, str] = {}
        """Registered names by the blueprints' own names; the first one if a blueprint is registered twice."""
        self.hosts: dict[str, str] = {}
        """Registered names by host."""
        self.ports: dict[str, int] = {}
        """The providers' own ports, by registered name."""

    def add(self, registered: str, prefix: str, name: str, hosts: Iterable[str] = ()) -> None:
        """Add a blueprint that is being registered."""
        self.prefixes[registered] = prefix.rstrip("/")
        self.registered.setdefault(name, registered)
        for host in hosts:
            self.hosts.setdefault(host, registered)

    def prefix_of(self, name: str) -> str:
        """Return the prefix of a blueprint by its own name."""
        return self.prefixes[self.registered[name]]

    def find(self, path: str) -> str | None:
        """Return the name of the blueprint with the longest prefix that a path is below."""
        found = None
        for name, prefix in self.prefixes.items():
            if path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in ("", "/"):
                found = name if found is None or len(prefix) > len(self.prefixes[found]) else found
        return found


class MountMiddleware:
    """WSGI middleware that routes a provider's own hosts and ports to its prefix.

    Below a prefix it also keeps `%2F` (and so `%25`) encoded, for `SegmentConverter` to decode: WSGI decodes the path
    before it is split, which would make `GET /pools/a%2Fb` a request for `a`, then `b`. And it drops `Upgrade`:
    Werkzeug would look for websocket routes, but a provider handles it as an ordinary request.
    """

    def __init__(self, app: WSGIApplication, mounts: Mounts) -> None:
        self.app = app
        self.mounts = mounts

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self._resolve(environ)
        return self.app(environ, start_response)

    def _resolve(self, environ: WSGIEnvironment) -> None:
        mounts = self.mounts
        name = environ.get(MOUNT) or mounts.hosts.get(host_name(environ.get("HTTP_HOST", "")))
        if name is not None:
            path = mounts.prefixes[name] + "/" + encoded_path(environ).lstrip("/")
        elif "%" in _sent_path(environ) or "%" in environ.get("PATH_INFO", "") or "HTTP_UPGRADE" in environ:
            path = "/" + encoded_path(environ).lstrip("/")
            if mounts.find(path) is None:
                return
        else:
            return
        environ.pop("HTTP_UPGRADE", None)
        environ["PATH_INFO"] = path
        if name is not None:
            environ[MOUNT] = name


def at_root(app: WSGIApplication, name: str) -> WSGIApplication:
    """Return a WSGI application that serves one blueprint at its root, for the blueprint's own port."""

    def mounted(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ[MOUNT] = name
        return app(environ, start_response)

    return mounted


_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]*)?")
_MAX_HOST = 300
"""The length of the longest host with a port, in characters; longer texts are not cached."""


def host_name(host: str) -> str:
    """Return the name in a Host header, without the port; subdomains of `localhost` count as `localhost`.

    A value that is no host and port is returned as it is, so that it equals no name.
    """
    return _host_name(host) if len(host) <= _MAX_HOST else host


def is_own_name(host: str) -> bool:
    """Return whether a Host header names the machine itself: localhost, or a loopback address in any spelling."""
    return len(host) <= _MAX_HOST and _is_own_name(host)


@functools.lru_cache(maxsize=256)
def _host_name(host: str) -> str:
    found = _HOST.fullmatch(host.lower())
    if found is None:
        return host
    name: str = found[1]
    return "localhost" if name.endswith(".localhost") else name


@functools.lru_cache(maxsize=256)
def _is_own_name(host: str) -> bool:
    name = _host_name(host)
    if name == "localhost":
        return True
    try:
        ip = ipaddress.ip_address(name[1:-1] if name.startswith("[") else name)
    except ValueError:
        return False
    if ip.version == 6 and not name.startswith("["):
        return False
    return (getattr(ip, "ipv4_mapped", None) or ip).is_loopback


def encoded_path(environ: WSGIEnvironment) -> str:
    """Return PATH_INFO with `%2F` and `%25` as sent, if the server provides the raw path."""
    path: str = environ.get("PATH_INFO", "")
    sent = _sent_path(environ)
    if sent.startswith("/") and "%" not in sent:
        return path
    preserved = sent.replace("%25", "%2525").replace("%2F", "%252F").replace("%2f", "%252F")
    script: str = environ.get("SCRIPT_NAME", "")
    if _unquoted(sent) == path:
        return _unquoted(preserved)
    if _unquoted(sent) == script + path:
        return _unquoted(preserved).removeprefix(script)
    return path.replace("%", "%25")  # unknown, or another middleware has changed the path


def _sent_path(environ: WSGIEnvironment) -> str:
    """Return the raw path, if the server provides it; else an empty string."""
    target: str = environ.get("REQUEST_URI") or environ.get("RAW_URI") or ""
    return target.partition("?")[0]


def _unquoted(path: str) -> str:
    return unquote_to_bytes(path).decode("latin-1")
