"""Synthetic values of the same shape for the data of an account."""

from __future__ import annotations

import datetime
import email.utils
import hashlib
import hmac
import ipaddress
import re
import string
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..core.addresses import IPV4, TEST_NETWORK, is_ip
from ..web.service import Service

DOCUMENTATION = [ipaddress.IPv4Network(each) for each in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]
"""The networks of synthetic IPs, RFC 5737; `TEST_NETWORK` has further ones."""
DOCUMENTATION_6 = ipaddress.IPv6Network("2001:db8::/32")
_ADDRESSES = [str(host) for network in DOCUMENTATION for host in network.hosts()]
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)([T ]\d\d:\d\d.*)?")
_RFC_2822 = re.compile(r"[A-Z][a-z]{2}, \d\d? [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d .+")
_IN_TEXT = re.compile(rf"(?<![\w.]){IPV4.pattern}(?![\w.]*\w)|[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
"""IPs and mail addresses in a text."""
_ID = re.compile(r"(?=.*[\d@._-]).{6,}")
"""A value that is no word of a message."""
_EPOCH = range(1_000_000_000, 2_500_000_000)
MAX_TRIES = 100


class Sanitizer:
    """Replaces the data of an account, the same value by the same synthetic one.

    The synthetic values depend on a secret: those of two runs with the same secret agree, and without it no guess can
    be checked. IPs become addresses of documentation; names and ids keep their length and the classes of their
    characters, numbers their digits; times are moved by a number of days.
    """

    def __init__(self, service: Service, secret: str, own: Collection[str] = ()) -> None:
        self._stable = service.stable
        self._kept = re.compile(service.kept)
        self._secret = secret.encode()
        self._own = [each.lower() for each in own]
        """Parts of values that belong to the run, and stay."""
        self.echoed: Mapping[str, str] = {}
        """Values of the account that requests had, and that messages may repeat."""
        self._known: dict[str, str] = {}
        self._used: set[str] = set()
        self._shift = 1 + int.from_bytes(self._digest("shift")[:2], "big") % 365

    def value(self, value: Any, field: str = "") -> Any:
        """Return a JSON value in which the data of the account is replaced; `field` is the name of its field."""
        if isinstance(value, Mapping):
            return {self.key(name): self.value(each, name) for name, each in value.items()}
        if isinstance(value, list):
            return [self.value(each, field) for each in value]
        if value is None or isinstance(value, bool):
            return value
        if field in self._stable:
            return self.text(value) if isinstance(value, str) else value
        if isinstance(value, int):
            return value - 86_400 * self._shift if value in _EPOCH else int(self.replace(str(value)))
        if isinstance(value, float):
            return value - 86_400 * self._shift if int(value) in _EPOCH else value
        return self.replace(value)

    def key(self, name: str) -> str:
        """Return the name of a field; an IP or a mail address is replaced."""
        return self.replace(name) if is_ip(name) or "@" in name else name

    def text(self, text: str) -> str:
        """Return a message in which IPs, mail addresses, ids and values of requests are replaced."""
        ids = [value for value in self._known if _ID.fullmatch(value) and value in text]
        for value in sorted([*self.echoed.values(), *ids], key=len, reverse=True):
            text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", lambda found: self.replace(found[0]), text)
        return _IN_TEXT.sub(lambda found: self.replace(found[0]), text)

    def replace(self, value: str) -> str:
        """Return the synthetic value of a text."""
        if not value or any(each in value.lower() for each in self._own):
            return value
        if value not in self._known:
            self._known[value] = self._new(value)
        return self._known[value]

    def _new(self, value: str) -> str:
        moved = self._moved(value)
        if moved is not None:
            return moved
        for number in range(MAX_TRIES):
            found = self._candidate(value, number)
            if found not in self._used and (found != value or not re.search(r"\w", self._kept.sub("", value))):
                break
        else:  # every text of this shape is in use
            found = f"{found}{len(self._used)}"
        self._used.add(found)
        return found

    def _moved(self, value: str) -> str | None:
        """Return a time some days earlier; None if the text is not a time."""
        days = datetime.timedelta(days=self._shift)
        iso = _ISO.fullmatch(value)
        try:
            if iso is not None:
                return f"{datetime.date.fromisoformat(iso[1]) - days}{iso[2] or ''}"
            if _RFC_2822.fullmatch(value):
                moved = email.utils.parsedate_to_datetime(value) - days
                return f"{moved:%a, %d %b %Y %H:%M:%S} {value.rpartition(' ')[2]}"
        except (ValueError, OverflowError):  # the zero value of a time stays
            return value
        return None

    def _candidate(self, value: str, number: int) -> str:
        digest = self._digest(f"{number}\0{value}")
        if is_ip(value):
            if ":" in value:
                return str(DOCUMENTATION_6[int.from_bytes(digest[:12], "big")])
            index = int.from_bytes(digest[:4], "big")
            return _ADDRESSES[index % len(_ADDRESSES)] if number < 20 else str(TEST_NETWORK[index % 2**17])
        parts, last = [], 0
        for kept in self._kept.finditer(value):
            parts += [self._scrambled(value[last : kept.start()], digest), kept[0]]
            last = kept.end()
        return "".join([*parts, self._scrambled(value[last:], digest)])

    def _scrambled(self, value: str, digest: bytes) -> str:
        """Return a text with characters of the same classes; one of hexadecimal digits keeps to these."""
        letters = string.ascii_lowercase
        if re.fullmatch(r"[0-9a-f-]{8,}", value) and re.search("[a-f]", value) and re.search("[0-9]", value):
            letters = "abcdef"
        stream = self._stream(digest)
        return "".join(_like(each, next(stream), letters, is_first=index == 0) for index, each in enumerate(value))

    def _stream(self, digest: bytes) -> Iterator[int]:
        while True:
            yield from digest
            digest = hashlib.sha256(digest).digest()

    def _digest(self, text: str) -> bytes:
        return hmac.digest(self._secret, text.encode("utf-8", "surrogatepass"), "sha256")


def _like(character: str, number: int, letters: str, *, is_first: bool) -> str:
    """Return a character of the same class. A digit that begins a number is not 0, one that is 0 stays."""
    if character in string.digits:
        if not is_first:
            return string.digits[number % 10]
        return character if character == "0" else string.digits[1 + number % 9]
    if character.islower():
        return letters[number % len(letters)]
    if character.isupper():
        return letters[number % len(letters)].upper()
    return letters[number % len(letters)] if character.isalpha() else character
