"""Messages of an outbox for tests that send none."""

from __future__ import annotations

from typing import Any


def message(number: int, time: float = 0, **fields: Any) -> dict[str, Any]:
    """Return a message, as a seed has it."""
    return {
        "number": number,
        "time": time,
        "message_id": f"m{number}",
        "via": "http",
        "sender": "shop@example.com",
        "recipients": ["ann@example.com"],
        "subject": "Your receipt",
        "reason": "it is a test",
        **fields,
    }
