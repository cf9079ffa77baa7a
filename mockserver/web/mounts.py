"""Mounts of blueprints: path prefixes, and the providers' own hosts and ports; regions of providers."""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MOUNT = "mockserver.mount"
"""WSGI environ key: the registered name of the blueprint that is at the root of this host or port."""
REGION = "mockserver.region"
"""WSGI environ key: the region of the host, port or prefix of the request; without it, the provider's first region."""


class Mount(NamedTuple):
    """What a host, a port, or a prefix of a region serves."""

    name: str
    """The registered name of the blueprint."""
    region: str | None
    """The region of the provider; None if it has no regions."""


class Mounts:
    """The mounts of one application, by the names under which the blueprints are registered."""

    def __init__(self) -> None:
        self.prefixes: dict[str, str] = {}
        """URL prefixes by registered name, without a trailing slash."""
        self.registered: dict[str, str] = {}
        """Registered names by the blueprints' own names; the first one if a blueprint is registered twice."""
        self.hosts: dict[str, Mount] = {}
        """Mounts by host."""
        self.region_prefixes: dict[str, Mount] = {}
        """Mounts by the prefix of a region, `PREFIX-eu`. The first region of a provider is at `prefixes`."""
        self._region_starts: tuple[str, ...] = ()
        self.named: dict[str, Mount] = {}
        """Mounts by registered name for the first region, and by `NAME-eu` for another one."""
        self.ports: dict[str, int] = {}
        """The providers' own ports, by the same names."""

    def add(self, registered: str, prefix: str, name: str, hosts: Mapping[str, str | None]) -> None:
        """Add a blueprint that is being registered. `hosts` are its hosts with their regions."""
        prefix = self.prefixes[registered] = prefix.rstrip("/")
        self.registered.setdefault(name, registered)
        for host, region in hosts.items():
            self.hosts.setdefault(host, Mount(registered, region))
        first, *others = dict.fromkeys(hosts.values()) or [None]
        self.named.setdefault(registered, Mount(registered, first))
        for region in others:
            mount = Mount(registered, region)
            self.named.setdefault(f"{registered}-{region}", mount)
            if prefix:
                self.region_prefixes[f"{prefix}-{region}"] = mount
        self._region_starts = tuple(self.region_prefixes)

    def regions_of(self, name: str) -> list[str]:
        """Return the regions of a blueprint that have a prefix, by its own name; the first one first."""
        registered = self.registered[name]
        mounts = [self.named[registered], *self.region_prefixes.values()]
        return [mount.region for mount in mounts if mount.name == registered and mount.region is not None]

    def prefix_of(self, name: str, region: str | None = None) -> str:
        """Return the prefix of a region of a blueprint, by its own name; by default, and without one, the first's."""
        mount = Mount(self.registered[name], region)
        found = (prefix for prefix, other in self.region_prefixes.items() if other == mount)
        return next(found, self.prefixes[mount.name])

    def port_of(self, name: str, region: str | None = None) -> int | None:
        """Return the port of a region of a blueprint, by its own name; of the first region by default."""
        registered = self.registered[name]
        of_region = Mount(registered, region)
        port_name = next((each for each, mount in self.named.items() if mount == of_region), registered)
        return self.ports.get(port_name)

    def find(self, path: str) -> str | None:
        """Return the name of the blueprint with the longest prefix that a path is below."""
        found = None
        for name, prefix in self.prefixes.items():
            if _is_below(path, prefix):
                found = name if found is None or len(prefix) > len(self.prefixes[found]) else found
        return found

    def find_region(self, path: str) -> str | None:
        """Return the prefix of a region that a path is below, unless a blueprint is registered under it."""
        if not path.startswith(self._region_starts):
            return None
        for prefix in self.region_prefixes:
            if _is_below(path, prefix):
                return prefix if self.find(path) is None else None
        return None


def _is_below(path: str, prefix: str) -> bool:
    return path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in ("", "/")


class MountMiddleware:
    """WSGI middleware that routes a provider's own hosts and ports, and the prefixes of its regions, to its prefix.

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
        name = environ.get(MOUNT)
        if name is None:
            mount = mounts.hosts.get(host_name(environ.get("HTTP_HOST", ""))) or self._leave_region(environ)
            if mount is not None:
                name, environ[REGION] = mount
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

    def _leave_region(self, environ: WSGIEnvironment) -> Mount | None:
        """Return the mount of a region's prefix, which becomes a part of SCRIPT_NAME."""
        path = environ.get("PATH_INFO", "")
        prefix = self.mounts.find_region(path)
        if prefix is None:
            return None
        environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + prefix
        environ["PATH_INFO"] = path[len(prefix) :]
        return self.mounts.region_prefixes[prefix]


def at_root(app: WSGIApplication, mount: Mount) -> WSGIApplication:
    """Return a WSGI application that serves a region of a blueprint at its root, for a port of its own."""

    def mounted(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ[MOUNT], environ[REGION] = mount
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
