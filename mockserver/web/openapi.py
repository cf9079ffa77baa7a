"""OpenAPI documents, and the validation of requests and responses against them."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import jsonschema_rs
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge

from ..core import yaml_files
from ..core.errors import Source
from .bodies import body_fields, parse_form, parse_json

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
MAX_VIOLATIONS = 20
"""The number of violations of one body or parameter that are listed; the others are counted."""
MAX_ITEMS = 200
"""The number of items of an array or object in which violations are looked for."""
DOCUMENT = "urn:document"
"""The URI of the document in references to it."""


class Violation(NamedTuple):
    """A violation of the OpenAPI document by a request."""

    pointer: str
    """A JSON pointer into `{"path": …, "query": …, "headers": …, "body": …}`."""
    rule: str
    value: object
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Operation:
    path: str
    method: str
    parameters: Sequence[Mapping[str, Any]]
    request_body: Mapping[str, Any] | None
    responses: Mapping[int, Mapping[str, str]]
    """Pointers of schemas, by media type, by status."""
    pointer: str


class Contract:
    """An OpenAPI document. Its schemas are compiled when first used."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._registry = jsonschema_rs.Registry([(DOCUMENT, document)])
        self._validators: dict[str, jsonschema_rs.Validator] = {}
        self._operations = dict(self._compile())
        self._without_operation = self._responses(
            "#/x-answers-without-operation", document["x-answers-without-operation"]
        )

    @classmethod
    def load(cls, path: Path) -> Contract:
        """Return the contract of an OpenAPI document. It is loaded once per process."""
        return cls.reader(path)()

    @classmethod
    @functools.cache
    def reader(cls, path: Path) -> Callable[[], Contract]:
        """Read an OpenAPI document, and return a function that returns its contract and opens no file."""
        documents = yaml_files.reader(path)

        @functools.cache
        def load() -> Contract:
            (document,) = documents()
            return cls(document)

        return load

    def paths(self) -> Iterator[tuple[str, str, str]]:
        """Yield operationId, method and path of every operation, once for each path of the operation."""
        for operation_id, operation in self._operations.items():
            item = self.document["paths"][operation.path]
            for path in (operation.path, *item.get("x-alias-paths", ())):
                yield operation_id, operation.method.upper(), path

    def operations(self) -> dict[str, dict[str, Any]]:
        """Return the operation objects of the document, by operationId."""
        items = self.document["paths"].values()
        return {item[method]["operationId"]: item[method] for item in items for method in METHODS if method in item}

    def error_examples(self, operation: str) -> Iterator[tuple[str, int, object]]:
        """Yield the name, the status and the value of each example of an error response."""
        for status, reference in self.operations()[operation]["responses"].items():
            for media in self.resolve(reference)[0].get("content", {}).values() if int(status) >= 400 else ():
                for name, example in media.get("examples", {}).items():
                    yield name, int(status), example["value"]

    def source(self, operation: str) -> Source:
        """Return the source of an operation, which is that of its tag."""
        (tag,) = self.operations()[operation]["tags"]
        return next(Source(**each["x-source"]) for each in self.document["tags"] if each["name"] == tag)

    def has_schemas(self, operation: str) -> bool:
        """Return whether all responses with a body have a schema."""
        responses = [self.resolve(each)[0] for each in self.operations()[operation]["responses"].values()]
        return all("schema" in media for response in responses for media in response.get("content", {}).values())

    def body_and_query(self, operation: str) -> tuple[bool, list[str]]:
        """Return whether an operation takes a body, and the names of its query parameters."""
        spec = self._operations[operation]
        parameters = [self.resolve(reference)[0] for reference in spec.parameters]
        return spec.request_body is not None, [each["name"] for each in parameters if each["in"] == "query"]

    @functools.cached_property
    def password_fields(self) -> frozenset[str]:
        """The names of fields of request bodies that hold passwords: `format: password`, or `writeOnly`."""
        seen: set[str] = set()
        bodies = [each.request_body for each in self._operations.values()]
        return frozenset(name for body in bodies for name in self._password_fields(body, seen))

    def _password_fields(self, node: Any, seen: set[str]) -> Iterator[str]:
        if isinstance(node, list):
            node = dict(enumerate(node))
        if not isinstance(node, dict):
            return
        if "$ref" in node:
            node, pointer = self.resolve(node)
            if pointer in seen:
                return
            seen.add(pointer)
        for name, schema in node.get("properties", {}).items():
            resolved = self.resolve(schema)[0] if isinstance(schema, dict) else {}
            if resolved.get("format") == "password" or resolved.get("writeOnly"):
                yield name
        for item in node.values():
            yield from self._password_fields(item, seen)

    def coerce(self, operation: str, name: str, text: str) -> object:
        """Return the value of a query parameter in the type of its schema."""
        for reference in self._operations[operation].parameters:
            parameter = self.resolve(reference)[0]
            if (parameter["in"], parameter["name"]) == ("query", name):
                return _typed(text, self.resolve(parameter["schema"])[0])
        raise KeyError(name)

    def response_violation(
        self, operation: str | None, status: int, content_type: str | None, data: object
    ) -> str | None:
        """Return how a response violates the document, None if it does not; `data` is its body if that is JSON."""
        responses = self._operations[operation].responses if operation in self._operations else self._without_operation
        media_types = responses.get(status)
        if media_types is None:
            return f"status {status} is not in the OpenAPI document"
        media_type = content_type.partition(";")[0] if content_type else None
        if media_type is None:
            return None if not media_types else f"no body with status {status}: expected {sorted(media_types)}"
        pointer = media_types.get(media_type)
        if pointer is None:
            return f"media type {media_type} with status {status} is not in the OpenAPI document"
        if not media_type.endswith("json"):
            return None
        validator = self._validator(pointer)
        if validator.is_valid(data):
            return None
        errors = itertools.islice(validator.iter_errors(bounded(data)), MAX_VIOLATIONS)
        return "; ".join(f"{_pointer(error.instance_path)} {error.message}" for error in errors) or "is too large"

    def request_violations(
        self,
        operation: str,
        path_values: Mapping[str, str],
        query: MultiDict[str, str],
        content_type: str,
        body: bytes,
    ) -> list[Violation]:
        """Return the violations of the document by a request."""
        spec = self._operations[operation]
        found: list[Violation] = []
        for reference in spec.parameters:
            parameter, pointer = self.resolve(reference)
            where, name = parameter["in"], parameter["name"]
            sent = {"path": path_values, "query": query}.get(where)
            if sent is None:
                continue
            if name in sent:
                value = _typed(sent[name], self.resolve(parameter["schema"])[0])
                found += self._validate(f"{pointer}/schema", value, f"/{where}/{name}")
            elif parameter.get("required"):
                found.append(Violation(f"/{where}/{name}", "required", None))
        if spec.request_body is not None:
            found += self._validate_body(spec, content_type, body)
        found += self._misplaced(spec, query, content_type, body)
        return found

    def _misplaced(
        self, spec: _Operation, query: MultiDict[str, str], content_type: str, body: bytes
    ) -> Iterator[Violation]:
        """Yield query parameters that are documented in the body, and body fields that are documented in the query."""
        parameters = [self.resolve(reference)[0] for reference in spec.parameters]
        in_query = {each["name"] for each in parameters if each["in"] == "query"}
        in_body = self._body_names(spec)
        for name in query:
            if name in in_body - in_query:
                yield Violation(f"/query/{_escape(name)}", "place", query[name], "documented in the body")
        if body and in_query - in_body:
            for name, value in body_fields(body, content_type).items():
                if name in in_query - in_body:
                    yield Violation(f"/body/{_escape(name)}", "place", value, "documented in the query")

    def _body_names(self, spec: _Operation) -> set[str]:
        """Return the names of the documented body fields of an operation."""
        if spec.request_body is None:
            return set()
        content = self.resolve(spec.request_body)[0]["content"].values()
        return {name for media in content for name in self._properties(media["schema"])}

    def _properties(self, schema: Mapping[str, Any]) -> Iterator[str]:
        """Yield the names of the properties of an object's schema."""
        schema = self.resolve(schema)[0]
        yield from schema.get("properties", ())
        for word in ("allOf", "anyOf", "oneOf"):
            for each in schema.get(word, ()):
                yield from self._properties(each)

    def _validate_body(self, spec: _Operation, content_type: str, body: bytes) -> list[Violation]:
        request_body, pointer = self.resolve(spec.request_body, f"{spec.pointer}/requestBody")
        if not body:
            return [Violation("/body", "required", None)] if request_body.get("required") else []
        media_type = content_type.partition(";")[0].strip().lower()
        media = request_body["content"].get(media_type)
        if media is None:
            return [Violation("/headers/Content-Type", "content", media_type)]
        schema, at = self.resolve(media["schema"], f"{pointer}/content/{_escape(media_type)}/schema")
        if not media_type.endswith("json"):
            try:
                return self._validate(at, _form_value(parse_form(body, content_type), schema), "/body")
            except RequestEntityTooLarge:
                return [Violation("/body", "form", None)]
        try:
            return self._validate(at, parse_json(body), "/body")
        except ValueError:
            return [Violation("/body", "json", body[:64].decode("utf-8", "replace"))]

    def _validate(self, pointer: str, value: object, at: str) -> list[Violation]:
        validator = self._validator(pointer)
        if validator.is_valid(value):
            return []
        found = [
            Violation(at + _pointer(error.instance_path), str(error.schema_path[-1]), error.instance, error.message)
            for error in validator.iter_errors(bounded(value))
        ]
        more = len(found) - MAX_VIOLATIONS
        if more > 0:
            found[MAX_VIOLATIONS:] = [Violation(at, "more", more, f"{more} more violations")]
        return found or [Violation(at, "invalid", None, "is too large to say why it is invalid")]

    def _validator(self, pointer: str) -> jsonschema_rs.Validator:
        """Return the validator of the schema at a pointer, which is compiled when first used."""
        found = self._validators.get(pointer)
        if found is None:
            reference = DOCUMENT + quote(pointer, safe="#/~")
            found = self._validators[pointer] = jsonschema_rs.validator_for(
                {"$ref": reference}, registry=self._registry, validate_formats=False, mask="the value"
            )
        return found

    def _compile(self) -> Iterator[tuple[str, _Operation]]:
        for path, item in self.document["paths"].items():
            for method in METHODS:
                operation = item.get(method)
                if operation is None:
                    continue
                pointer = f"#/paths/{_escape(path)}/{method}"
                shared, own = item.get("parameters", []), operation.get("parameters", [])
                yield (
                    operation["operationId"],
                    _Operation(
                        path=path,
                        method=method,
                        parameters=[
                            *({"$ref": f"#/paths/{_escape(path)}/parameters/{i}"} for i in range(len(shared))),
                            *({"$ref": f"{pointer}/parameters/{i}"} for i in range(len(own))),
                        ],
                        request_body=operation.get("requestBody"),
                        responses=self._responses(f"{pointer}/responses", operation["responses"]),
                        pointer=pointer,
                    ),
                )

    def _responses(self, pointer: str, responses: Mapping[str, Any]) -> dict[int, dict[str, str]]:
        found: dict[int, dict[str, str]] = {}
        for status, response in responses.items():
            response, at = self.resolve(response, f"{pointer}/{status}")
            content = response.get("content", {})
            found[int(status)] = {media_type: f"{at}/content/{_escape(media_type)}/schema" for media_type in content}
        return found

    def resolve(self, node: Any, pointer: str = "") -> tuple[Mapping[str, Any], str]:
        """Return a node and its pointer, following references."""
        while "$ref" in node:
            pointer = node["$ref"]
            node = self.document
            for part in pointer[2:].split("/"):
                part = part.replace("~1", "/").replace("~0", "~")
                node = node[int(part)] if isinstance(node, list) else node[part]
        return node, pointer


def bounded(value: object) -> object:
    """Return a JSON value without the items of large arrays and objects beyond `MAX_ITEMS`.

    jsonschema-rs finds all errors at once, which takes seconds if there are many, and holds up every other thread.
    """
    if isinstance(value, dict):
        return {key: bounded(item) for key, item in itertools.islice(value.items(), MAX_ITEMS)}
    if isinstance(value, list):
        return [bounded(item) for item in itertools.islice(value, MAX_ITEMS)]
    return value


def _escape(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def _pointer(path: Sequence[str | int]) -> str:
    return "".join("/" + _escape(str(part)) for part in path)


def _typed(text: str, schema: Mapping[str, Any]) -> object:
    """Return a text parameter in the type of its schema; the text itself if it is not valid for that type."""
    match schema.get("type"):
        case "integer" if re.fullmatch("-?[0-9]{1,4000}", text):
            return int(text)
        case "boolean" if text in ("true", "false"):
            return text == "true"
    return text


def _form_value(form: MultiDict[str, str], schema: Mapping[str, Any]) -> dict[str, object]:
    """Return a form as an object: the values of a field are an array if its schema is one."""
    properties = schema.get("properties", {})
    return {
        name: form.getlist(name) if properties.get(name, {}).get("type") == "array" else form[name] for name in form
    }
