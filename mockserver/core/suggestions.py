"""Suggestions for names that are unknown."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

CUTOFF = 0.7
"""The similarity from which a name is suggested, as `difflib` measures it, from 0 to 1."""
MAX_LENGTH = 200
"""The length from which no similar name is looked for, in characters."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the suggestion for the end of an error message; empty if no known name is similar.

    `known` may be names of operations, `provider.operationId`. An operationId without a provider, or with another one,
    may be that of several providers, which are all suggested.
    """
    names = sorted(known)
    found = _closest(name, names) if "." in name or not any("." in each for each in names) else []
    if not found:
        ids = {each: each.partition(".")[2] for each in names if "." in each}
        similar = _closest(name.rpartition(".")[2], sorted(set(ids.values())))
        found = [each for each, operation_id in ids.items() if operation_id in similar]
    if not found:
        return ""
    *others, last = [f"'{each}'" for each in found]
    return f"; did you mean {', '.join(others)} or {last}?" if others else f"; did you mean {last}?"


def did_you_mean_or_list(name: str, known: Iterable[str]) -> str:
    """Return the suggestion, or the known names if none is similar."""
    names = list(known)
    return did_you_mean(name, names) or f": expected one of {', '.join(names)}"


def _closest(name: str, known: Sequence[str]) -> Sequence[str]:
    return difflib.get_close_matches(name, known, n=1, cutoff=CUTOFF) if len(name) <= MAX_LENGTH else []
