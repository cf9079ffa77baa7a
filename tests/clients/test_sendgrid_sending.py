"""Sending through SendGrid, by its official clients: `sendgrid`, `smtpapi` and `@sendgrid/mail`."""

import base64

import pytest
import requests
import sendgrid
from python_http_client import exceptions
from sendgrid.helpers import mail
from smtpapi import SMTPAPIHeader

from ..npm import run

PYTHON = pytest.mark.evidence("clients", "sendgrid for Python")
HELP = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html#message."


def outbox(live, response):
    """Return the messages in the outbox of the tenant that a response is from."""
    tenant = response.headers["X-Mockserver-Request-Id"].rpartition("-")[0]
    state = requests.get(f"{live.url}/_mockserver/tenants/{tenant}/state", timeout=10).json()["state"]
    return state["sendgrid"]["outbox"]["messages"]


@pytest.fixture
def client(live, sendgrid_key):
    return sendgrid.SendGridAPIClient(sendgrid_key, host=f"{live.url}/sendgrid")


def message(**options):
    return mail.Mail(
        from_email=("orders@example.com", "Orders"),
        to_emails=[("alex@example.com", "Alex"), "bola@example.com"],
        subject="Your order",
        plain_text_content="Thank you.",
        **options,
    )


@PYTHON
def test_a_message_with_a_pool(live, client):
    """The helper's message leaves by the pool, with its texts and its attachment."""
    client.client.ips.pools.post(request_body={"name": "marketing"})
    client.client.ips.pools.marketing.ips.post(request_body={"ip": "203.0.113.1"})
    order = message(html_content="<b>Thank you.</b>")
    order.ip_pool_name = mail.IpPoolName("marketing")
    order.add_cc("charlie@example.com")
    order.add_category(mail.Category("orders"))
    order.add_custom_arg(mail.CustomArg("order", "1"))
    order.add_header(mail.Header("X-Order", "1"))
    order.send_at = mail.SendAt(1)
    content = base64.b64encode(b"%PDF").decode()
    order.attachment = mail.Attachment(content, "order.pdf", "application/pdf", "attachment")
    response = client.send(order)
    assert (response.status_code, response.body) == (202, b"")
    (found,) = outbox(live, response)
    assert found["message_id"] == response.headers["X-Message-Id"]
    assert (found["pool_name"], found["ip"], found["status"]) == ("marketing", "203.0.113.1", "accepted")
    assert found["recipients"] == ["alex@example.com", "bola@example.com", "charlie@example.com"]
    assert ["X-Order", "1"] in found["headers"]
    assert [part["content_type"] for part in found["parts"]] == ["text/plain", "text/html", "application/pdf"]


@PYTHON
def test_a_message_for_each_recipient(live, client):
    order = mail.Mail(
        "orders@example.com",
        ["alex@example.com", "bola@example.com"],
        "Your order",
        "Thank you.",
        is_multiple=True,
    )
    found = outbox(live, client.send(order))
    assert sorted(each["recipients"] for each in found) == [["alex@example.com"], ["bola@example.com"]]


@PYTHON
def test_a_template_and_sandbox_mode(live, client):
    order = mail.Mail("orders@example.com", "alex@example.com")
    order.template_id = "d-1"
    order.dynamic_template_data = {"name": "Alex"}
    assert client.send(order).status_code == 202
    order.mail_settings = mail.MailSettings(sandbox_mode=mail.SandBoxMode(True))
    response = client.send(order)
    assert response.status_code == 200
    assert [found["status"] for found in outbox(live, response)] == ["accepted", "test"]


@PYTHON
def test_errors_of_a_message(client):
    order = message()
    order.ip_pool_name = mail.IpPoolName("nope")
    with pytest.raises(exceptions.BadRequestsError) as caught:
        client.send(order)
    text = "The IP Pool name must be a valid pool name for your account. You provided nope."
    assert caught.value.to_dict == {
        "errors": [{"message": text, "field": "ip_pool_name", "help": f"{HELP}ip_pool_name"}]
    }
    body = {**message().get(), "from": "orders@example.com"}
    with pytest.raises(exceptions.BadRequestsError) as caught:
        client.client.mail.send.post(request_body=body)
    assert caught.value.to_dict["errors"][0]["message"] == "Invalid type. Expected: object, given: string."


@PYTHON
def test_a_message_on_behalf_of_a_subuser(live, sendgrid_key):
    """It leaves from the parent."""
    client = sendgrid.SendGridAPIClient(sendgrid_key, host=f"{live.url}/sendgrid", impersonate_subuser="subuser1")
    response = client.send(message())
    assert response.status_code == 202
    assert "account" not in outbox(live, response)[0]


@pytest.mark.evidence("clients", "smtpapi for Python")
def test_the_smtp_api_header_of_smtpapi(live, sendgrid_key):
    """In the field `x-smtpapi` of Web API v2."""
    header = SMTPAPIHeader()
    header.set_tos(["alex@example.com", "bola@example.com"])
    header.set_ip_pool("transactional")
    header.add_category("orders")
    form = {
        "api_user": "apikey",
        "api_key": sendgrid_key,
        "from": "orders@example.com",
        "to": "orders@example.com",
        "subject": "Your order",
        "text": "Thank you.",
        "x-smtpapi": header.json_string(),
    }
    response = requests.post(f"{live.url}/sendgrid/api/mail.send.json", data=form, timeout=10)
    assert (response.status_code, response.json()) == (200, {"message": "success"})
    assert [(found["recipients"], found["pool_name"], found["ip"]) for found in outbox(live, response)] == [
        (["alex@example.com"], "transactional", "203.0.113.1"),
        (["bola@example.com"], "transactional", "203.0.113.2"),
    ]


@pytest.mark.node
@pytest.mark.slow
@pytest.mark.evidence("clients", "@sendgrid/mail")
def test_npm_client(live, node, sendgrid_key):
    """@sendgrid/mail sends by a pool, and gets the errors."""
    run([node, "sendgrid-mail.mjs"], timeout=60, BASE_URL=f"{live.url}/sendgrid", API_KEY=sendgrid_key)
