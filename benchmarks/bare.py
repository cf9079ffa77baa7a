"""A bare Flask application on waitress, the measure of all things here: no checks, no tenants, no journal.

    python benchmarks/bare.py PORT SETTINGS

The settings are those that mockserver gives to waitress, as JSON. Nothing of mockserver is imported.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from flask import Flask, request
from waitress.server import create_server

app = Flask("bare", static_folder=None)
pools: dict[str, list[str]] = {
    "transactional": ["167.89.21.1", "167.89.21.2"],
    "marketing": ["167.89.21.2", "167.89.21.3", "167.89.21.201"],
    "europe": ["159.183.0.1", "159.183.0.2"],
    "worldwide": [],
    "spare": [],
}


@app.get("/v3/ips/pools")
def list_pools() -> Any:
    return [{"name": name} for name in pools]


@app.post("/v3/ips/pools")
def create_pool() -> Any:
    name = request.get_json()["name"]
    if name in pools:
        return {"errors": [{"field": "name", "message": "pool already exists"}]}, 400
    pools[name] = []
    return {"name": name}


@app.get("/v3/ips/pools/<name>")
def get_pool(name: str) -> Any:
    return {"pool_name": name, "ips": pools[name]}


@app.delete("/v3/ips/pools/<name>")
def delete_pool(name: str) -> Any:
    pools.pop(name, None)
    return {}  # a 204 would close the connection: waitress by itself cannot keep it open without a body


if __name__ == "__main__":
    create_server(app, host="127.0.0.1", port=int(sys.argv[1]), **json.loads(sys.argv[2])).run()
