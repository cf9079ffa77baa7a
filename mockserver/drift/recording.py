"""Recordings of a script: its requests and the responses, and the account as a seed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .connection import Reply
from .differences import DriftError

VERSION = 1


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request of a script and its response."""

    name: str
    method: str
    path: str
    """As in the script, with variables in braces."""
    reply: Reply


@dataclass(frozen=True, slots=True)
class Recording:
    """What a run recorded."""

    provider: str
    recorded_at: str
    """The day of the run, `2026-11-29`."""
    is_sanitized: bool
    name: str
    """The name of the run's pool."""
    values: Mapping[str, str]
    """The variables of the run."""
    seed: Mapping[str, Any]
    """The account before the run, as a section of a seed."""
    exchanges: list[Exchange] = field(default_factory=list)

    def save(self, file: str, secrets: list[str]) -> None:
        """Write it to a file. Raises `DriftError` if it has a secret, or the file cannot be written."""
        text = json.dumps({"version": VERSION, **asdict(self)}, ensure_ascii=False, indent=1) + "\n"
        if any(secret in text for secret in secrets):
            raise DriftError("a response has the API key: nothing is written")
        try:
            Path(file).write_text(text, "utf-8")
        except OSError as error:
            raise DriftError(f"{file}: {error.strerror}") from None

    @classmethod
    def load(cls, file: str) -> Recording:
        """Return the recording in a file. Raises `DriftError`."""
        try:
            data = json.loads(Path(file).read_text("utf-8"))
            if data.pop("version") != VERSION:
                raise DriftError(f"{file}: expected version {VERSION} of the format")
            exchanges = [Exchange(**{**each, "reply": Reply(**each["reply"])}) for each in data.pop("exchanges")]
            return cls(**data, exchanges=exchanges)
        except OSError as error:
            raise DriftError(f"{file}: {error.strerror}") from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DriftError(f"{file}: expected a recording of mockserver drift: {error}") from None
