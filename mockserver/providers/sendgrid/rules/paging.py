"""Pages of IP Address Management: after a key, or before one."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any


def page_range(keys: Sequence[Any], *, limit: int, after: Any = None, before: Any = None) -> tuple[int, int]:
    """Return where a page of sorted keys starts and ends.

    The page begins after the key `after`, or ends before the key `before`; without both it is the first page.
    """
    if before is not None:
        end = bisect_left(keys, before)
        return max(0, end - limit), end
    start = bisect_right(keys, after) if after is not None else 0
    return start, min(start + limit, len(keys))
