"""What SendGrid does, a module for each family of operations. `user` is a subuser's name, or None for the parent."""

from __future__ import annotations

from ....core.store import Transaction
from ..models import State

Tx = Transaction[State]
