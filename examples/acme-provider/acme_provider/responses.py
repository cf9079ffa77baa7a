"""Records of Acme Mail as JSON."""

from __future__ import annotations

from typing import Any

from .models import Pool


def pool(pool: Pool) -> dict[str, Any]:
    """Return a pool."""
    return {"name": pool.name, "ips": list(pool.ips)}
