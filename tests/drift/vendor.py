"""This server as the real service of a provider, with planted differences."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import run_wsgi_app

from mockserver import create_app


class Answer(NamedTuple):
    """A response of the service. Its body is JSON, or text."""

    status: int
    content_type: str
    body: Any


Change = Callable[[str, str, Answer], Answer | None]
"""Returns another response for a method and a path; None for an incomplete one."""


class Vendor(NamedTuple):
    """A service."""

    url: str
    app: Flask
    requests: list[tuple[str, str]]
    """Method and path of each request."""
    headers: list[Mapping[str, str]]


class _QuietHandler(WSGIRequestHandler):
    def log(self, *_: object, **__: object) -> None:
        pass


@contextmanager
def running_vendor(provider: str, change: Change | None = None, **settings: Any) -> Iterator[Vendor]:
    """Run this server as the service of a provider; `change` plants differences."""
    app = create_app(**settings)
    requests: list[tuple[str, str]] = []
    headers: list[Mapping[str, str]] = []

    def wsgi(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        requests.append((method, path))
        headers.append({name: value for name, value in environ.items() if name.startswith("HTTP_")})
        environ["PATH_INFO"] = f"/{provider}{path}"
        environ["REQUEST_URI"] = f"/{provider}{environ['REQUEST_URI']}"
        chunks, status, found = run_wsgi_app(app, environ, buffered=True)
        data, content_type = b"".join(chunks), found.get("Content-Type", "")
        is_json = "json" in content_type and data
        answer = Answer(int(status[:3]), content_type, json.loads(data) if is_json else data.decode())
        if change is not None:
            changed = change(method, path, answer)
            if changed is None:  # the response ends early
                start_response("200 OK", [("Content-Length", "1000"), ("Content-Type", "application/json")])
                return [b"{"]
            answer = changed
        is_text = isinstance(answer.body, str) and "json" not in answer.content_type
        body = (answer.body if is_text else json.dumps(answer.body)).encode()
        headers_sent = [("Content-Length", str(len(body)))]
        headers_sent += [("Content-Type", answer.content_type)] if answer.content_type else []
        headers_sent += [("Location", "/elsewhere")] if answer.status == 302 else []
        start_response(f"{answer.status} Status", headers_sent)
        return [body]

    server = make_server("127.0.0.1", 0, wsgi, request_handler=_QuietHandler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Vendor(f"http://127.0.0.1:{server.port}", app, requests, headers)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
