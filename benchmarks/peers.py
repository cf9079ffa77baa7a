"""The servers that are measured: how each is installed and started, and its comparable requests."""

from __future__ import annotations

import compileall
import contextlib
import importlib.metadata
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parent.parent
HERE = Path(__file__).parent
VENV = ROOT / ".venv-bench"
NPM = HERE / "npm"
MODULES = NPM / "node_modules"
CASES = ("list", "get", "create", "error")
RING = 64
"""The number of names that the load creates and deletes in turn; half of them exist at any time."""
START = 60.0
"""The longest start-up time, in seconds."""


@dataclass(frozen=True)
class Request:
    """One request, and the expected status. `{turn}` in a header is another number in each request."""

    method: str
    path: str
    body: Any = None
    status: int = 200

    def raw(self, port: int, headers: Mapping[str, str], turn: str) -> bytes:
        """Return the bytes to send."""
        body = b"" if self.body is None else json.dumps(self.body).encode()
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
        lines += [f"{name}: {value.replace('{turn}', turn)}" for name, value in headers.items()]
        if body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(frozen=True)
class Peer:
    """A server; `{port}` and `{folder}` in its command are its port and a folder with its files."""

    name: str
    command: Sequence[str]
    note: str
    """What is measured, and why that is comparable or not."""
    base: str = "/v3/ips/pools"
    one: str = "/campaigns"
    """The path of one pool, below the base."""
    name_field: str = "name"
    created: int = 200
    error: Request = field(default_factory=lambda: Request("POST", "/v3/ips/pools", {"name": "campaigns"}, 400))
    headers: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Any] = field(default_factory=dict)
    seeds: Sequence[Mapping[str, Any]] = ()
    """What is created before the load."""
    by_id: bool = False
    """Whether it is deleted by an id of the server; then the load creates, and never deletes."""
    package: str = ""
    """The package whose version is shown: on npm, or on PyPI if it ends in `==`."""

    def create(self, name: str) -> Request:
        return Request("POST", self.base, {self.name_field: name}, self.created)

    def delete(self, name: str) -> Request:
        return Request("DELETE", f"{self.base}/{name}")

    def requests(self, case: str) -> list[Request]:
        """Return what the load sends in turn."""
        match case:
            case "list":
                return [Request("GET", self.base)]
            case "get":
                return [Request("GET", self.base + self.one)]
            case "error":
                return [self.error]
            case _ if self.by_id:
                return [self.create("bench.example.com")]
        return [
            each
            for number in range(RING)
            for each in (self.create(f"bench{number}"), self.delete(f"bench{(number + RING // 2) % RING}"))
        ]

    def version(self) -> str:
        """Return the installed version, or nothing."""
        if self.package.endswith("=="):
            found = list(VENV.glob(f"lib/python*/site-packages/{self.package[:-2].replace('-', '_')}-*.dist-info"))
            return found[0].name.removesuffix(".dist-info").rpartition("-")[2] if found else ""
        if self.package:
            file = MODULES / self.package / "package.json"
            return json.loads(file.read_text())["version"] if file.exists() else ""
        return importlib.metadata.version("esp-mockserver" if self.name == "mockserver" else "flask")


NAMES = ("transactional", "campaigns", "europe", "worldwide", "spare", "new_test5")
POOLS = [{"name": name} for name in NAMES]
POOL = {"pool_name": "campaigns", "ips": ["203.0.113.2", "203.0.113.3", "203.0.113.201"]}
TAKEN = {"errors": [{"field": "name", "message": "already exists"}]}
STUBS: list[tuple[str, str, Any, int, Any]] = [
    ("GET", "/v3/ips/pools", None, 200, POOLS),
    ("GET", "/v3/ips/pools/campaigns", None, 200, POOL),
    ("POST", "/v3/ips/pools", {"name": "campaigns"}, 400, TAKEN),
    ("POST", "/v3/ips/pools", None, 200, {"name": "bench"}),
    ("DELETE", "/v3/ips/pools/.*", None, 200, {}),
]
"""The configuration of servers of static responses: method, path, body if it matters, status, response."""


def _mockoon() -> dict[str, Any]:
    """Return the static responses as an environment of Mockoon."""
    routes: dict[tuple[str, str], dict[str, Any]] = {}
    for number, (method, path, sent, status, response) in enumerate(STUBS):
        route = routes.setdefault(
            (method, path),
            {
                "uuid": f"00000000-0000-4000-8000-{number:012}",
                "type": "http",
                "method": method.lower(),
                "endpoint": path.lstrip("/").replace(".*", ":name"),
                "responses": [],
                "responseMode": None,
            },
        )
        rule = {"target": "body", "modifier": "name", "value": (sent or {}).get("name"), "operator": "equals"}
        route["responses"].append(
            {
                "uuid": f"00000000-0000-4000-9000-{number:012}",
                "statusCode": status,
                "body": json.dumps(response),
                "headers": [{"key": "Content-Type", "value": "application/json"}],
                "rules": [{**rule, "invert": False}] if sent else [],
                "rulesOperator": "AND",
                "default": sent is None,
                "bodyType": "INLINE",
                "latency": 0,
            }
        )
    return {
        "uuid": "00000000-0000-4000-a000-000000000000",
        "lastMigration": 33,
        "name": "pools",
        "port": 3000,
        "hostname": "127.0.0.1",
        "routes": list(routes.values()),
        "rootChildren": [{"type": "route", "uuid": route["uuid"]} for route in routes.values()],
    }


def _wiremock() -> dict[str, Any]:
    """Return the static responses as mappings of WireMock."""
    return {
        "mappings": [
            {
                "priority": 1 if sent else 5,
                "request": {
                    "method": method,
                    "urlPathPattern": path,
                    **({"bodyPatterns": [{"equalToJson": sent}]} if sent else {}),
                },
                "response": {"status": status, "jsonBody": response, "headers": {"Content-Type": "application/json"}},
            }
            for method, path, sent, status, response in STUBS
        ]
    }


BARE = Peer(
    "bare Flask",
    [sys.executable, str(HERE / "bare.py"), "{port}"],
    "Four views over a dict, on waitress with its defaults; its warnings of a full queue are off. They parse JSON, "
    "return the bytes that mockserver returns and their own 400, and check nothing. The application declares one "
    "marshmallow schema, and does not use it.",
)
OURS = Peer(
    "mockserver",
    [sys.executable, "-m", "mockserver", "serve", "--port", "{port}", "--access-log", "off"],
    "As `make serve` starts it: every request is authenticated, validated and recorded, every response validated "
    "against the OpenAPI document.",
    base="/sendgrid/v3/ips/pools",
    error=Request("POST", "/sendgrid/v3/ips/pools", {"name": "campaigns"}, 400),
    headers={"Authorization": f"Bearer SG.{'benchmark'.ljust(22, '0')}.{'benchmark'.ljust(43, '0')}"},
)
PEERS = [
    Peer(
        "moto",
        [str(VENV / "bin" / "moto_server"), "-p", "{port}"],
        "Keeps state: the dedicated IP pools of SES v2. It accepts every name, so its error is an unknown pool. "
        "It closes every connection.",
        base="/v2/email/dedicated-ip-pools",
        name_field="PoolName",
        error=Request("GET", "/v2/email/dedicated-ip-pools/none", status=404),
        headers={"Authorization": "AWS4-HMAC-SHA256 Credential=bench/20300101/us-east-1/ses/aws4_request"},
        seeds=[{"PoolName": name} for name in NAMES],
        package="moto==",
    ),
    Peer(
        "pytest-httpserver",
        [str(VENV / "bin" / "python"), str(HERE / "stubs.py"), "{port}", json.dumps(STUBS)],
        "Static responses. It closes every connection.",
        package="pytest_httpserver==",
    ),
    Peer(
        "Prism",
        ["node", str(MODULES / "@stoplight/prism-cli/dist/index.js"), "mock", str(ROOT / "openapi" / "sendgrid.yaml"),
         "--port", "{port}", "--verboseLevel", "silent"],
        "Serves the same openapi/sendgrid.yaml: validates requests, returns the document's examples, keeps no state. "
        "Its error is a body without a name.",
        error=Request("POST", "/v3/ips/pools", {}, 400),
        headers={"Authorization": "Bearer bench"},
        package="@stoplight/prism-cli",
    ),
    Peer(
        "Mockoon",
        ["node", str(MODULES / "@mockoon/cli/bin/run.js"), "start", "--data", "{folder}/pools.json", "--port", "{port}",
         "--disable-log-to-file", "--disable-admin-api"],
        "Static responses, one rule for the error.",
        files={"pools.json": _mockoon()},
        package="@mockoon/cli",
    ),
    Peer(
        "json-server",
        ["node", str(MODULES / "json-server/lib/cli/bin.js"), "{folder}/db.json", "--port", "{port}", "--quiet"],
        "Keeps state, in a file that it writes at every change. Its error is a 500, for an id that exists.",
        base="/pools",
        name_field="id",
        created=201,
        error=Request("POST", "/pools", {"id": "campaigns"}, 500),
        files={"db.json": {"pools": [{"id": name, "ips": POOL["ips"]} for name in NAMES]}},
        package="json-server",
    ),
    Peer(
        "emulate",
        ["node", str(MODULES / "emulate/dist/index.js"), "start", "--service", "resend", "--port", "{port}"],
        "Keeps state: the domains of Resend, which are closest to pools. A domain is deleted by an id of the server, "
        "so the load only creates. Its error is a body without a name. It allows 5,000 requests per token and hour, "
        "so the load has many tokens.",
        base="/domains",
        one="/{id}",
        error=Request("POST", "/domains", {}, 422),
        headers={"Authorization": "Bearer re_{turn}"},
        seeds=[{"name": f"{name}.example.com"} for name in NAMES],
        by_id=True,
        package="emulate",
    ),
    Peer(
        "WireMock",
        ["java", "-jar", "{wiremock}", "--port", "{port}", "--root-dir", "{folder}", "--disable-banner",
         "--disable-request-logging"],
        "Static responses; it records all requests.",
        files={"mappings/pools.json": _wiremock()},
        package="wiremock",
    ),
]  # fmt: skip


def install(chosen: Sequence[Peer]) -> dict[str, str]:
    """Install the peers, in folders that git ignores; return those that failed, each with the reason."""
    compileall.compile_dir(ROOT / "mockserver", quiet=1)  # as pip does
    missing: dict[str, str] = {}
    python = [peer for peer in chosen if peer.package.endswith("==")]
    others = [peer for peer in chosen if peer.package and peer not in python]
    for mine, set_up in ((python, _set_up_venv), (others, _set_up_npm)):
        try:
            if mine:
                set_up()
        except (OSError, subprocess.CalledProcessError) as error:
            missing |= {peer.name: f"cannot be installed: {error}" for peer in mine}
    for peer in chosen:
        if peer.name not in missing and shutil.which(peer.command[0]) is None:
            missing[peer.name] = f"{Path(peer.command[0]).name} is not installed"
    return missing


def _set_up_venv() -> None:
    wanted = HERE / "requirements.txt"
    stamp = VENV / wanted.name
    if not stamp.exists() or stamp.read_bytes() != wanted.read_bytes():
        _run([sys.executable, "-m", "venv", str(VENV)])
        pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, "-r", str(wanted)])
        shutil.copy(wanted, stamp)


def _set_up_npm() -> None:
    lock, installed = NPM / "package-lock.json", MODULES / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        _run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"], cwd=NPM)


def _run(command: Sequence[str], cwd: Path | None = None) -> None:
    print("$", shlex.join([Path(command[0]).name, *command[1:]]), flush=True)
    subprocess.run(command, check=True, cwd=cwd, stdout=subprocess.DEVNULL)


class Running:
    """A server process; a context manager that stops it."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.port = _free_port()
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        for name, content in peer.files.items():
            file = folder / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(json.dumps(content))
        jar = next(MODULES.glob("wiremock/build/*.jar"), "")
        places = {"{port}": str(self.port), "{folder}": str(folder), "{wiremock}": str(jar)}
        command = [places.get(part, part).replace("{folder}", str(folder)) for part in peer.command]
        self._stderr = (folder / "stderr.txt").open("w+b")
        changing = ("MOCKSERVER_", "PYTHONDONTWRITEBYTECODE")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(changing)}
        began = time.perf_counter()
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._stderr,
            start_new_session=True,
        )
        self._turns = 0
        self._one = peer.one
        try:
            self._wait()
            self.ready = time.perf_counter() - began
            """Seconds from the start of the process to the first response of 200."""
        except BaseException:
            self.close()
            raise

    def _wait(self) -> None:
        (request,) = self.peer.requests("list")
        deadline = time.monotonic() + START
        while True:
            with contextlib.suppress(OSError, HTTPException):
                if self.send(request)[0] == 200:
                    return
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._stderr.seek(0)
                raise RuntimeError(f"{self.peer.name} is not ready: {self._stderr.read()[-500:].decode()}")
            time.sleep(0.002)

    def send(self, *requests: Request) -> tuple[int, bytes]:
        """Send requests over one connection, if it is kept; return the status and the body of the last response."""
        link = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            for each in requests:
                turn = self._turn()
                headers = {name: value.replace("{turn}", turn) for name, value in self.peer.headers.items()}
                body = None
                if each.body is not None:
                    headers["Content-Type"], body = "application/json", json.dumps(each.body)
                link.request(each.method, each.path, body, headers)
                response = link.getresponse()
                body_read = response.read()
        finally:
            link.close()
        return response.status, body_read

    def _turn(self) -> str:
        self._turns += 1
        return str(self._turns)

    def prepare(self) -> None:
        """Create what the load needs."""
        for seed in self.peer.seeds:
            _, created = self.send(Request("POST", self.peer.base, seed))
            if self.peer.by_id:
                self._one = f"/{json.loads(created)['id']}"
        self._seeded = self._ids() if self.peer.by_id else set()
        for case in CASES:
            for request in self.requests(case)[:1]:
                status, body = self.send(request)
                if status != request.status:
                    raise RuntimeError(f"{self.peer.name}, {case}: expected {request.status}, got {status} {body!r}")
        self.clean()

    def requests(self, case: str) -> list[Request]:
        """Return what the load sends in turn, with the path of a pool that exists."""
        if case == "get":
            return [Request("GET", self.peer.base + self._one)]
        return self.peer.requests(case)

    def raw(self, case: str) -> list[bytes]:
        """Return the same as bytes; where each request is to differ, often enough for a round."""
        requests = self.requests(case)
        differ = any("{turn}" in value for value in self.peer.headers.values())
        return [each.raw(self.port, self.peer.headers, self._turn()) for each in requests * (64 if differ else 1)]

    def fill(self) -> None:
        """Create the half of the ring that the load deletes first."""
        if not self.peer.by_id:
            self.send(*(self.peer.create(f"bench{number}") for number in range(RING // 2, RING)))

    def clean(self) -> None:
        """Delete what the load created."""
        if self.peer.by_id:
            self.send(Request("GET", self.peer.base), *(self.peer.delete(each) for each in self._ids() - self._seeded))
        else:
            self.send(*(self.peer.delete(f"bench{number}") for number in range(RING)))

    def _ids(self) -> set[str]:
        return {each["id"] for each in json.loads(self.send(Request("GET", self.peer.base))[1])["data"]}

    def memory(self) -> int:
        """Return the proportional set size of the process and its children, in bytes."""
        found, total = [self._process.pid], 0
        while found:
            process = Path(f"/proc/{found.pop()}")
            with contextlib.suppress(OSError):
                total += int((process / "smaps_rollup").read_text().split("Pss:")[1].split()[0]) * 1024
                for task in process.glob("task/*/children"):
                    found += map(int, task.read_text().split())
        return total

    def close(self) -> None:
        """Stop the process and its children."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._stderr.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port
