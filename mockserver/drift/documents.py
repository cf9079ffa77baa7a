"""OpenAPI documents of providers: read from a file or URL, with schemas as JSON Schema without references."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from ..core import yaml_files
from ..web.openapi import METHODS
from .differences import DriftError

TIMEOUT = 30
"""The time limit of a download, in seconds."""
MAX_BYTES = 32 << 20
"""The maximum size of a document, in bytes."""
LIMITS = "x-limits"
"""The keyword of our documents that names the catalog's limits."""
KEYWORDS = (
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern"),
    *("minItems", "maxItems", "uniqueItems", "enum", "const", "format"),
)
"""The keywords of JSON Schema that limit values."""
_KEYWORDS = {*KEYWORDS, LIMITS, "type", "required", "minProperties", "maxProperties", "dependentRequired"}
_SCHEMAS = ("properties", "patternProperties", "$defs")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLE = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")


def read_document(source: str) -> dict[str, Any]:
    """Return the OpenAPI document, 3.0 or 3.1, in a file or at a URL, JSON or YAML. Raises `DriftError`."""
    import yaml

    text = _download(source) if re.match("https?://", source) else _read(source)
    try:
        document = json.loads(text) if text.lstrip()[:1] == b"{" else yaml.load(text, yaml_files.loader())
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DriftError(f"{source}: {error}") from None
    if not isinstance(document, dict) or not str(document.get("openapi", "3")).startswith("3"):
        raise DriftError(f"{source}: expected an OpenAPI document, version 3")
    if not isinstance(document.get("paths"), dict) or not document["paths"]:
        raise DriftError(f"{source}: expected an OpenAPI document with 'paths'")
    return document


def _read(file: str) -> bytes:
    try:
        with Path(file).open("rb") as stream:
            return _bounded(stream.read(MAX_BYTES + 1), file)
    except OSError as error:
        raise DriftError(f"{file}: {error.strerror}") from None


def _download(url: str) -> bytes:
    try:
        with urlopen(Request(url, headers={"User-Agent": "mockserver-drift"}), timeout=TIMEOUT) as response:
            return _bounded(response.read(MAX_BYTES + 1), url)
    except (OSError, ValueError) as error:  # HTTPError and URLError are OSErrors
        raise DriftError(f"{url}: {error}") from None


def _bounded(data: bytes, source: str) -> bytes:
    if len(data) > MAX_BYTES:
        raise DriftError(f"{source}: larger than {MAX_BYTES >> 20} MiB")
    return data


class Parameter(NamedTuple):
    """A path or query parameter."""

    required: bool
    schema: Mapping[str, Any]


class Media(NamedTuple):
    """A body in one media type."""

    schema: Mapping[str, Any] | None
    examples: Sequence[tuple[str, Any]] = ()
    """Names and values; those of our errors have the names of the catalog."""


class DocumentedOperation(NamedTuple):
    """An operation of a document, without references."""

    method: str
    path: str
    parameters: Mapping[tuple[str, str], Parameter]
    """By `in` and name."""
    body: Mapping[str, Media]
    """The request body by media type."""
    responses: Mapping[int, Mapping[str, Media]]
    """By status, by media type."""
    raw: Mapping[str, Any]


class Document:
    """The operations of an OpenAPI document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._is_30 = str(document.get("openapi", "3.0")).startswith("3.0")
        urls = [urlsplit(str(each.get("url", ""))).path.rstrip("/") for each in document.get("servers", ())]
        self.prefix = next((path for path in urls if path), "")
        """The path of its first server that has one."""

    def operations(self) -> Iterator[tuple[str, str]]:
        """Yield method and path of its operations."""
        for path, item in self._document["paths"].items():
            resolved = self._resolve(item)
            yield from ((method.upper(), path) for method in METHODS if isinstance(resolved.get(method), Mapping))

    def summary(self, method: str, path: str) -> str:
        """Return the summary of an operation."""
        return str(self._resolve(self._document["paths"][path])[method.lower()].get("summary", ""))

    def operation(self, method: str, path: str) -> DocumentedOperation:
        """Return an operation. Raises `DriftError` for a reference that cannot be followed."""
        item = self._resolve(self._document["paths"][path])
        raw = item[method.lower()]
        parameters = [self._resolve(each) for each in [*item.get("parameters", ()), *raw.get("parameters", ())]]
        responses = {int(s): self._resolve(each) for s, each in raw.get("responses", {}).items() if str(s).isdecimal()}
        return DocumentedOperation(
            method,
            path,
            {
                (each["in"], each["name"]): Parameter(bool(each.get("required")), self.schema(each.get("schema", {})))
                for each in parameters
                if each.get("in") in ("path", "query")
            },
            self._media(self._resolve(raw.get("requestBody", {}))),
            {status: self._media(each) for status, each in responses.items()},
            raw,
        )

    def _media(self, node: Mapping[str, Any]) -> dict[str, Media]:
        found = {}
        for media_type, media in node.get("content", {}).items():
            named = media.get("examples", {}).items()
            examples = [(name, self._resolve(each).get("value")) for name, each in named]
            examples += [("", media["example"])] if "example" in media else []
            schema = self.schema(media["schema"]) if media.get("schema") else None
            found[media_type.partition(";")[0].strip().lower()] = Media(schema, examples)
        return found

    def _resolve(self, node: Any) -> Any:
        """Return a node, following references."""
        for _ in range(50):
            if not isinstance(node, Mapping) or "$ref" not in node:
                return node
            node = self._target(str(node["$ref"]))
        raise DriftError("a reference refers to itself")

    def _target(self, reference: str) -> Any:
        node: Any = self._document
        if not reference.startswith("#/"):
            raise DriftError(f"'{reference}': a reference to another document")
        try:
            for part in reference[2:].split("/"):
                part = part.replace("~1", "/").replace("~0", "~")
                node = node[int(part)] if isinstance(node, list) else node[part]
        except (KeyError, IndexError, ValueError, TypeError):
            raise DriftError(f"'{reference}': the document has no such part") from None
        return node

    def schema(self, node: Any, outer: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return a schema as JSON Schema 2020-12 without references; a schema inside itself accepts everything."""
        if not isinstance(node, Mapping):
            return {} if node is not False else {"not": {}}
        if "$ref" in node:
            reference = str(node["$ref"])
            found = {} if reference in outer else self.schema(self._target(reference), (*outer, reference))
            more = self.schema({key: value for key, value in node.items() if key != "$ref"}, outer)
            return {**found, **more}
        made: dict[str, Any] = {}
        for key, value in node.items():
            if key in _SCHEMAS and isinstance(value, Mapping):
                made[key] = {name: self.schema(each, outer) for name, each in value.items()}
            elif key in _LISTS and isinstance(value, list):
                made[key] = [self.schema(each, outer) for each in value]
            elif key in _SINGLE:
                made[key] = value if isinstance(value, bool) else self.schema(value, outer)
            elif key in _KEYWORDS:
                made[key] = value
        if self._is_30:
            _from_30(made, is_nullable=node.get("nullable") is True)
        return made


def _from_30(schema: dict[str, Any], *, is_nullable: bool) -> None:
    """Change keywords of OpenAPI 3.0 to those of JSON Schema 2020-12."""
    for exclusive, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        is_exclusive = schema.get(exclusive)
        if isinstance(is_exclusive, bool):
            del schema[exclusive]
            if is_exclusive and limit in schema:
                schema[exclusive] = schema.pop(limit)
    if is_nullable and isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema and None not in schema["enum"]:
            schema["enum"] = [*schema["enum"], None]
