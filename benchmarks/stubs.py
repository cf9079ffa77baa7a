"""A pytest-httpserver with static JSON responses: python benchmarks/stubs.py PORT ROUTES."""

from __future__ import annotations

import json
import re
import sys
import threading

from pytest_httpserver import HTTPServer

if __name__ == "__main__":
    server = HTTPServer(host="127.0.0.1", port=int(sys.argv[1]), threaded=True)
    for method, path, sent, status, body in json.loads(sys.argv[2]):
        matched = {"json": sent} if sent is not None else {}
        handler = server.expect_request(re.compile(path), method=method, **matched)
        handler.respond_with_json(body, status=status)
    server.start()
    threading.Event().wait()
