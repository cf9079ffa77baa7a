"""Sending through Mailgun's pools with the official clients, `mailgun` for Python and mailgun.js."""

import email.message

import pytest
from mailgun.client import Client

from mockserver.web.server_state import server_state

from ..npm import run

MARKETING = "658041ae44842b99ee2eaa1c"
NEWS = "news.example.com"
RECEIPT = {"from": f"Shop <shop@{NEWS}>", "to": "bob@example.org", "subject": "Receipt", "text": "Thank you"}


@pytest.fixture
def client(live, mailgun_key):
    """Return the client of a tenant of its own."""
    with Client(auth=("api", mailgun_key), api_url=f"{live.url}/mailgun") as client:
        yield client


@pytest.fixture
def outbox(live, mailgun_key):
    """Return a function that returns the messages of the tenant."""
    server = server_state(live.app)
    return lambda: (
        server.tenants.get(server.tenants.find("mailgun", mailgun_key)).read().state("mailgun").outbox.messages
    )


@pytest.mark.evidence("clients", "mailgun for Python")
def test_messages(client, outbox):
    sent = client.messages.create(
        data={**RECEIPT, "to": ["bob@example.org", "Eve <eve@example.org>"], "o:sending-ip-pool": MARKETING},
        files=[("attachment", ("a.bin", b"\xff\0"))],
        domain=NEWS,
    )
    assert (sent.status_code, sent.json()["message"]) == (200, "Queued. Thank you.")
    (message,) = outbox()
    assert (message.message_id, message.pool_name, message.ip) == (sent.json()["id"], "Marketing", "192.0.2.21")
    assert message.recipients == ("bob@example.org", "eve@example.org")
    assert [part.filename for part in message.parts] == [None, "a.bin"]


@pytest.mark.evidence("clients", "mailgun for Python")
def test_mime_messages(client, outbox):
    mime = email.message.EmailMessage()
    mime["From"], mime["Subject"], mime["X-Mailgun-Sending-Ip-Pool"] = RECEIPT["from"], "Receipt", MARKETING
    mime.set_content("Thank you")
    sent = client.mimemessage.create(data={"to": "bob@example.org"}, files={"message": mime.as_string()}, domain=NEWS)
    assert sent.status_code == 200, sent.text
    (message,) = outbox()
    assert (message.pool_name, message.subject, message.sender) == ("Marketing", "Receipt", f"shop@{NEWS}")


@pytest.mark.evidence("clients", "mailgun for Python")
@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        ({"from": ""}, 400, "from parameter is missing"),
        ({"to": ""}, 400, "to parameter is missing"),
        ({"to": "bob"}, 400, "to parameter is not a valid address. please check documentation"),
        (
            {"text": ""},
            400,
            "Need at least one of 'text', 'html', 'amp-html' or 'template' parameters specified",
        ),
        ({"html": "<p>", "template": "t"}, 400, "Only one parameters 'html' or 'template' is allowed"),
        ({"o:deliverytime": "soon"}, 400, "soon is not an RFC-2822 compliant date"),
        ({"recipient-variables": "{"}, 400, "'recipient-variables' parameter is not a valid JSON"),
        ({"to": ",".join(f"{n}@example.org" for n in range(1001))}, 400, "Too many recipients, max is 1000"),
        (
            {"v:a": "x" * 16_384},
            400,
            "Send options (parameters starting with o:, h:, or v:) are limited to 16KB total",
        ),
        ({"o:sending-ip": "203.0.113.9"}, 403, "Rejected: IP 203.0.113.9 can't be used to send the message"),
    ],
)
def test_refused_messages(client, outbox, change, status, message):
    response = client.messages.create(data={**RECEIPT, **change}, domain=NEWS)
    assert (response.status_code, response.json()) == (status, {"message": message})
    assert outbox() == ()


@pytest.mark.node
@pytest.mark.slow
@pytest.mark.evidence("clients", "mailgun.js")
def test_mailgun_js(live, node, mailgun_key, outbox):
    run([node, "mailgun-sending.mjs"], timeout=60, BASE_URL=f"{live.url}/mailgun", API_KEY=mailgun_key)
    plain, test, mime = outbox()
    assert (plain.pool_name, plain.ip, plain.recipients) == (
        "Marketing",
        "192.0.2.21",
        ("bob@example.org", "eve@example.org"),
    )
    assert (test.status, test.pool_name) == ("test", "Marketing")
    assert [(part.filename, part.content_type) for part in test.parts[1:]] == [
        ("a.bin", "application/octet-stream"),
        ("logo.png", "image/png"),
    ]
    assert (mime.message_id, mime.pool_name) == ("<receipt-7@example.org>", "Marketing")
