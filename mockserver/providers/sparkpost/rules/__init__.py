"""SparkPost's operations as functions over a transaction, a module for each family."""

from __future__ import annotations

from ....core.store import Transaction
from ..models import State

Tx = Transaction[State]
