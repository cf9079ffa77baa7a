"""The coverage report."""

from __future__ import annotations

import json

import pytest

from .runs import Run, printed

COVERED = """
@pytest.mark.parametrize("number", range(4))
def test_it(mockserver, number):
    create(mockserver, "one")
    create(mockserver, "one")
    requests.get(mockserver.mailgun.url + "/v3/ip_pools/none", auth=mockserver.mailgun.auth)
    requests.get(mockserver.mailgun.url + "/v3/ip_pools", auth=("api", "wrong"))
    mockserver.requests.clear()
"""


@pytest.mark.slow
def test_coverage(run: Run, pytester: pytest.Pytester) -> None:
    """The end of a run lists what it met of each provider, and what it never saw; also under xdist, and in files."""
    files = ["--mockserver-coverage-report", "out/all.json", "--mockserver-coverage-report", "out/all.md"]
    reports = []
    for arguments in ([], ["-n", "2"]):
        result = run(COVERED, "--mockserver-coverage", *files, *arguments, subprocess=bool(arguments))
        result.assert_outcomes(passed=4)
        result.stdout.fnmatch_lines(
            [
                "*mockserver coverage*",
                "sparkpost  operations *0/* ░░░*   0%   errors *0/*",
                "sendgrid   operations *1/* ░░░*%   errors *1/*",
                "mailgun    operations *2/*%   errors *2/*",
                "sparkpost: never called",
                "sendgrid: operations never called (49): listIpPools, getIpPool,*…",
                "sendgrid: documented errors never returned (*): pool_not_found,*…",
                "mailgun: operations that always failed (2): listIpPools, getIpPool",
                "--mockserver-coverage-report FILE writes all names",
                "written to out/all.json",
            ]
        )
        assert len(printed(result).partition("mockserver coverage")[2].splitlines()) < 24
        reports.append((pytester.path / "out/all.json").read_text("utf-8"))
    assert reports[0] == reports[1]
    report = json.loads(reports[0])["providers"]
    assert report["sendgrid"]["operations"]["sendgrid.createIpPool"] == {
        "method": "POST", "path": "/v3/ips/pools", "called": 8, "failed": 4
    }  # fmt: skip
    assert report["sendgrid"]["errors"]["sendgrid.name_taken"]["returned"] == 4
    assert report["mailgun"]["errors"]["mailgun.unauthorized"]["returned"] == 4
    assert report["sparkpost"]["operations"]["sparkpost.listIpPools"]["called"] == 0
    assert not [name for name in report["sendgrid"]["errors"] if "not_implemented" in name]
    page = (pytester.path / "out/all.md").read_text("utf-8")
    assert "| sendgrid | 1/50 | ░░░" in page
    assert "- `sendgrid.listIpPools` `GET /v3/ips/pools`" in page


@pytest.mark.slow
def test_coverage_that_is_too_low_fails_the_run(run: Run) -> None:
    """Of a provider that was used; the status of a run that fails anyway is its own."""
    option = "--mockserver-coverage-fail-under"
    text = "def test_it(mockserver):\n    create(mockserver)\n"
    result = run(text, option, "2.1")
    assert result.ret == 1
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["required coverage of operations: 2.1%, got sendgrid 1/50 (2%)"])
    result = run(text, option, "2")
    assert result.ret == 0
    assert "required coverage" not in printed(result)
    result = run("def test_it():\n    pass\n", option, "1")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["required coverage of operations: 1%, got no provider was called"])
    assert run(text, option, "100", "-k", "nothing").ret == 5
    for wrong in ("101", "-1", "all", "nan"):
        result = run(text, f"{option}={wrong}")
        assert result.ret == 4
        assert f"expected a number from 0 to 100, got '{wrong}'" in result.stderr.str()


@pytest.mark.slow
def test_coverage_that_is_too_low_with_workers(run: Run) -> None:
    result = run(COVERED, "--mockserver-coverage-fail-under", "50", "-n", "2", subprocess=True)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["required coverage of operations: 50%, got sendgrid 1/50 (2%), mailgun *"])


def test_coverage_of_nothing(run: Run) -> None:
    """A run that used no mockserver has zeros, and none is started for it."""
    result = run("def test_it():\n    pass\n", "--mockserver-coverage")
    result.stdout.fnmatch_lines(["sparkpost  operations    0/15 *"])
    assert "operations     1/8" not in printed(run("def test_it():\n    pass\n"))


@pytest.mark.slow
def test_coverage_of_a_worker_that_died(run: Run) -> None:
    """What a process that died had covered is missing, and the summary says so."""
    text = COVERED + "\ndef test_dies(mockserver):\n    import os\n    os._exit(1)\n"
    result = run(text, "--mockserver-coverage", "-n", "2", subprocess=True)
    result.stdout.fnmatch_lines(["the coverage of 1 crashed workers is missing"])


def test_a_report_that_cannot_be_written(run: Run, pytester: pytest.Pytester) -> None:
    """A file of the coverage that cannot be written is reported, and the rest of the run's end is as ever."""
    result = run("def test_it(mockserver):\n    pass", "--mockserver-coverage-report", str(pytester.path))
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["cannot write *: Is a directory"])


@pytest.mark.slow
def test_coverage_without_a_terminal(run: Run, pytester: pytest.Pytester) -> None:
    """The report is written where nothing is printed, and not where tests are only collected."""
    run(COVERED, "-p", "no:terminal", "--mockserver-coverage-report", "c.json", subprocess=True)
    assert json.loads((pytester.path / "c.json").read_text("utf-8"))["schema_version"] == 1
    result = run(COVERED, "--collect-only", "--mockserver-coverage", "--mockserver-coverage-report", "d.json")
    assert "mockserver coverage" not in printed(result)
    assert not (pytester.path / "d.json").exists()
