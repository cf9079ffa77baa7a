"""The outbox of an account: the messages that its provider accepted, each with the pool and the IP it leaves by.

Nothing is delivered. An outbox is a value of a provider's state, so it is a part of transactions, snapshots, resets and
both stores. It never changes: `Outbox.add` returns another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from .errors import SeedError
from .weight import ENTRY, weigh

MAX_MESSAGES = 500
"""The maximum number of messages in an outbox. Beyond it the oldest are dropped, and counted."""
MAX_BYTES = 16 << 20
"""The approximate maximum size of an outbox, in bytes. Beyond it the oldest messages are dropped; the newest stays."""

Via = Literal["http", "smtp"]
Status = Literal["accepted", "test", "dropped"]


@dataclass(frozen=True, slots=True)
class Part:
    """A text or an attachment of a message that was not sent as MIME."""

    content_type: str
    content: str
    """The text, or base64 if `is_base64`."""
    filename: str | None = None
    """The name of an attachment; None for a text of the message."""
    content_id: str | None = None
    """The Content-ID of an inline image."""
    is_base64: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """A message that a provider accepted."""

    message_id: str
    """The provider's id of the message, as the response has it."""
    time: float
    """When it was accepted, by the tenant's clock, in seconds since the epoch."""
    via: Via
    sender: str
    """The address in its From header, or the envelope's sender over SMTP."""
    recipients: tuple[str, ...]
    """The addresses of all recipients, in the order of the request: To, Cc, Bcc."""
    subject: str
    reason: str
    """Why it leaves by this pool and this IP, or why it does not leave."""
    pool: str | None = None
    """The id of the pool that it leaves by, or its name if the provider's pools have no id; None for no pool."""
    pool_name: str | None = None
    ip: str | None = None
    """The address of the IP that it leaves by; None if it does not leave, or by an IP that the provider chooses."""
    status: Status = "accepted"
    """`test` for a message in the provider's test mode, `dropped` for one that the provider accepts and never sends."""
    account: str | None = None
    """The subaccount or subuser that sent it; None for the account that owns them."""
    headers: tuple[tuple[str, str], ...] = ()
    """Name and value; empty if there is a `source`."""
    parts: tuple[Part, ...] = ()
    """Texts first, then attachments; empty if there is a `source`."""
    source: str | None = None
    """The MIME text, as it was sent over SMTP or in a request; None if the provider makes it of parts."""
    number: int = 0
    """Its number in the outbox: 1, 2, 3, … It is set when the message is added."""

    @property
    def weight(self) -> int:
        """The memory that it takes, in bytes, approximately."""
        return _weight_beside(self, None)


@dataclass(frozen=True, slots=True)
class Usage:
    """What was sent from an IP."""

    ip: str
    total: int
    """The number of recipients so far."""
    window: int
    """The number of the provider's window, an hour or a day, in which it was last used."""
    in_window: int
    """The number of recipients in that window."""


@dataclass(frozen=True, slots=True)
class Outbox:
    """The messages of an account, oldest first."""

    messages: tuple[Message, ...] = ()
    count: int = 0
    """The number of all messages so far, also of those that were dropped or deleted."""
    dropped: int = 0
    """The number of messages that were dropped because there were too many."""
    usage: tuple[Usage, ...] = ()
    """By IP, in the order in which they were last used."""
    weight: int = field(default=0, compare=False)
    """The memory that the messages take, in bytes, approximately: that of equal texts may differ."""

    def add(self, message: Message, window: int = 0) -> Outbox:
        """Return the outbox with one more message, which gets the next number.

        A message with an IP counts for that IP in `window`, the number of the provider's current hour or day.
        """
        added = replace(message, number=self.count + 1)
        messages = [*self.messages, added]
        weight = self.weight + _weight_beside(added, self.messages[-1] if self.messages else None)
        usage = self.usage
        if message.ip is not None and message.status == "accepted":
            usage = _counted(usage, message.ip, window, len(message.recipients))
        first = 0
        while len(messages) - first > MAX_MESSAGES or (weight > MAX_BYTES and len(messages) - first > 1):
            weight -= _weight_beside(messages[first], messages[first + 1])
            first += 1
        return Outbox(tuple(messages[first:]), self.count + 1, self.dropped + first, usage, weight)

    def without(self, numbers: Iterable[int]) -> Outbox:
        """Return the outbox without the messages with these numbers. What was sent from an IP does not change."""
        gone = set(numbers)
        kept = tuple([message for message in self.messages if message.number not in gone])
        return replace(self, messages=kept, weight=_weight(kept))

    def cleared(self) -> Outbox:
        """Return the outbox without messages, and with none dropped. What was sent from an IP does not change."""
        return replace(self, messages=(), dropped=0, weight=0)

    def next_ip(self, addresses: Sequence[str]) -> str:
        """Return the IP whose turn it is: the first one that was never used, or else the one used longest ago.

        Rotation is assumed: no document says how a provider distributes messages over the IPs of a pool.
        """
        turns = {usage.ip: turn for turn, usage in enumerate(self.usage)}
        return min(addresses, key=lambda address: turns.get(address, -1))

    def in_window(self, ip: str, window: int) -> int:
        """Return the number of recipients that an IP had in a window, the current one or a later one."""
        return next((each.in_window for each in self.usage if each.ip == ip and each.window == window), 0)

    def weigh(self, seen: set[int]) -> int:
        """Return the memory that it takes beside the messages with the ids in `seen`, to which its own are added."""
        new = [message for message in self.messages if id(message) not in seen]
        seen.update(map(id, new))
        return _weight(new)

    def dump(self) -> dict[str, Any]:
        """Return it as the key `outbox` of a section of a seed."""
        if self == EMPTY:
            return {}
        messages = [asdict(message, dict_factory=_without_none) for message in self.messages]
        usage = [asdict(each) for each in self.usage]
        return {"outbox": {"messages": messages, "count": self.count, "dropped": self.dropped, "usage": usage}}


EMPTY = Outbox()


def load(section: Mapping[str, Any]) -> Outbox:
    """Return the outbox of a section of a seed. Raises `SeedError`."""
    data = section.get("outbox")
    if data is None:
        return EMPTY
    messages = tuple([_message(item) for item in data.get("messages", ())])
    last = 0
    for index, message in enumerate(messages):
        if message.number <= last:
            path = ("outbox", "messages", index, "number")
            raise SeedError(path, f"expected more than the message before it has, {last}; got {message.number}")
        last = message.number
    count = data.get("count", last)
    if count < last:
        raise SeedError(("outbox", "count"), f"expected at least the number of the last message, {last}; got {count}")
    usage = tuple([Usage(**each) for each in data.get("usage", ())])
    if len({each.ip for each in usage}) < len(usage):
        raise SeedError(("outbox", "usage"), "expected no IP twice")
    return Outbox(messages, count, data.get("dropped", 0), usage, _weight(messages))


def _weight(messages: Sequence[Message]) -> int:
    return sum([_weight_beside(message, other) for other, message in zip([None, *messages], messages, strict=False)])


def _weight_beside(message: Message, other: Message | None) -> int:
    """Return the weight of a message without what it shares with another.

    Those of one request have the same source, or the same parts. A part is not looked at for each of them, as a request
    can have thousands of both.
    """
    weight = ENTRY + weigh(message) - weigh(message.parts)
    if other is None or message.parts is not other.parts:
        weight += sum([weigh(part) for part in message.parts])
    if other is not None and message.source is not None and message.source is other.source:
        weight -= weigh(message.source)
    return weight


def _without_none(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in pairs if value is not None}


def _message(item: Mapping[str, Any]) -> Message:
    texts = {
        "recipients": tuple(item["recipients"]),
        "headers": tuple([(name, value) for name, value in item.get("headers", ())]),
        "parts": tuple([Part(**part) for part in item.get("parts", ())]),
    }
    return Message(**{**item, **texts})


def _counted(usage: tuple[Usage, ...], ip: str, window: int, recipients: int) -> tuple[Usage, ...]:
    """Return the usage of all IPs after a message by one of them, which is then the last one."""
    before = next((each for each in usage if each.ip == ip), Usage(ip, 0, window, 0))
    in_window = recipients + (before.in_window if before.window == window else 0)
    others = [each for each in usage if each is not before]
    return (*others, Usage(ip, before.total + recipients, window, in_window))
