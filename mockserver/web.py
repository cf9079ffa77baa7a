"""HTTP as plain values: what a route reads of a request, strictly, and the answer it gives."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from werkzeug.datastructures import EnvironHeaders, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header
from werkzeug.wrappers import Request
from werkzeug.wsgi import get_input_stream

from .errors import ApiError, Entry
from .faults import Fault
from .ids import Ids
from .store import Caller, Transaction, Used

MAX_FORM_PARTS = 1_000


class NotJson(ValueError):
    """A body that is no JSON text; `NotAnObject` is the other thing that can be wrong with one."""


class NotAnObject(ValueError):
    """A body that is JSON, but not an object."""


class Reply:
    """An answer before it is on the wire: a status, and a body with its media type if there is one."""

    __slots__ = ("status", "data", "body", "content_type", "headers")

    def __init__(
        self,
        status: int,
        data: object = None,
        body: bytes = b"",
        content_type: str | None = None,
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.status = status
        self.data = data
        """The body as plain data, when it is JSON: what the contract is checked against."""
        self.body = body
        self.content_type = content_type
        self.headers = headers


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def encode(data: object) -> bytes:
    """Return compact JSON, in UTF-8."""
    return _ENCODER.encode(data).encode()


def origin(environ: dict[str, Any]) -> str:
    """Return scheme and host as the client names this server, however odd the name; the usual port is left out."""
    scheme = environ["wsgi.url_scheme"]
    host = environ.get("HTTP_HOST", "")
    if not re.fullmatch("[!-~]+", host):
        host = f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    return f"{scheme}://{host.removesuffix(':443' if scheme == 'https' else ':80')}"


def body(environ: dict[str, Any], limit: int) -> bytes:
    """Return a request's body; raises `RequestEntityTooLarge` when it is longer than `limit` bytes."""
    if not environ.get("wsgi.input_terminated"):
        whole: bytes = get_input_stream(environ, max_content_length=limit).read()
        return whole
    found: bytes = environ["wsgi.input"].read(limit + 1)
    if len(found) > limit:
        raise RequestEntityTooLarge
    return found


NONE: Transaction[Any] = Transaction(None, Ids("", 0), 0.0)
"""What there is before a transaction: nothing, and no number."""


class Call:
    """One request on its way through an operation."""

    def __init__(
        self,
        method: str,
        path: str,
        prefix: str,
        environ: dict[str, Any],
        methods: tuple[str, ...] = (),
    ) -> None:
        self.method = method
        self.path = path
        """As the provider knows it, without the mount's prefix."""
        self.methods = methods
        """Every method that the provider has on this path, in order of the alphabet."""
        self.environ = environ
        self.headers = EnvironHeaders(environ)
        self._prefix = prefix
        self.body = b""
        self.caller: Caller
        self.known = False
        """Whether `caller` is set: somebody was recognised."""
        self.account: str | None = None
        """The subaccount or subuser that the request acts for."""
        self.scope: str | None = None
        """The right that the operation asks of a credential with limited rights."""
        self.tx: Transaction[Any] = NONE
        self.used: Used | None = None
        """How often its credential asked for its operation, where the provider counts that."""
        self.fault: Fault | None = None
        """The planned fault that strikes it."""
        self.time = 0.0
        self.read: set[str] = set()
        """Names of the body fields and query parameters that something read."""
        self._form: MultiDict[str, str] | None = None

    @property
    def root(self) -> str:
        """Scheme, host and prefix (if any) that the client used, without a slash at the end."""
        return origin(self.environ) + self._prefix

    @functools.cached_property
    def query(self) -> MultiDict[str, str]:
        return Request(self.environ).args

    @property
    def media_type(self) -> str:
        return parse_options_header(self.headers.get("Content-Type", ""))[0].lower()

    def json_object(self) -> dict[str, Any]:
        """Return the body's JSON object, whatever its Content-Type. Raises `NotJson` or `NotAnObject`."""
        data = parse_json(self.body)
        if not isinstance(data, dict):
            raise NotAnObject
        return data

    @property
    def form(self) -> MultiDict[str, str]:
        """The body's fields, when it is a form in either encoding; also on DELETE."""
        if self._form is None:
            self._form = parse_form(self.body, self.headers.get("Content-Type", ""))
        return self._form

    def load(self, schema: Body, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a schema takes from a body or a query; raise the first refusal, in the schema's order."""
        self.read.update(schema.names)
        return schema.load(data)


def parse_json(body: bytes) -> Any:
    """Return the value of a JSON text in UTF-8, strictly: no NaN, no lone surrogate, no nesting beyond reason."""
    try:
        value = _DECODER.decode(body.decode())
        if b"\\ud" in body or b"\\uD" in body:
            encode(value)
    except (ValueError, RecursionError):
        raise NotJson from None
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(text)
    return value


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)


def parse_form(body: bytes, content_type: str) -> MultiDict[str, str]:
    """Return the fields of a urlencoded or multipart form, in order; none when the body is no form.

    What is no UTF-8 becomes U+FFFD. Raises `RequestEntityTooLarge` for too many parts.
    """
    media_type, options = parse_options_header(content_type)
    match media_type.lower():
        case "application/x-www-form-urlencoded":
            return MultiDict(parse_pairs(body))
        case "multipart/form-data" as multipart:
            parser = FormDataParser(max_form_memory_size=None, max_form_parts=MAX_FORM_PARTS, silent=True)
            _, form, files = parser.parse(io.BytesIO(body), multipart, len(body), options)
            texts = []
            for name, file in files.items(multi=True):
                texts.append((name, file.read().decode("utf-8", "replace")))
                file.close()
            return MultiDict((name, text) for name, text in [*form.items(multi=True), *texts] if name is not None)
    return MultiDict()


def parse_pairs(text: bytes) -> list[tuple[str, str]]:
    """Return the names and values of a query or a urlencoded form, in order."""
    ascii_only = re.sub(rb"[\x80-\xff]", lambda byte: b"%%%02X" % byte[0][0], text).decode("ascii")
    return parse_qsl(ascii_only, keep_blank_values=True, errors="replace")


def unread(query: str, body: bytes, content_type: str, read: frozenset[str]) -> tuple[str, ...]:
    """Name the query parameters and body fields of a request that are not among those `read`."""
    sent = {name for name, _ in parse_pairs(query.encode("latin-1"))}
    with contextlib.suppress(RequestEntityTooLarge):  # a form of too many parts, which was refused as that
        sent |= set(parse_form(body, content_type))
    try:
        value = parse_json(body)
        sent |= set(value) if isinstance(value, dict) else set()
    except NotJson:
        pass
    return tuple(sorted(sent - read))


Reason = tuple[Entry, str, object]
"""Why a value is not taken: the entry that says so, the field's name, the value."""


class Refused(Exception):
    """A value that a field does not take, for some reasons, the first of which counts."""

    def __init__(self, reasons: Sequence[Reason]) -> None:
        super().__init__(reasons)
        self.reasons = list(reasons)


class Strict:
    """A field whose refusals are catalog entries: `missing` when it is not there, `wrong` when it is not fit.

    `accepts` says which values it takes as they are; nothing is coerced. `checks` are further conditions, each with
    its own entry, asked in order; the first that fails ends it.
    """

    accepts: Callable[[Any], bool] = staticmethod(lambda value: True)

    def __init__(
        self,
        *,
        missing: Entry | None = None,
        wrong: Entry,
        checks: Sequence[tuple[Callable[[Any], object], Entry]] = (),
        data_key: str | None = None,
    ) -> None:
        self.missing = missing
        self.data_key = data_key
        self._wrong = wrong
        self._checks = checks

    def take(self, value: Any, name: str) -> Any:
        """Return a value that was sent as the rules want it. Raises `Refused`."""
        if not self.accepts(value):
            raise Refused([(self._wrong, name, value)])
        for holds, entry in self._checks:
            if not holds(value):
                raise Refused([(entry, name, value)])
        return self.convert(value, name)

    def convert(self, value: Any, name: str) -> Any:
        """Return an accepted value as the rules want it. Raises `Refused`."""
        return value


class Text(Strict):
    """A JSON string or a form's or query's text."""

    accepts = staticmethod(lambda value: isinstance(value, str))


class Flag(Strict):
    """A JSON boolean."""

    accepts = staticmethod(lambda value: isinstance(value, bool))


class Texts(Strict):
    """A JSON array of strings."""

    accepts = staticmethod(lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value))


class Body:
    """Base of what comes in: fields it does not name, or that are to be left out, are ignored; the journal says so."""

    def __init__(self, *, exclude: Iterable[str] = ()) -> None:
        self._exclude = frozenset(exclude)

    @functools.cached_property
    def fields(self) -> Mapping[str, Strict]:
        """What it declares, in the order written."""
        declared = [item for base in reversed(type(self).__mro__) for item in vars(base).items()]
        return {name: field for name, field in declared if isinstance(field, Strict) and name not in self._exclude}

    @functools.cached_property
    def names(self) -> Sequence[str]:
        """How these are called where they come from."""
        return [field.data_key or name for name, field in self.fields.items()]

    def load(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return what it takes from plain data; raise the first refusal in the order of its fields, with `others`."""
        taken: dict[str, Any] = {}
        refused: list[Reason] = []
        for (attribute, field), name in zip(self.fields.items(), self.names, strict=True):
            try:
                if name in data:
                    taken[attribute] = field.take(data[name], name)
                elif field.missing is not None:
                    refused.append((field.missing, name, None))
            except Refused as error:
                refused += error.reasons
        if refused:
            first, *others = [refusal(*reason) for reason in refused]
            first.others = tuple(others)
            raise first
        return taken


def refusal(entry: Entry, name: str, value: object) -> ApiError:
    """Return the error of an entry that may want to name the field and to repeat its value."""
    known = {"field": name, "value": value, "type": json_type(value)}
    return entry(**{want: known[want] for want in entry.wants})


def json_type(value: object) -> str:
    """Name a value's JSON type."""
    if isinstance(value, bool):
        return "boolean"
    names = {str: "string", int: "number", float: "number", dict: "object", list: "array", type(None): "null"}
    return names[type(value)]


def flatten(data: MultiDict[str, str], names: Iterable[str]) -> dict[str, str]:
    """Return the first value of each of the named fields that was sent."""
    return {name: data[name] for name in names if name in data}
