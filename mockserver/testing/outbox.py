"""The messages that the providers of a tenant accepted, and assertions about them."""

from __future__ import annotations

import difflib
import functools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypedDict, overload

from ..core import message_filter
from ..core.monotonic import monotonic
from ..core.suggestions import did_you_mean_or_list
from .control_client import REQUEST_TIMEOUT, ControlClient, ControlError
from .requests import MAX_COMPARED, MAX_SHOWN, Request, RequestView

if TYPE_CHECKING:
    from typing import Self, Unpack

PAUSE = 0.05
"""The pause between two looks at the messages of a server that cannot wait, in seconds."""
MAX_WAIT = 20.0
"""The maximum time that one request waits, in seconds."""
OTHER_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"})
"""Methods of requests that send no message."""
MAX_REJECTED = 3
"""The maximum number of rejected requests in the message of a failed assertion."""


@dataclass(frozen=True, slots=True)
class Pool:
    """The pool that a message leaves by. If the provider's pools have no id, both are the name."""

    id: str
    name: str

    def __str__(self) -> str:
        return repr(self.name) if self.name == self.id else f"{self.name!r} ({self.id})"


@dataclass(frozen=True, slots=True)
class Attachment:
    """An attachment of a message, without its content."""

    filename: str | None
    content_type: str
    size: int
    """In bytes."""
    sha256: str
    content_id: str | None
    """The Content-ID of an inline image."""


@dataclass(frozen=True, repr=False)
class Message:
    """A message that a provider accepted. Its content is read from the server when it is first used."""

    id: str
    """The provider's name and the number: `sendgrid-3`."""
    provider: str
    number: int
    """1, 2, 3, … at the provider, in order of processing."""
    time: datetime
    """The time by the tenant's clock, in UTC."""
    via: Literal["http", "smtp"]
    message_id: str
    """The provider's id of the message, as its response has it."""
    sender: str
    """The address in its From header, or the envelope's sender over SMTP."""
    to: tuple[str, ...]
    """The addresses of all recipients, those of Cc and Bcc too."""
    subject: str
    pool: Pool | None
    ip: str | None
    """The IP that it leaves by; None if it does not leave, or by an IP that the provider chooses."""
    reason: str
    """Why it leaves by this pool and this IP, or why it does not leave."""
    status: Literal["accepted", "test", "dropped"]
    """`test` for a message in the provider's test mode, `dropped` for one that the provider accepts and never sends."""
    account: str | None
    """The subaccount or subuser that sent it."""
    size: int
    """The size of the MIME text that was sent, or of the texts and attachments in a request, in bytes."""
    _data: Mapping[str, Any] = field(compare=False)
    _read: Callable[[str], Mapping[str, Any]] = field(compare=False)
    """Returns the message with an id, with its content."""

    @classmethod
    def _load(cls, data: Mapping[str, Any], read: Callable[[str], Mapping[str, Any]]) -> Self:
        """Return a message from JSON of the control API."""
        return cls(
            id=data["id"],
            provider=data["provider"],
            number=data["number"],
            time=datetime.fromisoformat(data["time"]),
            via=data["via"],
            message_id=data["message_id"],
            sender=data["from"],
            to=tuple(data["to"]),
            subject=data["subject"],
            pool=None if data["pool"] is None else Pool(**data["pool"]),
            ip=data["ip"],
            reason=data["reason"],
            status=data["status"],
            account=data["account"],
            size=data["size"],
            _data=data,
            _read=read,
        )

    @functools.cached_property
    def _content(self) -> Mapping[str, Any]:
        return self._read(self.id)

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Names and values in order, decoded."""
        return tuple((name, value) for name, value in self._content["headers"])

    def header(self, name: str) -> str | None:
        """Return the value of a header; names are case-insensitive."""
        return next((value for known, value in self.headers if known.lower() == name.lower()), None)

    @property
    def source(self) -> str:
        """The MIME text, as it was sent, or as the provider would make it of the parts."""
        return str(self._content["source"])

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """The content type and the text of each text."""
        return tuple((each["content_type"], each["text"]) for each in self._content["texts"])

    @property
    def text(self) -> str | None:
        """The first text of the type text/plain."""
        return self._text("text/plain")

    @property
    def html(self) -> str | None:
        """The first text of the type text/html."""
        return self._text("text/html")

    def _text(self, wanted: str) -> str | None:
        kinds = ((kind.partition(";")[0].strip().lower(), text) for kind, text in self.texts)
        return next((text for kind, text in kinds if kind == wanted), None)

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        return tuple(Attachment(**each) for each in self._content["attachments"])

    @property
    def links(self) -> tuple[str, ...]:
        """The http and https URLs in its texts, each once."""
        return tuple(self._content["links"])

    def __str__(self) -> str:
        where = f"by pool {self.pool}" if self.pool is not None else "by no pool"
        ip = f", IP {self.ip}" if self.ip is not None else ""
        to = ", ".join(self.to[:MAX_SHOWN]) + ", …" * (len(self.to) > MAX_SHOWN)
        status = f" ({self.status})" if self.status != "accepted" else ""
        return f"{self.id} {self.subject!r} to {to} {where}{ip}{status}"

    def __repr__(self) -> str:
        return f"<Message {self}>"


class MessageOptions(TypedDict, total=False):
    """The values of a message to match. They are compared with `==`, so `unittest.mock.ANY` matches anything."""

    provider: Any
    pool: Any
    """The id or the name of the pool; None for no pool."""
    ip: Any
    to: Any
    """The address of a recipient."""
    sender: Any
    subject: Any
    """A part of the subject, in upper or lower case."""
    via: Any
    account: Any
    status: Any
    message_id: Any
    """The provider's id, with or without angle brackets."""


class MessageClient:
    """The messages of a tenant in the control API. Filters are those of the control API."""

    def __init__(self, client: ControlClient, tenant_id: str) -> None:
        self._client = client
        self._tenant_id = tenant_id

    def _call(self, method: str, *path: str, **options: Any) -> dict[str, Any]:
        return self._client.request(method, "tenants", self._tenant_id, "outbox", *path, **options)

    def _load(self, data: Mapping[str, Any]) -> Message:
        return Message._load(data, lambda message_id: self._call("GET", message_id))

    def read(self, filters: Mapping[str, str]) -> tuple[list[Message], int]:
        """Return the messages that match, and the number of messages that the outbox has dropped."""
        found: list[Message] = []
        query = dict(filters)
        while True:
            data = self._call("GET", query=query)
            found += map(self._load, data["messages"])
            if not data["has_more"]:
                return found, data["dropped"]
            query["after"] = data["next"]

    def get(self, message_id: str) -> Message:
        """Return a message with its content. Raises `ControlError`."""
        data = self._call("GET", message_id)
        return Message._load(data, lambda _: data)

    def wait(self, filters: Mapping[str, Any], times: int, timeout: float) -> tuple[list[Message], bool]:
        """Return the messages that match, and whether there are at least `times` within `timeout` seconds.

        A reset of the tenant ends it early.
        """
        deadline = monotonic() + timeout
        while True:
            left = max(0.0, deadline - monotonic())
            body = {**filters, "times": times, "timeout": min(left, MAX_WAIT)}
            data = self._call("POST", "wait", body=body, timeout=MAX_WAIT + REQUEST_TIMEOUT)
            if data["found"] or data["was_reset"] or not left:
                return [*map(self._load, data["messages"])], data["found"]
            if not data["waited"]:
                time.sleep(min(PAUSE, left))

    def delete(self, filters: Mapping[str, str]) -> int:
        """Delete the messages that match, and return their number."""
        return int(self._call("DELETE", query=filters)["deleted"])


class Outbox(Sequence[Message]):
    """The messages that the providers of a tenant accepted, oldest first; all, or those of one provider.

    They are read from the server each time.
    """

    def __init__(self, client: ControlClient, tenant_id: str, requests: RequestView, provider: str | None) -> None:
        self._messages = MessageClient(client, tenant_id)
        self._requests = requests
        self._provider = provider
        """None for all providers."""

    @property
    def last(self) -> Message:
        """The newest message. Raises `IndexError` if the outbox is empty."""
        found = self._read()[0]
        if not found:
            raise IndexError(self._none("no messages"))
        return found[-1]

    @property
    def dropped(self) -> int:
        """The number of messages that were dropped because there were too many."""
        return self._read()[1]

    def _none(self, what: str) -> str:
        return f"{what} of {self._provider or 'a provider'} with this tenant's credentials"

    def _filters(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Return filters as the control API has them."""
        own = {} if self._provider is None else {"provider": self._provider}
        return {name: "" if value is None else value for name, value in wanted.items()} | own

    def _read(self) -> tuple[list[Message], int]:
        return self._messages.read(self._filters({}))

    @overload
    def __getitem__(self, index: int) -> Message: ...

    @overload
    def __getitem__(self, index: slice) -> list[Message]: ...

    def __getitem__(self, index: int | slice) -> Message | list[Message]:
        return self._read()[0][index]

    def __iter__(self) -> Iterator[Message]:
        return iter(self._read()[0])

    def __len__(self) -> int:
        return len(self._read()[0])

    def __repr__(self) -> str:
        try:
            found, _ = self._read()
        except ControlError as error:
            return f"<messages that cannot be read: {error}>"
        shown = [repr(message) for message in found[-MAX_SHOWN:]]
        return f"[{', '.join([f'… {len(found) - MAX_SHOWN} older'] * (len(found) > MAX_SHOWN) + shown)}]"

    def messages(self, **values: Unpack[MessageOptions]) -> list[Message]:
        """Return the messages with these values. Raises `TypeError` for an unknown name of a value."""
        wanted = _wanted(values)
        return [message for message in self._read()[0] if message_filter.matches(message._data, wanted)]

    def assert_sent(self, *, times: int | None = None, **values: Unpack[MessageOptions]) -> list[Message]:
        """Assert that messages have these values, exactly `times` if it is given, and return them.

        The error message shows how the closest message differs, why it leaves by its pool and its IP, and the last
        requests that were rejected.
        """
        __tracebackhide__ = True
        wanted = _wanted(values)
        messages, dropped = self._read()
        found = [message for message in messages if message_filter.matches(message._data, wanted)]
        if (found and times is None) or (len(found) == times and not dropped):
            return found
        expected = "at least 1 message" if times is None else f"{times} message{'' if times == 1 else 's'}"
        raise AssertionError(self._failure(expected, wanted, found, messages, dropped, times or 0))

    def assert_not_sent(self, **values: Unpack[MessageOptions]) -> None:
        """Assert that no message has these values."""
        __tracebackhide__ = True
        self.assert_sent(times=0, **values)

    def wait_for(self, *, times: int = 1, timeout: float = 10.0, **values: Unpack[MessageOptions]) -> list[Message]:
        """Wait until at least `times` messages have these values, and return them.

        Values are texts, or None. Raises `AssertionError` after `timeout` seconds, as `assert_sent` does.
        """
        __tracebackhide__ = True
        wanted = _wanted(values)
        found, is_found = self._messages.wait(self._filters(wanted), times, timeout)
        if is_found:
            return found
        messages, dropped = self._read()
        expected = f"at least {times} message{'' if times == 1 else 's'} within {timeout:g} s"
        raise AssertionError(self._failure(expected, wanted, found, messages, dropped, times))

    def clear(self, **values: Unpack[MessageOptions]) -> int:
        """Delete all messages, or those with these values, which are texts or None; return their number."""
        return self._messages.delete(self._filters(_wanted(values)))

    def _failure(
        self,
        expected: str,
        wanted: Mapping[str, Any],
        found: Sequence[Message],
        messages: Iterable[Message],
        dropped: int,
        times: int,
    ) -> str:
        """Return the message of a failed assertion."""
        lines = [_text(wanted), f"expected {expected}, got {len(found)}"]
        if dropped:
            lines.append(f"the count is incomplete: {dropped} older messages were dropped; call outbox.clear() first")
        others = [message for message in messages if message not in found]
        if len(found) > times:
            lines += ["", *(line for message in found for line in (f"  {message}", f"    {message.reason}"))]
        elif others:
            closest = max(others, key=lambda message: _similarity(message, wanted))
            lines += ["", f"closest message: {closest}", *_difference(closest, wanted), f"  reason: {closest.reason}"]
        else:
            lines += ["", self._none("no other messages")]
        rejected = [each for each in self._requests if _is_rejected(each)]
        if len(found) <= times and rejected:
            lines += ["", "rejected requests:", *(f"  {_rejection(each)}" for each in rejected[-MAX_REJECTED:])]
        return "\n".join(lines)


_NAMES = {name: "from" if name == "sender" else name for name in MessageOptions.__annotations__}
"""The names of values, and of the filters of the control API."""


def _wanted(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as filters. Raises `TypeError` for an unknown name."""
    __tracebackhide__ = True
    for name in values:
        if name not in _NAMES:
            raise TypeError(f"unexpected argument '{name}'{did_you_mean_or_list(name, _NAMES)}")
    return {_NAMES[name]: value for name, value in values.items()}


def _text(wanted: Mapping[str, Any]) -> str:
    values = ", ".join(f"{'sender' if name == 'from' else name}={value!r}" for name, value in wanted.items())
    return f"a message with {values}" if values else "any message"


def _actual(message: Message, name: str) -> str:
    """Return a value of a message as text, for people."""
    value = message._data[name]
    return "none" if value is None else str(message.pool) if name == "pool" else repr(value)


def _similarity(message: Message, wanted: Mapping[str, Any]) -> tuple[int, float, int]:
    """Return a sort key: the greater it is, the closer a message is to a match. Of several, the newest is closest."""
    names = list(message_filter.differing(message._data, wanted))
    ratio = sum(
        difflib.SequenceMatcher(None, repr(wanted[name])[:MAX_COMPARED], _actual(message, name)[:MAX_COMPARED]).ratio()
        for name in names
    )
    return -len(names), ratio, message.number


def _difference(message: Message, wanted: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines that describe how a message differs."""
    for name in message_filter.differing(message._data, wanted):
        shown = "sender" if name == "from" else name
        yield f"  {shown}: expected {wanted[name]!r}, got {_actual(message, name)}"


def _is_rejected(request: Request) -> bool:
    """Return whether a request that could send a message, over HTTP or SMTP, was rejected."""
    return request.method not in OTHER_METHODS and (request.status is None or request.status >= 400)


def _rejection(request: Request) -> str:
    reason = f": {request.error.message}" if request.error is not None else ""
    return f"{request}{reason}"


def render(messages: Sequence[Message]) -> str:
    """Return messages as text, oldest first, each with the reason for its pool and its IP."""
    lines = [f"({len(messages) - MAX_SHOWN} older messages omitted)"] if len(messages) > MAX_SHOWN else []
    for message in messages[-MAX_SHOWN:]:
        lines += [str(message), f"     {message.reason}"]
    return "\n".join(lines)
