"""The rows of `make test-matrix`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import matrix

ROOT = Path(__file__).parent.parent


def test_the_lowest_row_is_what_setup_cfg_says() -> None:
    """Each requirement is a name and a lower bound, no more, and the first row installs exactly that version of it."""
    run, test = matrix.requirements()
    assert {"click", "flask", "jsonschema-rs", "marshmallow", "PyYAML", "httptools", "werkzeug"} <= set(run)
    for name, line in {**run, "pytest": test["pytest"]}.items():
        assert line == f"{name}>={line.rpartition('=')[2]}"
    lowest, *_ = matrix.rows()
    assert matrix.needs(lowest) == [line.replace(">=", "==") for line in [*run.values(), test["pytest"]]]
    assert matrix.tools(lowest) == [test[name].replace(">=", "==") for name in matrix.TOOLS]


def test_the_other_rows_are_not_held_back() -> None:
    """The newest libraries are asked for as users ask for them, with either pytest, and with the whole extra `test`."""
    run, test = matrix.requirements()
    _, newest, whole, older_pytest = matrix.rows()
    assert matrix.needs(newest) == [*run.values(), "pytest>=9"]
    assert matrix.needs(older_pytest) == [*run.values(), "pytest<9"]
    assert set(matrix.needs(whole)) == {*run.values(), *test.values(), "pytest>=9"} - {test["pytest"]}
    assert whole.tests == tuple(matrix.LEFT_OUT)


def test_a_bound_with_a_marker() -> None:
    """What says where a requirement is needed stays."""
    assert matrix.at_its_bound('x>=3.0; sys_platform == "linux"') == 'x==3.0; sys_platform == "linux"'


@pytest.mark.parametrize("line", ["flask", "flask==3.0", "flask>=3.0,<4", "flask~=3.0"])
def test_no_bound_but_a_lower_one(line: str) -> None:
    """A requirement without a lower bound, or with more than that, is a mistake in setup.cfg."""
    with pytest.raises(ValueError, match=r"setup\.cfg"):
        matrix.at_its_bound(line)


def test_left_out_tests_exist() -> None:
    """What no row runs still exists under its name, and what the rows need for the tests is in the extra."""
    _, test = matrix.requirements()
    assert set(matrix.TOOLS) <= set(test)
    for place in [*matrix.LEFT_OUT, *matrix.ABOUT_PYTEST]:
        path, _, name = place.partition("::")
        assert (ROOT / path).exists()
        assert f"def {name.rstrip('[')}" in ((ROOT / path).read_text("utf-8") if name else "def ")
