"""SparkPost's transmissions, sent with the official Python client `sparkpost`."""

import base64

import pytest
import requests
from sparkpost import SparkPost
from sparkpost.exceptions import SparkPostAPIException

pytestmark = pytest.mark.evidence("clients", "sparkpost for Python")

MESSAGE = {
    "recipients": ["Wilma <wilma@example.com>"],
    "from_email": "Example Shop <shop@example.com>",
    "subject": "Your receipt",
    "text": "Thank you.",
}


class Account:
    """A client, and the outbox of its account."""

    def __init__(self, url, key):
        self.url, self.key = url, key
        self.client = SparkPost(key)
        self.client.transmissions.base_uri = f"{url}/sparkpost/api/v1"

    def send(self, **fields):
        return self.client.transmissions.send(**{**MESSAGE, **fields})

    def lookup(self):
        body = {"provider": "sparkpost", "credential": self.key}
        tenant = requests.post(f"{self.url}/_mockserver/tenants/lookup", json=body, timeout=10).json()["id"]
        return f"{self.url}/_mockserver/tenants/{tenant}/state"

    def state(self):
        return requests.get(self.lookup(), timeout=10).json()["state"]["sparkpost"]

    def messages(self):
        return self.state().get("outbox", {}).get("messages", [])


@pytest.fixture
def account(live, sparkpost_key):
    """Return an account of its own, whose client's session is closed in the end."""
    found = Account(live.url, sparkpost_key)
    yield found
    found.client.transmissions.transport.sess.close()


def test_message_leaves_by_the_pool_that_it_names(account):
    sent = account.send(ip_pool="marketing")
    assert sent == {"total_rejected_recipients": 0, "total_accepted_recipients": 1, "id": sent["id"]}
    (message,) = account.messages()
    assert (message["message_id"], message["pool"], message["ip"]) == (sent["id"], "marketing", "54.244.54.135")
    assert message["headers"][:3] == [
        ["From", '"Example Shop" <shop@example.com>'],
        ["To", '"Wilma" <wilma@example.com>'],
        ["Subject", "Your receipt"],
    ]


def test_ips_of_a_pool_take_turns_and_the_default_pool_is_the_default(account):
    for _ in range(2):
        account.send(ip_pool="marketing")
        account.send()
    assert [(message["pool"], message["ip"]) for message in account.messages()] == [
        ("marketing", "54.244.54.135"),
        ("default", "203.0.113.141"),
        ("marketing", "54.244.54.137"),
        ("default", "203.0.113.25"),
    ]


def test_copies_attachments_and_data(account):
    """The client sends each copy to a recipient of its own, with the header To of the first one."""
    image = {"name": "logo", "type": "image/png", "data": base64.b64encode(b"image").decode()}
    account.send(
        cc=["fred@example.com"],
        bcc=["barney@example.com"],
        html='<img src="cid:logo">',
        attachments=[{"name": "a.txt", "type": "text/plain", "data": "SGk="}],
        inline_images=[image],
        campaign="receipts",
        metadata={"age": 24},
        substitution_data={"name": "Wilma"},
        reply_to="help@example.com",
        custom_headers={"X-Mine": "1"},
        track_opens=True,
        transactional=True,
    )
    (message,) = account.messages()
    assert message["recipients"] == ["wilma@example.com", "fred@example.com", "barney@example.com"]
    headers = dict(message["headers"])
    assert headers["To"] == '"Wilma" <wilma@example.com>'
    assert (headers["CC"], headers["Reply-To"], headers["X-Mine"]) == ("fred@example.com", "help@example.com", "1")
    assert headers["X-MSYS-API"] == (
        '{"campaign_id": "receipts", "metadata": {"age": 24}, "substitution_data": {"name": "Wilma"}}'
    )
    assert [part["content_type"] for part in message["parts"]] == ["text/plain", "text/html", "text/plain", "image/png"]


def test_mime_message(account):
    """The client leaves out what a MIME message has itself."""
    source = "From: shop@example.com\r\nTo: wilma@example.com\r\nSubject: Hello\r\n\r\nHi"
    account.send(email_rfc822=source, ip_pool="transactional")
    (message,) = account.messages()
    assert (message["source"], message["subject"], message["pool"]) == (source, "Hello", "transactional")


@pytest.mark.parametrize(
    ("fields", "status", "text"),
    [
        (
            {"ip_pool": "nope"},
            422,
            "invalid data format/type Code: 1300 Description: IP Pool 'nope' does not exist \n",
        ),
        (
            {"ip_pool": "too_cool_for_pool"},
            422,
            "invalid data format/type Code: 1300 Description: IP Pool 'too_cool_for_pool' is empty \n",
        ),
        ({"recipients": []}, 400, "At least one valid recipient is required Code: 5002 Description: none \n"),
        (
            {"template": "welcome"},
            422,
            "Subresource not found Code: 1603 Description: template 'welcome' does not exist \n",
        ),
        (
            {"recipients": None, "recipient_list": "all"},
            422,
            "Subresource not found Code: 1603 Description: Recipient list 'all' does not exist \n",
        ),
        ({"from_email": "shop"}, 400, "Invalid domain Code: 7001 Description: No sending domain specified \n"),
    ],
)
def test_message_that_is_rejected(account, fields, status, text):
    if fields.get("recipients", ()) is None:
        fields = {**{name: value for name, value in MESSAGE.items() if name != "recipients"}, "recipient_list": "all"}
        send = account.client.transmissions.send
    else:
        send = account.send
    with pytest.raises(SparkPostAPIException) as caught:
        send(**fields)
    assert (caught.value.status, caught.value.errors) == (status, [text])
    assert account.messages() == []


def test_error_of_the_profile_live(account):
    account.send()
    state = {"state": {"sparkpost": {**account.state(), "profile": "live", "sending_domains": ["example.org"]}}}
    assert requests.put(account.lookup(), json=state, timeout=10).status_code == 200
    with pytest.raises(SparkPostAPIException) as caught:
        account.send()
    assert caught.value.errors == ["Unconfigured or unverified sending domain. Code: 7001 Description: none \n"]
    assert len(account.messages()) == 1
