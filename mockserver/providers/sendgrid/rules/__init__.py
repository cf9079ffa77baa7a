"""SendGrid's operations as functions over a transaction, a module for each family.

`account` is the name of the subuser that the request acts for, or None for the parent account.
"""

from __future__ import annotations

from ....core.store import Transaction
from ..models import State

Tx = Transaction[State]
