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

EXAMPLES = yaml.safe_load((Path(__file__).parent.parent / "documents" / "examples.yaml").read_text("utf-8"))["examples"]

KEYS = {"sparkpost": "aHR0cDovL2kuaW1ndXIuY29tL293UndTR3AucG5n", "sendgrid": "<<YOUR_API_KEY_HERE>>"}
"""The documents' own credentials."""
CREDENTIALS: dict[str, Callable[[str], str]] = {
    "sparkpost": lambda key: key,
    "sendgrid": lambda key: f"Bearer {key}",
}


BY_DEFAULT = [each for each in EXAMPLES if "not_by_default" not in each]
"""The examples that work with the default seed, in the order of the documents."""


@pytest.mark.crashes
@pytest.mark.evidence("examples", "documents")
@pytest.mark.parametrize("example", EXAMPLES, ids=[f"{each['document']}: {each['name']}" for each in EXAMPLES])
def test_example(example: dict[str, Any], make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    """An example of the documents is answered with its status, its media type and its exact body."""
    app = make_app(seed=f"documents#{example['seed']}", unknown_credentials="reject")
    assert replay(app, example, monkeypatch) == expected(example)


@pytest.mark.crashes
def test_examples_with_the_default_seed(make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    """They work one after the other, with the documents' own credentials."""
    app = make_app(unknown_credentials="reject")
    failed = [each["name"] for each in BY_DEFAULT if replay(app, each, monkeypatch) != expected(each)]
    assert (failed, len(BY_DEFAULT)) == ([], 22)


@pytest.mark.crashes
@pytest.mark.parametrize(
    "example", [each for each in EXAMPLES if each not in BY_DEFAULT], ids=lambda each: each["name"]
)
def test_examples_that_need_another_seed(
    example: dict[str, Any], make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the default seed each of them fails, or an example after it does."""
    app = make_app(unknown_credentials="reject")
    tried = [each for each in EXAMPLES if each in BY_DEFAULT or each is example]
    assert [each for each in tried if replay(app, each, monkeypatch) != expected(each)]


def replay(app: Flask, example: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> tuple[int, str | None, str]:
    """Return status, media type and body of the response to an example's request."""
    request = example["request"]
    provider = request["path"].split("/")[1]
    key = request.get("credential") or KEYS[provider]
    with monkeypatch.context() as patch:
        if "crash" in example:
            patch.setattr(example["crash"], crash)
        response = app.test_client().open(
            request["path"],
            method=request["method"],
            headers={"Authorization": CREDENTIALS[provider](key)},
            json=request.get("body"),
        )
    body = json.dumps(json.loads(response.data)) if response.data else ""
    return response.status_code, response.headers.get("Content-Type"), body


def expected(example: dict[str, Any]) -> tuple[int, str | None, str]:
    """Return status, media type and body of an example."""
    response = example["response"]
    body = json.dumps(response["body"]) if "body" in response else ""
    return response["status"], response.get("content_type"), body


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
