"""The servers that are measured: how each is set up and started, and which requests of it are comparable."""

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

from mockserver.server import CONNECTIONS, MAX_BODY

ROOT = Path(__file__).parent.parent
HERE = Path(__file__).parent
VENV = ROOT / ".venv-bench"
NPM = HERE / "npm"
MODULES = NPM / "node_modules"
CASES = ("list", "get", "create", "refusal")
RING = 64
"""How many names the load creates and deletes in turn; half of them are there at any time."""
START = 60.0
"""How long a server may take to answer, in seconds."""


@dataclass(frozen=True)
class Request:
    """One request, and the status that it is to be answered with. `{turn}` in a header differs each time."""

    method: str
    path: str
    body: Any = None
    status: int = 200

    def raw(self, port: int, headers: Mapping[str, str], turn: str) -> bytes:
        """Return it as it goes over the wire."""
        body = b"" if self.body is None else json.dumps(self.body).encode()
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
        lines += [f"{name}: {value.replace('{turn}', turn)}" for name, value in headers.items()]
        if body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(frozen=True)
class Peer:
    """A server; `{port}` and `{folder}` in its command stand for where it listens and for a folder with its files."""

    name: str
    command: Sequence[str]
    note: str
    """What of it is measured, and why that is comparable or not."""
    base: str = "/v3/ips/pools"
    one: str = "/marketing"
    """What follows the base when one pool is asked for."""
    name_field: str = "name"
    created: int = 200
    refusal: Request = field(default_factory=lambda: Request("POST", "/v3/ips/pools", {"name": "marketing"}, 400))
    headers: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Any] = field(default_factory=dict)
    seeds: Sequence[Mapping[str, Any]] = ()
    """What is created before anything is measured."""
    by_id: bool = False
    """Whether a thing is deleted by the id that it was given; then the load creates, and never deletes."""
    package: str = ""
    """Whose version is told, on npm, or on PyPI if it ends in `==`."""

    def create(self, name: str) -> Request:
        return Request("POST", self.base, {self.name_field: name}, self.created)

    def delete(self, name: str) -> Request:
        return Request("DELETE", f"{self.base}/{name}")

    def requests(self, case: str) -> list[Request]:
        """Return what the load sends round and round."""
        match case:
            case "list":
                return [Request("GET", self.base)]
            case "get":
                return [Request("GET", self.base + self.one)]
            case "refusal":
                return [self.refusal]
            case _ if self.by_id:
                return [self.create("bench.example.com")]
        return [
            each
            for number in range(RING)
            for each in (self.create(f"bench{number}"), self.delete(f"bench{(number + RING // 2) % RING}"))
        ]

    def version(self) -> str:
        """Return the version that is installed, or nothing."""
        if self.package.endswith("=="):
            found = list(VENV.glob(f"lib/python*/site-packages/{self.package[:-2].replace('-', '_')}-*.dist-info"))
            return found[0].name.removesuffix(".dist-info").rpartition("-")[2] if found else ""
        if self.package:
            file = MODULES / self.package / "package.json"
            return json.loads(file.read_text())["version"] if file.exists() else ""
        return importlib.metadata.version("esp-mockserver" if self.name == "mockserver" else "flask")


NAMES = ("transactional", "marketing", "europe", "worldwide", "spare")
POOLS = [{"name": name} for name in NAMES]
POOL = {"pool_name": "marketing", "ips": ["167.89.21.2", "167.89.21.3", "167.89.21.201"]}
TAKEN = {"errors": [{"field": "name", "message": "pool already exists"}]}
STUBS: list[tuple[str, str, Any, int, Any]] = [
    ("GET", "/v3/ips/pools", None, 200, POOLS),
    ("GET", "/v3/ips/pools/marketing", None, 200, POOL),
    ("POST", "/v3/ips/pools", {"name": "marketing"}, 400, TAKEN),
    ("POST", "/v3/ips/pools", None, 200, {"name": "bench"}),
    ("DELETE", "/v3/ips/pools/.*", None, 200, {}),
]
"""What servers of static answers are told: method, path, body if it matters, status, answer."""
SETTINGS = {
    "threads": 8,
    "connection_limit": CONNECTIONS,
    "max_request_body_size": MAX_BODY,
    "ident": None,
    "log_socket_errors": False,
    "clear_untrusted_proxy_headers": False,
}
"""What mockserver sets waitress to; the threads are those it has over a store that may wait."""


def _mockoon() -> dict[str, Any]:
    """Return the static answers as an environment of Mockoon."""
    routes: dict[tuple[str, str], dict[str, Any]] = {}
    for number, (method, path, sent, status, answer) in enumerate(STUBS):
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
                "body": json.dumps(answer),
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
    """Return the static answers as mappings of WireMock."""
    return {
        "mappings": [
            {
                "priority": 1 if sent else 5,
                "request": {
                    "method": method,
                    "urlPathPattern": path,
                    **({"bodyPatterns": [{"equalToJson": sent}]} if sent else {}),
                },
                "response": {"status": status, "jsonBody": answer, "headers": {"Content-Type": "application/json"}},
            }
            for method, path, sent, status, answer in STUBS
        ]
    }


BARE = Peer(
    "bare Flask",
    [sys.executable, str(HERE / "bare.py"), "{port}", json.dumps(SETTINGS)],
    "Four handlers over a dict, on waitress as it comes: no checks, no tenants, no journal. The measure of the others.",
)
OURS = Peer(
    "mockserver",
    [sys.executable, "-m", "mockserver", "serve", "--port", "{port}"],
    "As `make serve` starts it: every request is checked and journaled, every answer held against the contract.",
    base="/sendgrid/v3/ips/pools",
    refusal=Request("POST", "/sendgrid/v3/ips/pools", {"name": "marketing"}, 400),
    headers={"Authorization": f"Bearer SG.{'benchmark'.ljust(22, '0')}.{'benchmark'.ljust(43, '0')}"},
)
PEERS = [
    Peer(
        "moto",
        [str(VENV / "bin" / "moto_server"), "-p", "{port}"],
        "Keeps state: the dedicated IP pools of SES v2. It refuses no name, so its refusal is an unknown pool. "
        "Its server closes every connection.",
        base="/v2/email/dedicated-ip-pools",
        name_field="PoolName",
        refusal=Request("GET", "/v2/email/dedicated-ip-pools/none", status=404),
        headers={"Authorization": "AWS4-HMAC-SHA256 Credential=bench/20300101/us-east-1/ses/aws4_request"},
        seeds=[{"PoolName": name} for name in NAMES],
        package="moto==",
    ),
    Peer(
        "pytest-httpserver",
        [str(VENV / "bin" / "python"), str(HERE / "stubs.py"), "{port}", json.dumps(STUBS)],
        "Static answers. Its server closes every connection.",
        package="pytest_httpserver==",
    ),
    Peer(
        "Prism",
        ["node", str(MODULES / "@stoplight/prism-cli/dist/index.js"), "mock", str(ROOT / "openapi" / "sendgrid.yaml"),
         "--port", "{port}", "--verboseLevel", "silent"],
        "Serves mockserver's own openapi/sendgrid.yaml: checks requests, answers with the document's examples, keeps "
        "no state. Its refusal is a body without a name.",
        refusal=Request("POST", "/v3/ips/pools", {}, 400),
        headers={"Authorization": "Bearer bench"},
        package="@stoplight/prism-cli",
    ),
    Peer(
        "Mockoon",
        ["node", str(MODULES / "@mockoon/cli/bin/run.js"), "start", "--data", "{folder}/pools.json", "--port", "{port}",
         "--disable-log-to-file", "--disable-admin-api"],
        "Static answers, one rule for the refusal.",
        files={"pools.json": _mockoon()},
        package="@mockoon/cli",
    ),
    Peer(
        "json-server",
        ["node", str(MODULES / "json-server/lib/cli/bin.js"), "{folder}/db.json", "--port", "{port}", "--quiet"],
        "Keeps state, in a file that it writes at every change. Its refusal of an id that is taken is a 500.",
        base="/pools",
        name_field="id",
        created=201,
        refusal=Request("POST", "/pools", {"id": "marketing"}, 500),
        files={"db.json": {"pools": [{"id": name, "ips": POOL["ips"]} for name in NAMES]}},
        package="json-server",
    ),
    Peer(
        "emulate",
        ["node", str(MODULES / "emulate/dist/index.js"), "start", "--service", "resend", "--port", "{port}"],
        "Keeps state: the domains of Resend, the nearest to pools that it has. A domain is deleted by the id that it "
        "was given, so the load only creates. Its refusal is a body without a name. It admits 5,000 requests of a "
        "token an hour, so the load has many tokens.",
        base="/domains",
        one="/{id}",
        refusal=Request("POST", "/domains", {}, 422),
        headers={"Authorization": "Bearer re_{turn}"},
        seeds=[{"name": f"{name}.example.com"} for name in NAMES],
        by_id=True,
        package="emulate",
    ),
    Peer(
        "WireMock",
        ["java", "-jar", "{wiremock}", "--port", "{port}", "--root-dir", "{folder}", "--disable-banner",
         "--disable-request-logging"],
        "Static answers; it keeps a journal of all requests.",
        files={"mappings/pools.json": _wiremock()},
        package="wiremock",
    ),
]  # fmt: skip


def install(chosen: Sequence[Peer]) -> dict[str, str]:
    """Set up what peers need, in folders that git ignores; return those that cannot be, each with the reason."""
    compileall.compile_dir(ROOT / "mockserver", quiet=1)  # as pip does: Python itself may be told to write no bytecode
    missing: dict[str, str] = {}
    python = [peer for peer in chosen if peer.package.endswith("==")]
    others = [peer for peer in chosen if peer.package and peer not in python]
    for mine, set_up in ((python, _set_up_venv), (others, _set_up_npm)):
        try:
            if mine:
                set_up()
        except (OSError, subprocess.CalledProcessError) as error:
            missing |= {peer.name: f"it cannot be installed: {error}" for peer in mine}
    for peer in chosen:
        if peer.name not in missing and shutil.which(peer.command[0]) is None:
            missing[peer.name] = f"there is no {Path(peer.command[0]).name} here"
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
    """A server that was started, until it is closed."""

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
        self._said = (folder / "said.txt").open("w+b")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MOCKSERVER_")}
        began = time.perf_counter()
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._said,
            start_new_session=True,
        )
        self._turns = 0
        self._one = peer.one
        try:
            self._wait()
            self.ready = time.perf_counter() - began
            """Seconds from its start to its first answer of 200."""
        except BaseException:
            self.close()
            raise

    def _wait(self) -> None:
        (asked,) = self.peer.requests("list")
        deadline = time.monotonic() + START
        while True:
            with contextlib.suppress(OSError, HTTPException):
                if self.ask(asked)[0] == 200:
                    return
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._said.seek(0)
                raise RuntimeError(f"{self.peer.name} does not answer: {self._said.read()[-500:].decode()}")
            time.sleep(0.002)

    def ask(self, *asked: Request) -> tuple[int, bytes]:
        """Ask over one connection if it is kept; return the status and the body of the last answer."""
        link = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            for each in asked:
                turn = self._turn()
                headers = {name: value.replace("{turn}", turn) for name, value in self.peer.headers.items()}
                body = None
                if each.body is not None:
                    headers["Content-Type"], body = "application/json", json.dumps(each.body)
                link.request(each.method, each.path, body, headers)
                answer = link.getresponse()
                read = answer.read()
        finally:
            link.close()
        return answer.status, read

    def _turn(self) -> str:
        self._turns += 1
        return str(self._turns)

    def prepare(self) -> None:
        """Create what is to be there before the load."""
        for seed in self.peer.seeds:
            _, answer = self.ask(Request("POST", self.peer.base, seed))
            if self.peer.by_id:
                self._one = f"/{json.loads(answer)['id']}"
        self._seeded = self._ids() if self.peer.by_id else set()
        for case in CASES:
            for asked in self.requests(case)[:1]:
                status, answer = self.ask(asked)
                if status != asked.status:
                    raise RuntimeError(f"{self.peer.name}, {case}: {status} {answer[:200]!r}, not {asked.status}")
        self.clean()

    def requests(self, case: str) -> list[Request]:
        """Return what the load sends round and round, for the pool that is there."""
        if case == "get":
            return [Request("GET", self.peer.base + self._one)]
        return self.peer.requests(case)

    def raw(self, case: str) -> list[bytes]:
        """Return the same as it goes over the wire; where each request is to differ, often enough for a round."""
        asked = self.requests(case)
        differ = any("{turn}" in value for value in self.peer.headers.values())
        return [each.raw(self.port, self.peer.headers, self._turn()) for each in asked * (64 if differ else 1)]

    def fill(self) -> None:
        """Create the half of the ring that the load deletes first."""
        if not self.peer.by_id:
            self.ask(*(self.peer.create(f"bench{number}") for number in range(RING // 2, RING)))

    def clean(self) -> None:
        """Delete what the load left."""
        if self.peer.by_id:
            self.ask(Request("GET", self.peer.base), *(self.peer.delete(each) for each in self._ids() - self._seeded))
        else:
            self.ask(*(self.peer.delete(f"bench{number}") for number in range(RING)))

    def _ids(self) -> set[str]:
        return {each["id"] for each in json.loads(self.ask(Request("GET", self.peer.base))[1])["data"]}

    def memory(self) -> int:
        """Return the proportional set size of the process and of those that it started, in bytes."""
        found, total = [self._process.pid], 0
        while found:
            process = Path(f"/proc/{found.pop()}")
            with contextlib.suppress(OSError):
                total += int((process / "smaps_rollup").read_text().split("Pss:")[1].split()[0]) * 1024
                for task in process.glob("task/*/children"):
                    found += map(int, task.read_text().split())
        return total

    def close(self) -> None:
        """Stop it, and what it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._said.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port
