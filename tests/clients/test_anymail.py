"""Sending through pools from Django, with the backends of django-anymail for all providers."""

import pytest
from anymail.exceptions import AnymailRequestsAPIError
from anymail.message import AnymailMessage
from django.conf import settings
from django.core.mail import get_connection

from mockserver.web.server_state import server_state

pytestmark = [
    pytest.mark.evidence("clients", "django-anymail"),
    # its backend for SendGrid is no longer supported, and Django's newest version renames its API
    pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailNotSupportedWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
]

TRANSACTIONAL = "658041ae44842b99ee2eaa1b"
POOLS = {
    "mailgun": {"o:sending-ip-pool": TRANSACTIONAL},
    "sendgrid": {"ip_pool_name": "transactional"},
    "sparkpost": {"options": {"ip_pool": "transactional"}},
}
"""What chooses a pool of the default seed, by provider: `esp_extra` of a message."""
OPERATIONS = {"mailgun": "sendMessage", "sendgrid": "sendMail", "sparkpost": "createTransmission"}


@pytest.fixture(scope="module", autouse=True)
def django():
    """Configure Django, which is done once per process."""
    if not settings.configured:
        settings.configure(USE_TZ=True)


@pytest.fixture
def connect(live, request):
    """Return a function that returns the connection of a tenant of its own, and a function that returns its outbox."""

    def connect(provider):
        key = request.getfixturevalue(f"{provider}_key")
        version = {"mailgun": "v3", "sendgrid": "v3", "sparkpost": "api/v1"}[provider]
        options = {"api_key": key, "api_url": f"{live.url}/{provider}/{version}/"}
        if provider == "mailgun":
            options["sender_domain"] = "news.example.com"
        server = server_state(live.app)

        def outbox():
            tenant = server.tenants.get(server.tenants.find(provider, key))
            return tenant.read().state(provider).outbox.messages

        return get_connection(f"anymail.backends.{provider}.EmailBackend", **options), outbox

    return connect


def message(connection, **options):
    return AnymailMessage(
        **{"subject": "Receipt", "body": "Thank you", "from_email": "Shop <shop@news.example.com>", **options},
        connection=connection,
    )


@pytest.mark.parametrize("provider", OPERATIONS)
def test_pool(connect, provider):
    """A message with texts and an attachment leaves by the pool that `esp_extra` names."""
    connection, outbox = connect(provider)
    sent = message(connection, to=["Bob <bob@example.org>"], cc=["copy@example.org"], esp_extra=POOLS[provider])
    sent.attach_alternative("<p>Thank you</p>", "text/html")
    sent.attach("receipt.pdf", b"%PDF", "application/pdf")
    assert sent.send() == 1
    assert sent.anymail_status.status == {"queued"}
    assert sent.anymail_status.recipients.keys() == {"bob@example.org", "copy@example.org"}
    (found,) = outbox()
    assert set(found.recipients) == {"bob@example.org", "copy@example.org"}
    assert (found.subject, found.sender, found.status) == ("Receipt", "shop@news.example.com", "accepted")
    assert (found.pool_name or found.pool).lower() == "transactional"
    assert found.ip is not None
    if provider != "sendgrid":  # there it is an id of django-anymail's own
        assert sent.anymail_status.message_id == found.message_id


@pytest.mark.parametrize("provider", OPERATIONS)
def test_several_messages(connect, provider):
    connection, outbox = connect(provider)
    sent = [message(connection, to=[f"{name}@example.org"]) for name in ("ann", "bob")]
    assert connection.send_messages(sent) == 2
    assert [each.recipients for each in outbox()] == [("ann@example.org",), ("bob@example.org",)]


# Mailgun


def test_options_of_mailgun(connect):
    connection, outbox = connect("mailgun")
    sent = message(
        connection,
        to=["ann@example.org", "bob@example.org"],
        reply_to=["reply@example.org"],
        headers={"X-Mailgun-Sending-Ip-Pool": TRANSACTIONAL},
        tags=["receipt"],
        track_opens=False,
        metadata={"order": 7},
        merge_data={"ann@example.org": {"name": "Ann"}, "bob@example.org": {"name": "Bob"}},
        esp_extra={"o:testmode": "yes"},
    )
    sent.send()
    (found,) = outbox()
    assert (found.status, found.pool, found.recipients) == ("test", TRANSACTIONAL, tuple(sent.to))
    headers = dict(found.headers)
    assert (headers["Reply-To"], headers["X-Mailgun-Tag"]) == ("reply@example.org", "receipt")
    assert '"Ann"' in headers["X-Mailgun-Recipient-Variables"]


def test_template_of_mailgun(connect):
    connection, outbox = connect("mailgun")
    message(connection, body="", template_id="welcome", to=["ann@example.org"]).send()
    (found,) = outbox()
    assert dict(found.headers)["X-Mailgun-Template-Name"] == "welcome"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"esp_extra": {"o:sending-ip-pool": "0" * 24}}, f"Rejected: IP pool {'0' * 24} can't be used"),
        ({"esp_extra": {"o:sending-ip": "203.0.113.9"}}, "Rejected: IP 203.0.113.9 can't be used"),
        ({"envelope_sender": "me@nowhere.example.com"}, "Unknown sender domain 'nowhere.example.com'"),
    ],
)
def test_refused_by_mailgun(connect, options, text):
    connection, outbox = connect("mailgun")
    connection.sender_domain = None
    with pytest.raises(AnymailRequestsAPIError) as failed:
        message(connection, to=["ann@example.org"], **options).send()
    assert text in str(failed.value)
    message(connection, to=["ann@example.org"]).send()
    assert len(outbox()) == 1
