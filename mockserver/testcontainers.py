"""The server in a container, by the library testcontainers: the extra `testcontainers` installs it.

with MockserverContainer() as server:
    sandbox = server.create_tenant()
    requests.get(sandbox.sendgrid.url + "/v3/ips/pools", headers=sandbox.sendgrid.headers)
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from .core.config import UnknownCredentials
from .testing.control_client import ControlClient, ControlError
from .testing.tenant import Server, Tenant

if TYPE_CHECKING:
    from typing import Unpack

    from .testing.tenant import TenantOptions

try:
    from docker.errors import ImageNotFound  # type: ignore[import-untyped]
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.exceptions import ContainerStartException
except ImportError as error:
    raise ImportError(
        f"mockserver.testcontainers needs testcontainers: pip install 'esp-mockserver[testcontainers]' ({error})"
    ) from error

IMAGE = "mockserver"
"""What the README builds: `docker build -t mockserver .`"""
PORT = 8080
"""Where the image listens."""
SEEDS = "/seed"
"""Where a seed is put."""
TOKEN = "MOCKSERVER_CONTROL_TOKEN"
GLANCE = 1.0
"""How often to look whether the container still runs, in seconds."""


class MockserverContainer(DockerContainer):
    """A container of its own, ready once it is started, and gone with all its tenants once it is stopped.

    `seed`, `unknown_credentials`, `max_tenants`, `id_seed` and `access_log` are the flags of `mockserver serve`, and
    where one is not given the image decides. A `seed` that is a file is read here and copied into the container, so the
    engine may be on another machine. `timeout` is how many seconds it may take to be ready. Everything else is
    `DockerContainer`'s.
    """

    def __init__(
        self,
        image: str = IMAGE,
        *,
        seed: str | os.PathLike[str] | None = None,
        unknown_credentials: UnknownCredentials | None = None,
        max_tenants: int | None = None,
        id_seed: str | None = None,
        access_log: bool = False,
        timeout: float = 60.0,
        **arguments: Any,
    ) -> None:
        super().__init__(image, **arguments)
        self._timeout = timeout
        self._client: ControlClient | None = None
        self._sandboxes: Server | None = None
        settings = {
            "MOCKSERVER_SEED": None if seed is None else self._seed(os.fspath(seed)),
            "MOCKSERVER_UNKNOWN_CREDENTIALS": unknown_credentials,
            "MOCKSERVER_MAX_TENANTS": max_tenants,
            "MOCKSERVER_ID_SEED": id_seed,
            "MOCKSERVER_ACCESS_LOG": 1 if access_log else None,
        }
        # a dict of its own: `env` is the caller's, who may use it for another container
        self.env = {TOKEN: secrets.token_urlsafe(24), **self.env}
        self.env |= {name: str(value) for name, value in settings.items() if value is not None}
        self.with_exposed_ports(PORT)

    def _seed(self, source: str) -> str:
        """Return how the container names a seed, its file being copied there unless it is a packaged one."""
        file, hash_, name = source.partition("#")
        path = Path(file)
        if not os.path.lexists(path) and path.name == file and not path.suffix:
            return source
        inside = f"{SEEDS}/{path.name}"
        self.with_copy_into_container(path.read_bytes(), inside)
        return f"{inside}{hash_}{name}"

    def start(self) -> Self:
        """Start it and wait until it is ready. Raises `ContainerStartException` with its log."""
        try:
            super().start()
        except ImageNotFound as error:
            error.add_note(f"In a clone of mockserver, `docker build -t {IMAGE} .` makes the image.")
            raise
        try:
            url = f"http://{self.get_container_host_ip()}:{self.get_exposed_port(PORT)}"
            client = ControlClient(url, self.env[TOKEN])
            self._wait(client)
        except (ControlError, ConnectionError, TimeoutError) as error:
            log = self.get_wrapped_container().logs().decode(errors="replace")
            raise ContainerStartException(f"{self.image} did not come up: {error}. Its log:\n{log}") from None
        self._client, self._sandboxes = client, Server(client)
        return self

    def _wait(self, client: ControlClient) -> None:
        """Return when the server is ready; raises `ControlError` when it has stopped, or is not ready in time."""
        deadline = time.monotonic() + self._timeout
        while True:
            left = deadline - time.monotonic()
            try:
                return client.wait(min(max(left, 0.0), GLANCE))
            except ControlError:
                container = self.get_wrapped_container()
                container.reload()
                if left <= 0 or container.status != "running":
                    raise

    def stop(self, force: bool = True, delete_volume: bool = True) -> None:
        """Close every sandbox and remove the container."""
        tenants, self._client, self._sandboxes = self._sandboxes, None, None
        try:
            if tenants is not None:
                with contextlib.suppress(ControlError):  # it may have stopped, and its tenants with it
                    tenants.close()
        finally:
            super().stop(force, delete_volume)

    @property
    def client(self) -> ControlClient:
        """The server's control API."""
        if self._client is None:
            raise ContainerStartException("the container is not started")
        return self._client

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end."""
        return self.client.url

    def create_tenant(self, **start: Unpack[TenantOptions]) -> Tenant:
        """Open a tenant, the same as the pytest fixture `mockserver`; it is closed with the container at the latest."""
        if self._sandboxes is None:
            raise ContainerStartException("the container is not started")
        return self._sandboxes.create_tenant(**start)
