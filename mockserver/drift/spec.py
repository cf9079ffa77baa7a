"""Comparison of a provider's OpenAPI document with the one of this server."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import jsonschema_rs

from ..core.errors import ErrorMessage, entries
from ..web.provider import Provider
from ..web.published import publish
from .differences import Change, Comparison, DriftError, Undecided, readable
from .documents import KEYWORDS, LIMITS, Document, DocumentedOperation, Media

MAX_REASON = 200
"""The maximum length of a reason, in characters."""
MESSAGES = ("message", "error", "description")
"""The fields of an error's example that have messages."""


def compare_documents(provider: Provider, documents: Sequence[Mapping[str, Any]], profile: str) -> Comparison:
    """Compare the OpenAPI document of a provider in a profile with documents of the vendor. Raises `DriftError`.

    An operation is `gone` only if the documents have another one of the same tag: a vendor's document may be a part
    of its API.
    """
    with readable("the document"):
        return _SpecComparison(provider, documents, profile).run()


def _normalized(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path).rstrip("/") or "/"


class _SpecComparison:
    """A comparison, and what it has found."""

    def __init__(self, provider: Provider, documents: Sequence[Mapping[str, Any]], profile: str) -> None:
        self.provider = provider
        self.result = Comparison()
        on = frozenset(switch.name for switch in provider.switches if switch.live and profile == "live")
        off = frozenset(switch.name for switch in provider.switches) - on
        own = Document(publish(provider.contract, on, off))
        self.own = {(method, _normalized(path)): own.operation(method, path) for method, path in own.operations()}
        self.names = {
            (operation.method, _normalized(path)): operation.id
            for operation in provider.operations.values()
            for path in operation.paths
        }
        self.not_implemented = {
            (method, _normalized(path)) for path, methods in provider.not_implemented.items() for method in methods
        }
        self.vendor: dict[tuple[str, str], tuple[Document, str]] = {}
        """The documents and their paths."""
        for document in map(Document, documents):
            for method, path in document.operations():
                self.vendor[method, self._path(path, document.prefix)] = document, path
        self.entries = entries(provider.catalog)

    def _path(self, path: str, prefix: str) -> str:
        """Return a path with what precedes the paths of its document: `/api`, for example."""
        known = {each for _, each in (*self.own, *self.not_implemented)}
        whole, own = _normalized(prefix + path), _normalized(path)
        found = [each for each in known if each.endswith(own) and own.count("/") > 1]
        return next((each for each in (whole, own) if each in known), min(found, key=len, default=whole))

    def run(self) -> Comparison:
        shared = [key for key in self.own if key in self.vendor]
        if not shared:
            raise DriftError(f"the document has no operation that this server has for {self.provider.title}")
        for (method, normalized), (document, path) in self.vendor.items():
            if (method, normalized) not in self.own and (method, normalized) not in self.not_implemented:
                self.result.add(f"{method} {path}", "operation", "new", document.summary(method, path))
        tags = {tag for key in shared for tag in self.own[key].raw.get("tags", ())}
        for key, own in self.own.items():
            if key in self.vendor:
                document, path = self.vendor[key]
                self._compare_operation(key, own, document.operation(key[0], path))
            elif tags.intersection(own.raw.get("tags", ())) and self._is_main_path(key, own):
                self.result.add(self._where(own), "operation", "gone", "", self._touches(key))
        return self.result

    def _is_main_path(self, key: tuple[str, str], own: DocumentedOperation) -> bool:
        """Return whether no other path of the same operation is in the vendor's documents."""
        name = self.names.get(key)
        return "operationId" in own.raw and not any(self.names.get(each) == name for each in self.vendor)

    @staticmethod
    def _where(operation: DocumentedOperation) -> str:
        return f"{operation.method} {operation.path}"

    def _touches(self, key: tuple[str, str], *more: str) -> list[str]:
        operation = [f"{self.provider.name}.{self.names[key]}"] if key in self.names else []
        return [*operation, *more]

    def _compare_operation(self, key: tuple[str, str], own: DocumentedOperation, theirs: DocumentedOperation) -> None:
        where = self._where(own)
        self._compare_parameters(key, where, own, theirs)
        self._compare_bodies(key, where, own, theirs)
        self._compare_statuses(key, where, own, theirs)
        for status in sorted(own.responses.keys() & theirs.responses.keys()):
            mine, other = own.responses[status], theirs.responses[status]
            for media_type in (each for each in mine if each in other):
                self._compare_schemas(key, where, f"response {status}", mine[media_type], other[media_type], False)
            if status >= 400:
                self._compare_messages(key, where, status, own, theirs)

    def _compare_parameters(
        self, key: tuple[str, str], where: str, own: DocumentedOperation, theirs: DocumentedOperation
    ) -> None:
        mine = {name: each for (place, name), each in own.parameters.items() if place == "query"}
        other = {name: each for (place, name), each in theirs.parameters.items() if place == "query"}
        for name in [*mine, *(name for name in other if name not in mine)]:
            path = f"query parameter {name}"
            self.result.compared += 1
            if name not in other:
                self.result.add(where, path, "gone", "", self._touches(key))
            elif name not in mine:
                self.result.add(where, path, "new", "", self._touches(key))
            else:
                if mine[name].required != other[name].required:
                    change: Change = "new" if other[name].required else "gone"
                    self.result.add(where, f"{path} required", change, "", self._touches(key))
                self._compare_parts(key, where, path, mine[name].schema, other[name].schema, True)
        names = re.findall(r"\{([^}]*)\}", own.path)
        for name, one, another in zip(names, _path_schemas(own), _path_schemas(theirs), strict=False):
            if one is not None and another is not None:
                self._compare_parts(key, where, f"path parameter {name}", one, another, True)

    def _compare_bodies(
        self, key: tuple[str, str], where: str, own: DocumentedOperation, theirs: DocumentedOperation
    ) -> None:
        if bool(own.body) != bool(theirs.body):
            self.result.add(where, "body", "new" if theirs.body else "gone", "", self._touches(key))
            return
        shared = [media_type for media_type in theirs.body if media_type in own.body]
        if theirs.body and not shared:
            detail = f"{', '.join(own.body)}, vendor {', '.join(theirs.body)}"
            self.result.add(where, "body media type", "changed", detail, self._touches(key))
        for media_type in shared[:1]:
            self._compare_schemas(key, where, "body", own.body[media_type], theirs.body[media_type], True)

    def _compare_statuses(
        self, key: tuple[str, str], where: str, own: DocumentedOperation, theirs: DocumentedOperation
    ) -> None:
        for status in sorted(own.responses.keys() | theirs.responses.keys()):
            self.result.compared += 1
            if status not in own.responses:
                self.result.add(where, f"response {status}", "new", "", self._touches(key))
            elif status not in theirs.responses:
                errors = [f"error {entry.key}" for entry in self._documented(own, status)]
                if status < 400 or errors:
                    self.result.add(where, f"response {status}", "gone", "", self._touches(key, *errors))

    def _documented(self, own: DocumentedOperation, status: int) -> Iterator[ErrorMessage]:
        """Yield the errors of an operation that a document of the provider states."""
        for media in own.responses[status].values():
            for name, _ in media.examples:
                entry = self.entries.get(name)
                if entry is not None and entry.status == status and entry.source.kind == "documented":
                    yield entry

    def _compare_messages(
        self, key: tuple[str, str], where: str, status: int, own: DocumentedOperation, theirs: DocumentedOperation
    ) -> None:
        path = f"response {status} message"
        mine, other = [list(dict.fromkeys(_messages(each.responses[status]))) for each in (own, theirs)]
        for message in other:
            self.result.compared += 1
            known = [entry for entry in self.entries.values() if entry.status == status]
            if message not in mine and not any(_template(entry).fullmatch(message) for entry in known):
                self.result.add(where, path, "new", json.dumps(message), self._touches(key))
        for entry in dict.fromkeys(self._documented(own, status)) if other else ():
            if not any(_template(entry).fullmatch(message) for message in other):
                detail = json.dumps(entry.message)
                self.result.add(where, path, "gone", detail, self._touches(key, f"error {entry.key}"))

    # Schemas

    def _compare_schemas(
        self, key: tuple[str, str], where: str, path: str, own: Media, theirs: Media, is_request: bool
    ) -> None:
        """Compare the schemas of a request or response, part by part, then as sets of values.

        A vendor's schema of a response often says less than ours: only what it states is compared.
        """
        self.result.compared += 1
        if own.schema is None or theirs.schema is None:
            if theirs.schema is None:
                self.result.undecided.append(Undecided(where, path, "the vendor's document has no schema"))
            return
        try:
            validator = jsonschema_rs.validator_for(dict(theirs.schema))
            if not is_request and not all(validator.is_valid(example) for _, example in theirs.examples):
                reason = "the vendor's example does not fit the vendor's schema"
                self.result.undecided.append(Undecided(where, path, reason))
                return
            verdict, reason = _verdict(own.schema, theirs.schema, is_request)
        except (jsonschema_rs.ValidationError, ValueError) as error:  # an invalid schema of the vendor
            self.result.undecided.append(Undecided(where, path, str(error).splitlines()[0][:MAX_REASON]))
            return
        is_same = self._compare_parts(key, where, path, own.schema, theirs.schema, is_request)
        if is_same and verdict == "no":
            self.result.add(where, path, "changed", reason, self._touches(key))
        elif is_same and verdict == "unknown":
            self.result.undecided.append(Undecided(where, path, reason))

    def _compare_parts(
        self,
        key: tuple[str, str],
        where: str,
        path: str,
        own: Mapping[str, Any],
        theirs: Mapping[str, Any],
        is_request: bool,
    ) -> bool:
        """Compare two schemas part by part, and return whether no part differs."""
        found = list(_parts(own, theirs, is_request))
        for name, change, detail, limit in found:
            touched = [f"limit {limit}"] if limit else []
            self.result.add(where, f"{path}{name}", change, detail, self._touches(key, *touched))
        return not found


def _path_schemas(operation: DocumentedOperation) -> list[Mapping[str, Any] | None]:
    """Return the schemas of the path parameters, in the order of the path."""
    found = [operation.parameters.get(("path", name)) for name in re.findall(r"\{([^}]*)\}", operation.path)]
    return [None if each is None else each.schema for each in found]


def _verdict(own: Mapping[str, Any], theirs: Mapping[str, Any], is_request: bool) -> tuple[str, str]:
    """Return whether one schema covers the other, `yes`, `no` or `unknown`, and why not.

    The vendor's has to cover our responses; ours has to cover the vendor's requests.
    """
    mine, other = _canonical(json.dumps(own)), _canonical(json.dumps(theirs))
    wide, narrow = (mine, other) if is_request else (other, mine)
    if wide == narrow:
        return "yes", ""
    verdict = str(wide.covers(narrow)).rpartition(".")[2].lower()
    if verdict == "yes":
        return verdict, ""
    if verdict == "unknown":
        return verdict, "it cannot be decided whether one schema covers the other"
    try:
        rest = narrow.subtract(wide).to_json_schema()
        rest.pop("$schema", None)
        text = json.dumps(rest)
    except ValueError:  # the difference is not a schema
        text = "not expressible"
    text = text if len(text) <= MAX_REASON else f"{text[:MAX_REASON]}..."
    return verdict, f"{'only the vendor accepts' if is_request else 'only this server returns'} {text}"


@functools.lru_cache(maxsize=1024)
def _canonical(schema: str) -> Any:
    return jsonschema_rs.canonicalize(json.loads(schema))


Part = tuple[str, Change, str, str]
"""The part of a schema that differs: its path, the change, a text, and the name of the catalog's limit."""


def _parts(own: Mapping[str, Any], theirs: Mapping[str, Any], is_request: bool, path: str = "") -> Iterator[Part]:
    """Yield the differences of two schemas."""
    mine, other = _merged(own), _merged(theirs)
    types = [_types(each) for each in (mine, other)]
    if types[0] and types[1] and _with_numbers(types[0]) != _with_numbers(types[1]):
        yield f"{path} type", "changed", f"{'|'.join(types[0])}, vendor {'|'.join(types[1])}", ""
        return
    yield from _limits(mine, other, is_request, path)
    yield from _required(mine, other, is_request, path)
    properties = mine.get("properties", {}), other.get("properties", {})
    if properties[0] and properties[1]:
        for name in [*properties[0], *(name for name in properties[1] if name not in properties[0])]:
            if name not in properties[1]:
                yield f"{path}/{name}", "gone", "", ""
            elif name not in properties[0]:
                yield f"{path}/{name}", "new", "", ""
            else:
                yield from _parts(properties[0][name], properties[1][name], is_request, f"{path}/{name}")
    if isinstance(mine.get("items"), Mapping) and isinstance(other.get("items"), Mapping):
        yield from _parts(mine["items"], other["items"], is_request, f"{path}/*")


def _with_numbers(types: Sequence[str]) -> set[str]:
    """Return types, with integers as numbers: documents use both for the same."""
    return {"number" if each == "integer" else each for each in types}


def _limits(mine: Mapping[str, Any], other: Mapping[str, Any], is_request: bool, path: str) -> Iterator[Part]:
    for name in KEYWORDS:
        one, another = mine.get(name), other.get(name)
        if one == another or (name == "enum" and _sorted(one) == _sorted(another)):
            continue
        limit = str(mine.get(LIMITS, {}).get(name, ""))
        if one is None:
            yield f"{path} {name}", "new", json.dumps(another), limit
        elif another is not None:
            yield f"{path} {name}", "changed", f"{json.dumps(one)}, vendor {json.dumps(another)}", limit
        elif is_request and limit:  # our documents limit more than the vendor's
            yield f"{path} {name}", "gone", json.dumps(one), limit


def _sorted(values: Any) -> list[str]:
    return sorted(map(json.dumps, values or ()))


def _required(mine: Mapping[str, Any], other: Mapping[str, Any], is_request: bool, path: str) -> Iterator[Part]:
    one, another = mine.get("required", []), other.get("required", [])
    known = mine.get("properties", {})
    for name in another:
        if name not in one and name in known:
            yield f"{path}/{name} required", "new", "", ""
    for name in one if is_request or another else ():
        if name not in another and name in other.get("properties", {}):
            yield f"{path}/{name} required", "gone", "", ""


def _merged(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema with the properties of its alternatives and parts."""
    made = dict(schema)
    for word in ("allOf", "anyOf", "oneOf"):
        for each in map(_merged, schema.get(word, ())):
            if "properties" in each:
                made["properties"] = {**each["properties"], **made.get("properties", {})}
            if word == "allOf":
                made["required"] = [*made.get("required", []), *each.get("required", [])]
    return made


def _types(schema: Mapping[str, Any]) -> list[str]:
    found = schema.get("type", [])
    return sorted([found] if isinstance(found, str) else found)


def _messages(response: Mapping[str, Media]) -> Iterator[str]:
    """Yield the messages in the examples of a response."""
    for media in response.values():
        for _, example in media.examples:
            yield from _texts(example)


def _texts(node: Any) -> Iterator[str]:
    children: Iterable[Any] = node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ()
    if isinstance(node, Mapping):
        yield from (node[name] for name in MESSAGES if isinstance(node.get(name), str))
    for child in children:
        yield from _texts(child)


@functools.cache
def _template(entry: ErrorMessage) -> re.Pattern[str]:
    """Return a pattern of the messages of an error, and of its description."""
    texts = [entry.message, *(text for text in entry.details.values() if isinstance(text, str))]
    return re.compile("|".join(re.sub(r"\\\{\w+\\\}", ".*", re.escape(text)) for text in texts), re.DOTALL)
