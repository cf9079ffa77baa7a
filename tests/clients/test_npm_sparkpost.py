"""nodemailer's transport for SparkPost."""

import pytest
import requests

from ..npm import run

pytestmark = [pytest.mark.node, pytest.mark.slow]


@pytest.mark.evidence("clients", "nodemailer-sparkpost-transport")
def test_nodemailer(live, node, sparkpost_key):
    """A message has a pool, copies and an attachment, or is MIME; the errors are those of the client."""
    run([node, "sparkpost-nodemailer.mjs"], timeout=60, BASE_URL=f"{live.url}/sparkpost", API_KEY=sparkpost_key)
    control = f"{live.url}/_mockserver/tenants"
    body = {"provider": "sparkpost", "credential": sparkpost_key}
    tenant = requests.post(f"{control}/lookup", json=body, timeout=10).json()["id"]
    state = requests.get(f"{control}/{tenant}/state", timeout=10).json()["state"]["sparkpost"]
    first, second = state["outbox"]["messages"]
    assert (first["pool"], first["ip"], first["recipients"]) == (
        "marketing",
        "54.244.54.135",
        ["wilma@example.com", "fred@example.com"],
    )
    assert dict(first["headers"])["From"] == '"Example Shop" <shop@example.com>'
    assert (second["pool"], second["ip"], second["subject"]) == ("marketing", "54.244.54.137", "Hello")
