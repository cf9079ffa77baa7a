"""What Schemathesis must know to fuzz a server of ours: a credential, and what no schema can say."""

from __future__ import annotations

import base64
import json
import secrets
from typing import Any

from . import resources
from .contract import Contract
from .provider import Provider

FILE = "schemathesis.toml"
STATUSES = ("2xx", 400, 401, 403, 404, 422)
"""How a request that fits the schema may be answered."""


def fresh_key(provider: Provider) -> str:
    """Return a well-formed credential that no server has seen: it opens a tenant of its own."""
    return provider.new_credential(secrets.token_hex(32))


def command(provider: Provider, url: str, *, published: bool, ca: str | None = None) -> list[str]:
    """Return the command; the document is the server's own if that is published, the packaged one if not."""
    start = ["schemathesis", "--config-file", FILE, "run", *(["--tls-verify", ca] if ca is not None else [])]
    if published:
        return [*start, f"{url}/_mockserver/openapi/{provider.name}.json"]
    packaged = resources.folder("openapi") / f"{provider.name}.yaml"
    return [*start, str(packaged), "--url", f"{url}/{provider.name}"]


def configuration(provider: Provider, key: str) -> str:
    """Return the configuration, TOML."""
    document = Contract.load(provider.name).document
    name = next(iter(document["security"][0]))
    fields = _credential(document["components"]["securitySchemes"][name], provider.authorization(key))
    statuses = json.dumps(STATUSES)
    lines = [
        f"[auth.openapi.{name}]",
        *(f"{field} = {json.dumps(value)}" for field, value in fields.items()),
        "",
        "# No schema can say which pools and IPs there are, so a request that fits may be refused all the same; and",
        "# a 404 may be about something else that the request names, so it does not tell that a pool is missing.",
        "[checks]",
        f"positive_data_acceptance.expected-statuses = {statuses}",
        "ensure_resource_availability.enabled = false",
    ]
    partly = [
        operation.id
        for operation in provider.operations
        if any(path in provider.unmodelled for path in operation.paths)
    ]
    if partly:
        lines += [
            "",
            "# These paths have further methods that mockserver does not model: 501 on purpose, and in Allow.",
            "[[operations]]",
            f"include-operation-id = {json.dumps(partly)}",
            "[operations.checks]",
            'not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 501]',
            "unsupported_method.enabled = false",
            "allow_header_conformance.enabled = false",
        ]
    return "\n".join(lines) + "\n"


def _credential(scheme: dict[str, Any], authorization: str) -> dict[str, str]:
    """Return a credential in the fields that Schemathesis has for a security scheme."""
    if scheme["type"] == "apiKey":
        return {"api_key": authorization}
    word, _, rest = authorization.partition(" ")
    if word == "Bearer":
        return {"bearer": rest}
    username, _, password = base64.b64decode(rest).decode().partition(":")
    return {"username": username, "password": password}
