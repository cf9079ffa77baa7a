"""Mailgun's operations as functions over a transaction, a module for each family.

`account` is the id of the subaccount that the request acts for, or None for the parent account. Work that the documents
describe as done after the response is a `Job`; `jobs.run_due_jobs` runs it.
"""

from __future__ import annotations

from ....core.store import Transaction
from ..models import State

Tx = Transaction[State]


def region_of_new(tx: Tx) -> str | None:
    """Return the region of what a request creates; None for that of the account."""
    return None if tx.region == tx.state.home else tx.region
