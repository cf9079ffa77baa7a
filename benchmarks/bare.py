"""Bare Flask, the baseline: the pool operations over a dict, on stock waitress.

    python benchmarks/bare.py PORT

Its views parse JSON, return the bytes that mockserver returns and their own 400, and check nothing. It declares one
marshmallow schema, for the start-up time, and does not use it. Nothing of mockserver is imported.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

import waitress
from flask import Flask, Response, request
from marshmallow import Schema, fields

app = Flask("bare", static_folder=None)
IPS: dict[str, list[str]] = {
    "transactional": ["203.0.113.1", "203.0.113.2"],
    "campaigns": ["203.0.113.2", "203.0.113.3", "203.0.113.201"],
    "europe": ["198.51.100.1", "198.51.100.2"],
    "worldwide": [],
    "spare": [],
    "new_test5": ["167.89.21.3"],
}
"""The IPs of each pool at the start."""
pools = dict(IPS)


class PoolSchema(Schema):
    name = fields.String(required=True)


def json_response(data: Any, status: int = 200) -> Response:
    # `jsonify` would add a newline, and take longer
    return Response(json.dumps(data, separators=(",", ":")), status, mimetype="application/json")


@app.get("/v3/ips/pools")
def list_pools() -> Response:
    return json_response([{"name": name} for name in pools])


@app.post("/v3/ips/pools")
def create_pool() -> Response:
    name = request.get_json()["name"]
    if name in pools:
        return json_response({"errors": [{"field": "name", "message": "already exists"}]}, 400)
    pools[name] = []
    return json_response({"name": name})


@app.get("/v3/ips/pools/<name>")
def get_pool(name: str) -> Response:
    return json_response({"ips": pools[name], "pool_name": name})


@app.delete("/v3/ips/pools/<name>")
def delete_pool(name: str) -> Response:
    pools.pop(name, None)
    return json_response({})  # after a 204, waitress closes the connection


if __name__ == "__main__":
    # more connections than threads: waitress would log a warning at almost every request
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    waitress.serve(app, host="127.0.0.1", port=int(sys.argv[1]))
