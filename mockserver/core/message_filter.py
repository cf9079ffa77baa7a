"""Filters of messages in an outbox, which the control API and the client of a server share.

A message is a mapping as the control API returns it, a filter a mapping of values by name. All values must match.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

NAMES = ("provider", "pool", "ip", "to", "from", "subject", "via", "account", "status", "message_id")
"""The names of filters."""
OPTIONAL = frozenset({"pool", "ip", "account"})
"""Filters whose value is empty for messages that have no such value."""


def matches(message: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Return whether a message has all values.

    A subject contains the text, in upper or lower case. A pool has the id or the name, `to` is one of the recipients,
    `message_id` is with or without angle brackets. Everything else is equal.
    """
    return all(_has(message, name, value) for name, value in wanted.items())


def differing(message: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the filters whose values a message does not have."""
    return (name for name, value in wanted.items() if not _has(message, name, value))


def _has(message: Mapping[str, Any], name: str, wanted: Any) -> bool:
    value = message[name]
    if wanted is None or (name in OPTIONAL and isinstance(wanted, str) and not wanted):
        return value is None
    match name:
        case "subject" if isinstance(wanted, str):
            return wanted.casefold() in str(value).casefold()
        case "to":
            return any(wanted == each for each in value)
        case "pool":
            return value is not None and any(wanted == value[each] for each in ("id", "name"))
        case "message_id" if isinstance(wanted, str):
            return wanted.strip("<>") == str(value).strip("<>")
    return bool(wanted == value)
