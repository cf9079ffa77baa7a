"""A monotonic clock that runs on when tools such as freezegun freeze `time.monotonic`, for deadlines and timeouts."""

from __future__ import annotations

import functools
import sys
import time

if sys.platform == "win32":
    monotonic = functools.partial(time.monotonic)
else:
    monotonic = functools.partial(time.clock_gettime, time.CLOCK_MONOTONIC)
"""Returns seconds since an arbitrary moment."""
