"""mockserver in a container, with the library testcontainers (extra `testcontainers`).

with MockserverContainer() as server:
    tenant = server.create_tenant()
    requests.get(tenant.sendgrid.url + "/v3/ips/pools", headers=tenant.sendgrid.headers)
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from .core.config import AccessLog, UnknownCredentials
from .core.monotonic import monotonic
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
        f"mockserver.testcontainers requires an extra: pip install '.[testcontainers]' ({error})"
    ) from error

IMAGE = "mockserver"
"""The image of `docker build -t mockserver .`"""
PORT = 8080
"""The port of the server in the image."""
SEEDS = "/seed"
"""The folder of seeds in the container."""
TOKEN = "MOCKSERVER_CONTROL_TOKEN"
POLL_INTERVAL = 1.0
"""How often the state of the container is checked during startup, in seconds."""


class MockserverContainer(DockerContainer):
    """A container with a mock server. `start` waits until it is ready, `stop` deletes all its tenants.

    `seed`, `unknown_credentials`, `max_tenants`, `id_seed` and `access_log` are the options of `mockserver serve`; the
    image sets their defaults. A `seed` file is copied into the container, so the engine may be on another machine.
    `timeout` is the maximum startup time in seconds. Other arguments are those of `DockerContainer`.
    """

    def __init__(
        self,
        image: str = IMAGE,
        *,
        seed: str | os.PathLike[str] | None = None,
        unknown_credentials: UnknownCredentials | None = None,
        max_tenants: int | None = None,
        id_seed: str | None = None,
        access_log: AccessLog | None = None,
        timeout: float = 60.0,
        **arguments: Any,
    ) -> None:
        super().__init__(image, **arguments)
        self._timeout = timeout
        self._client: ControlClient | None = None
        self._server: Server | None = None
        settings = {
            "MOCKSERVER_SEED": None if seed is None else self._seed(os.fspath(seed)),
            "MOCKSERVER_UNKNOWN_CREDENTIALS": unknown_credentials,
            "MOCKSERVER_MAX_TENANTS": max_tenants,
            "MOCKSERVER_ID_SEED": id_seed,
            "MOCKSERVER_ACCESS_LOG": access_log,
        }
        # a new dict: the caller may use its `env` for other containers
        self.env = {TOKEN: secrets.token_urlsafe(24), **self.env}
        self.env |= {name: str(value) for name, value in settings.items() if value is not None}
        self.with_exposed_ports(PORT)

    def _seed(self, source: str) -> str:
        """Return the seed as the container knows it; a file is copied into the container."""
        file, hash_, name = source.partition("#")
        path = Path(file)
        if not os.path.lexists(path) and path.name == file and not path.suffix:
            return source
        inside = f"{SEEDS}/{path.name}"
        self.with_copy_into_container(path.read_bytes(), inside)
        return f"{inside}{hash_}{name}"

    def start(self) -> Self:
        """Start the container, and wait until the server is ready. Raises `ContainerStartException` with its log."""
        try:
            super().start()
        except ImageNotFound as error:
            error.add_note(f"Build the image in a clone of mockserver: docker build -t {IMAGE} .")
            raise
        try:
            url = f"http://{self.get_container_host_ip()}:{self.get_exposed_port(PORT)}"
            client = ControlClient(url, self.env[TOKEN])
            self._wait(client)
        except (ControlError, ConnectionError, TimeoutError) as error:
            log = self.get_wrapped_container().logs().decode(errors="replace")
            raise ContainerStartException(f"{self.image} did not start: {error}. Its log:\n{log}") from None
        self._client, self._server = client, Server(client)
        return self

    def _wait(self, client: ControlClient) -> None:
        """Wait until the server is ready. Raises `ControlError` if the container stops, or after the timeout."""
        deadline = monotonic() + self._timeout
        while True:
            left = deadline - monotonic()
            try:
                return client.wait(min(max(left, 0.0), POLL_INTERVAL))
            except ControlError:
                container = self.get_wrapped_container()
                container.reload()
                if left <= 0 or container.status != "running":
                    raise

    def stop(self, force: bool = True, delete_volume: bool = True) -> None:
        """Delete all tenants and remove the container."""
        server, self._client, self._server = self._server, None, None
        try:
            if server is not None:
                with contextlib.suppress(ControlError):  # the container may have stopped already
                    server.close()
        finally:
            super().stop(force, delete_volume)

    @property
    def client(self) -> ControlClient:
        """The client of the control API."""
        if self._client is None:
            raise ContainerStartException("the container is not started")
        return self._client

    @property
    def url(self) -> str:
        """The base URL, without a trailing slash."""
        return self.client.url

    def create_tenant(self, **start: Unpack[TenantOptions]) -> Tenant:
        """Create a tenant, as the fixture `mockserver` does. It is deleted with the container at the latest."""
        if self._server is None:
            raise ContainerStartException("the container is not started")
        return self._server.create_tenant(**start)
