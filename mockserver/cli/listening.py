"""Where the servers of this machine listen: a file for each, from which a health check learns the URL.

A server locks its file for as long as it runs, so a file without a lock is of a server that has ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # on Windows, where no file is written
    fcntl = None  # type: ignore[assignment]

PREFIX = "mockserver-"
SUFFIX = ".url"
MAX_SIZE = 10_000
"""The maximum size of a file, in bytes."""


def folders() -> list[Path]:
    """Return the folders in which a file may be: that for runtime files of the user, and those for temporary files.

    In a container whose file system is read-only, `/dev/shm` still is writable.
    """
    if fcntl is None:
        return []
    named = (os.environ.get("XDG_RUNTIME_DIR"), os.environ.get("TMPDIR", "/tmp"), "/dev/shm")
    return [Path(each) for each in dict.fromkeys(named) if each]


@contextlib.contextmanager
def announce(url: str) -> Iterator[Path | None]:
    """Write the URL of this process's server to a file, which is removed at the end; None if no folder is writable."""
    for folder in folders():
        path = folder / f"{PREFIX}{os.getpid()}{SUFFIX}"
        with contextlib.suppress(OSError):
            path.unlink()  # of a process that had the same number
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except OSError:
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.write(file, json.dumps({"url": url}).encode())
        except OSError:
            os.close(file)
            with contextlib.suppress(OSError):
                path.unlink()
            continue
        try:
            yield path
        finally:
            with contextlib.suppress(OSError):
                path.unlink()
            os.close(file)
        return
    yield None


def urls() -> list[str]:
    """Return the URLs of the running servers of this user."""
    found = {}
    for folder in folders():
        with contextlib.suppress(OSError):
            for path in sorted(folder.glob(f"{PREFIX}*{SUFFIX}")):
                url = _read(path)
                if url is not None:
                    found[path.name] = url
    return list(found.values())


def _read(path: Path) -> str | None:
    """Return the URL in a file; None if it is not a file of this user, or its server has ended."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.getuid():
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            url = json.loads(os.read(file, MAX_SIZE))["url"]
            return url if isinstance(url, str) else None
        return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    finally:
        os.close(file)
