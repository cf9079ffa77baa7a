"""Who may use the control API of an application."""

from __future__ import annotations

import pytest
from werkzeug.test import Client

from mockserver import Config, create_app
from mockserver.control import blueprint as control

from .own_app import POOLS, SENDGRID, own_app


@pytest.mark.parametrize(
    ("address", "status"),
    [("127.0.0.1", 200), ("127.8.9.1", 200), ("::1", 200), ("192.0.2.7", 403), ("::ffff:192.0.2.7", 403), ("", 403)],
)
def test_control_api_without_token_is_for_loopback(address: str, status: int) -> None:
    """Whatever server carries the application; an empty address is a Unix socket, behind which is a proxy."""
    client = create_app().test_client()
    response = client.get("/_mockserver/info", environ_base={"REMOTE_ADDR": address})
    assert response.status_code == status
    assert client.get("/_mockserver/live", environ_base={"REMOTE_ADDR": address}).status_code == 200
    assert client.get(POOLS, headers=SENDGRID, environ_base={"REMOTE_ADDR": address}).status_code == 200


def test_control_api_with_token_is_for_anybody_who_has_it() -> None:
    client = create_app(control_token="secret", expose=True).test_client()
    headers = {"Authorization": "Bearer secret"}
    base = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.get("/_mockserver/info", headers=headers, environ_base=base).status_code == 200
    assert client.get("/_mockserver/info", environ_base=base).status_code == 401


def test_control_api_under_an_outside_name() -> None:
    """A web page could have led a browser to this machine under its own name."""
    app = own_app()
    app.register_blueprint(control)
    headers = {"Origin": "http://evil.example"}
    response = app.test_client().post("/_mockserver/reset", base_url="http://evil.example", headers=headers)
    assert response.status_code == 403
    assert app.test_client().post("/_mockserver/reset").status_code == 200


@pytest.mark.parametrize(("multithread", "status"), [(False, 200), (True, 403)])
def test_control_api_without_an_address(multithread: bool, status: int) -> None:
    """A server without an address has a Unix socket; Werkzeug's test client has no address either."""
    app = create_app(Config())
    response = Client(app).get("/_mockserver/info", environ_overrides={"wsgi.multithread": multithread})
    assert response.status_code == status
