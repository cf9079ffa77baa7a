"""Sending: the pool and the IP that a message leaves by."""

from __future__ import annotations

from collections.abc import Sequence

from ....core import mime, outbox
from ..models import Domain, State
from . import Tx


def send_mime(
    tx: Tx, *, sender: str, recipients: Sequence[str], source: str, via: outbox.Via, domain: Domain | None = None
) -> outbox.Message:
    """Accept a MIME message, put it into the outbox, and return it. `sender` and `recipients` are the envelope's."""
    content = mime.read(source)
    message = outbox.Message(
        message_id=_new_message_id(tx),
        time=tx.now,
        via=via,
        sender=sender,
        recipients=tuple(recipients),
        subject=content.header("Subject") or "",
        reason="The provider chooses the IP.",
        account=tx.account,
        source=source,
    )
    state: State = tx.state
    state.outbox = state.outbox.add(message)
    return state.outbox.messages[-1]


def _new_message_id(tx: Tx) -> str:
    """Return the id of a new message."""
    seed = tx.ids.next()
    return f"{seed.number:x}{seed.salt}"[:22]
