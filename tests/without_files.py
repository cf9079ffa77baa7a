"""A server that notes what its requests open, or that has no file descriptor left. `test_reliability` runs it.

It reads requests from stdin, `[METHOD, PATH, HEADERS, BODY]`, sends each on one connection, and prints the statuses,
what was opened, and the request log.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import resource
import sys
import threading
from pathlib import Path
from typing import Any

from mockserver.server import start

opened: list[str] = []


def note(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("open", "import") and threading.current_thread().name.startswith("mockserver"):
        opened.append(f"{event} {arguments[0]}")


def exhaust() -> None:
    """Leave no file descriptor."""
    highest = max(int(each.name) for each in Path("/proc/self/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    with contextlib.suppress(OSError):
        while True:
            os.dup(0)


def main() -> None:
    requests = json.loads(sys.stdin.read())
    with start() as server:
        connection = http.client.HTTPConnection(server.host, server.port, timeout=60)

        def send(method: str, path: str, headers: dict[str, str], body: str | None) -> tuple[int, str]:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read().decode()

        send("GET", "/_mockserver/live", {}, None)  # the connection is accepted
        if "--exhausted" in sys.argv:
            exhaust()
        sys.addaudithook(note)
        statuses = [send(*each)[0] for each in requests]
        now_opened = list(opened)
        logged: list[dict[str, Any]] = []
        page: dict[str, Any] = {"has_more": True}
        while page["has_more"]:
            before = f"&before={logged[0]['seq']}" if logged else ""
            page = json.loads(send("GET", f"/_mockserver/tenants/default/requests?limit=1000{before}", {}, None)[1])
            logged = page["requests"] + logged
        print(json.dumps({"statuses": statuses, "opened": now_opened, "logged": [each["status"] for each in logged]}))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
