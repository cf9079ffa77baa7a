"""The official npm clients, each driving its provider by a script in the folder `npm`."""

import pytest
import requests

from ..npm import run

pytestmark = [pytest.mark.node, pytest.mark.slow]


def drive(live, node, provider, key):
    run([node, f"{provider}.mjs"], timeout=60, BASE_URL=f"{live.url}/{provider}", API_KEY=key)


@pytest.mark.evidence("clients", "@sendgrid/client")
def test_sendgrid(live, node, sendgrid_key):
    """@sendgrid/client walks through the life of a pool."""
    drive(live, node, "sendgrid", sendgrid_key)


@pytest.mark.evidence("clients", "sparkpost for Node.js")
def test_sparkpost(live, node, sparkpost_key):
    """The npm client sparkpost walks through the life of a pool."""
    drive(live, node, "sparkpost", sparkpost_key)


@pytest.mark.evidence("clients", "mailgun.js")
def test_mailgun(live, node, mailgun_key):
    """mailgun.js walks through the life of a pool, with every method it has for pools, IPs, domains and subaccounts."""
    drive(live, node, "mailgun", mailgun_key)


@pytest.mark.evidence("clients", "mailgun.js")
def test_mailgun_live(live, node, mailgun_key):
    """mailgun.js gets from a tenant with the profile live what its own documents show."""
    tenant = {"profile": {"mailgun": "live"}, "credentials": {"mailgun": mailgun_key}}
    requests.post(f"{live.url}/_mockserver/tenants", json=tenant, timeout=10).raise_for_status()
    run([node, "mailgun-live.mjs"], timeout=60, BASE_URL=f"{live.url}/mailgun", API_KEY=mailgun_key)
