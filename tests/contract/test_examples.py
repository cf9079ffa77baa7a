"""The documents' own examples, replayed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask

from mockserver.providers.sendgrid import blueprint, catalog
from mockserver.web.server_state import server_state

from ..support import basic

EXAMPLES = yaml.safe_load((Path(__file__).parent.parent / "documents" / "examples.yaml").read_text("utf-8"))["examples"]

CREDENTIALS: dict[str, Callable[[str], str]] = {
    "sparkpost": lambda key: key,
    "sendgrid": lambda key: f"Bearer {key}",
    "mailgun": lambda key: basic("api", key),
}


@pytest.mark.crashes
@pytest.mark.evidence("examples", "documents")
@pytest.mark.parametrize("example", EXAMPLES, ids=[f"{each['document']}: {each['name']}" for each in EXAMPLES])
def test_example(example: dict[str, Any], make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    """An example of the documents is answered with its status, its media type and its exact body."""
    app = make_app(seed=f"documents#{example['seed']}", unknown_credentials="reject")
    if "crash" in example:
        monkeypatch.setattr(example["crash"], crash)
    request, expected = example["request"], example["response"]
    provider = request["path"].split("/")[1]
    key = request.get("credential") or server_state(app).seed.credential(provider)
    response = app.test_client().open(
        request["path"],
        method=request["method"],
        headers={"Authorization": CREDENTIALS[provider](key)},
        json=request.get("body"),
    )
    assert response.status_code == expected["status"]
    assert response.headers.get("Content-Type") == expected.get("content_type")
    if "body" in expected:
        assert json.dumps(json.loads(response.data)) == json.dumps(expected["body"])
    else:
        assert response.data == b""


def crash(*args: object, **kwargs: object) -> None:
    raise RuntimeError("planted")


def test_scopes_are_joined_as_in_the_example() -> None:
    """The 401's words are the example's, whatever scopes are missing."""
    reply = blueprint.error_response(catalog.MISSING_SCOPE(scopes="scope1, scope2"))
    assert (reply.status_code, reply.json) == (
        401,
        {"errors": [{"field": "", "message": "missing required scope: scope1, scope2"}]},
    )


def test_every_seed_of_the_documents_is_used() -> None:
    """No seed is in fixtures/documents.yaml without an example that needs it."""
    text = (Path(__file__).parents[2] / "fixtures" / "documents.yaml").read_text("utf-8")
    seeds = {document["name"] for document in yaml.safe_load_all(text)}
    assert seeds == {example["seed"] for example in EXAMPLES}
