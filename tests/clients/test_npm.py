"""The official npm clients, each driving its provider by a script in the folder `npm`."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.node

FOLDER = Path(__file__).parent / "npm"
LOCK = FOLDER / "package-lock.json"
INSTALLED = FOLDER / "node_modules" / ".package-lock.json"
"""What npm writes when everything is installed."""


@pytest.fixture(scope="session")
def node():
    """Return the path of Node.js, the clients being installed; skip the test where there is none."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("THE NPM CLIENTS WERE LEFT OUT, NOTHING OF THEM IS TESTED: NODE.JS IS MISSING (node and npm)")
    with LOCK.open("rb") as lock:
        _only_one(lock)
        if not INSTALLED.exists() or INSTALLED.stat().st_mtime < LOCK.stat().st_mtime:
            run([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], timeout=300)
    return node


def _only_one(lock):
    """Wait until no other process installs; closing the file lets the next one in."""
    try:
        import fcntl
    except ImportError:  # not on Windows, where tests do not run side by side
        return
    fcntl.flock(lock, fcntl.LOCK_EX)


def run(command, timeout, **environment):
    done = subprocess.run(
        command,
        cwd=FOLDER,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}"


def drive(live, node, provider, key):
    run([node, f"{provider}.mjs"], timeout=60, BASE_URL=f"{live.url}/{provider}", API_KEY=key)


def test_sendgrid(live, node, sendgrid_key):
    """@sendgrid/client walks through the life of a pool."""
    drive(live, node, "sendgrid", sendgrid_key)


def test_sparkpost(live, node, sparkpost_key):
    """The npm client sparkpost walks through the life of a pool."""
    drive(live, node, "sparkpost", sparkpost_key)


def test_mailgun(live, node, mailgun_key):
    """mailgun.js walks through the life of a pool, with every method it has for pools and the IPs of domains."""
    drive(live, node, "mailgun", mailgun_key)
