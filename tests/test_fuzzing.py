"""What is excluded from fuzzing, checked with the documents; `make fuzz` fuzzes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import pytest
from schemathesis.checks import CHECKS, load_all_checks

from mockserver.core import yaml_files as documents
from mockserver.core.resources import folder
from mockserver.providers import PROVIDERS
from mockserver.testing import fuzzing
from mockserver.web.openapi import METHODS

BY_NAME = {**{provider.name: provider for provider in PROVIDERS}, "control": None}
ELSEWHERE = "501"
"""What the documents have for operations that they do not describe."""


def operations(document: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the operations of a document by their ids."""
    (described,) = documents.read(folder("openapi") / f"{document}.yaml")
    found = (item[method] for item in described["paths"].values() for method in METHODS if method in item)
    return {operation["operationId"]: operation for operation in found}


@pytest.mark.parametrize("document", BY_NAME)
def test_exclusions_are_of_what_there_is(document: str) -> None:
    """An exclusion names operations and statuses of its document, and a check that Schemathesis has."""
    load_all_checks()
    known = operations(document)
    found = list(fuzzing.exclusions(document, BY_NAME[document]))
    for each in found:
        assert each.check in CHECKS.get_all_names()
        assert each.check in fuzzing.ACCEPTED or not each.statuses
        for operation in each.operations:
            answers = {*known[operation]["responses"], "2xx", ELSEWHERE}
            assert set(each.statuses) <= answers, (operation, each)
    assert found


@pytest.mark.parametrize("document", BY_NAME)
def test_exclusions_say_why(document: str) -> None:
    """Each has a reason, and its source: errors of the catalog, which has theirs, or words."""
    (data,) = documents.read(fuzzing.EXCLUSIONS)
    for entry in data[document]:
        assert entry["reason"].endswith(".")
        assert ("errors" in entry) != ("source" in entry)
        assert not ("errors" in entry and "statuses" in entry)
        assert entry.keys() <= {"operations", "profile", "seldom", "checks", "errors", "statuses", "source", "reason"}
    assert data.keys() == BY_NAME.keys()


@pytest.mark.parametrize("document", BY_NAME)
def test_exclusions_exclude_little(document: str) -> None:
    """No check is switched off for an operation and also given statuses to accept; none is excluded twice."""
    found = [
        (operation, each) for each in fuzzing.exclusions(document, BY_NAME[document]) for operation in each.operations
    ]
    for (operation, one), (other, two) in itertools.combinations(found, 2):
        if (operation, one.check) == (other, two.check) and (
            None in (one.profile, two.profile) or one.profile == two.profile
        ):
            assert one.statuses
            assert two.statuses
            assert one.source != two.source, operation


@pytest.mark.parametrize(("profile", "errors"), [("documented", set()), ("live", {"stage_raised"})])
def test_exclusions_for_a_profile(profile: str, errors: set[str]) -> None:
    """What is excluded in one profile only is not excluded for accounts that have the other one."""
    accounts = fuzzing.Accounts(profile, {"one": "a", "two": "b"})
    text = fuzzing.plan("sparkpost", BY_NAME["sparkpost"], accounts, []).files["mockserver-sparkpost.toml"]
    assert {word for word in ("stage_raised",) if word in text} == errors
