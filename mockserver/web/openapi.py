"""A provider's OpenAPI document as something to hold requests and answers against."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import jsonschema_rs
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge

from ..core import yaml_files
from ..core.errors import Source
from .bodies import parse_form, parse_json

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
MAX_VIOLATIONS = 20
"""The number of violations of one body or parameter that are listed; the others are counted."""
MAX_ITEMS = 200
"""The number of items of an array or object in which violations are looked for."""
DOCUMENT = "urn:document"
"""What a document is called in references to it."""


class Violation(NamedTuple):
    """One way in which a request breaks the contract."""

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
    answers: Mapping[int, Mapping[str, str]]
    """The pointer of the schema, by media type, by status."""
    pointer: str


class Contract:
    """One OpenAPI document, whose schemas are compiled when first used."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._registry = jsonschema_rs.Registry([(DOCUMENT, document)])
        self._validators: dict[str, jsonschema_rs.Validator] = {}
        self._operations = dict(self._compile())
        self._elsewhere = self._answers("#/x-answers-without-operation", document["x-answers-without-operation"])

    @classmethod
    @functools.cache
    def load(cls, path: Path) -> Contract:
        """Return the contract of an OpenAPI document. It is read once in a process, since nothing changes it."""
        (document,) = yaml_files.read(path)
        return cls(document)

    def paths(self) -> Iterator[tuple[str, str, str]]:
        """Yield operationId, method and path of every operation, once for each path that it is served on."""
        for operation_id, operation in self._operations.items():
            item = self.document["paths"][operation.path]
            for path in (operation.path, *item.get("x-alias-paths", ())):
                yield operation_id, operation.method.upper(), path

    def operations(self) -> dict[str, dict[str, Any]]:
        """Return what the document says of every operation, by operationId."""
        items = self.document["paths"].values()
        return {item[method]["operationId"]: item[method] for item in items for method in METHODS if method in item}

    def source(self, operation: str) -> Source:
        """Return where an operation comes from, which its tag says."""
        (tag,) = self.operations()[operation]["tags"]
        return next(Source(**each["x-source"]) for each in self.document["tags"] if each["name"] == tag)

    def has_schemas(self, operation: str) -> bool:
        """Say whether every answer that has a body has a schema, too."""
        answers = [self.resolve(each)[0] for each in self.operations()[operation]["responses"].values()]
        return all("schema" in media for answer in answers for media in answer.get("content", {}).values())

    def body_and_query(self, operation: str) -> tuple[bool, list[str]]:
        """Say whether an operation takes a body, and name its query parameters."""
        spec = self._operations[operation]
        parameters = [self.resolve(reference)[0] for reference in spec.parameters]
        return spec.request_body is not None, [each["name"] for each in parameters if each["in"] == "query"]

    def coerce(self, operation: str, name: str, text: str) -> object:
        """Return a query parameter as its schema's type."""
        for reference in self._operations[operation].parameters:
            parameter = self.resolve(reference)[0]
            if (parameter["in"], parameter["name"]) == ("query", name):
                return _typed(text, self.resolve(parameter["schema"])[0])
        raise KeyError(name)

    def response_violation(
        self, operation: str | None, status: int, content_type: str | None, data: object
    ) -> str | None:
        """Say how an answer breaks the contract, if it does; `data` is its body when that is JSON."""
        answers = self._operations[operation].answers if operation in self._operations else self._elsewhere
        media_types = answers.get(status)
        if media_types is None:
            return f"status {status} is not in the contract"
        media_type = content_type.partition(";")[0] if content_type else None
        if media_type is None:
            return None if not media_types else f"no body with status {status}, the contract has {sorted(media_types)}"
        pointer = media_types.get(media_type)
        if pointer is None:
            return f"media type {media_type} with status {status} is not in the contract"
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
        """Say how a request breaks the contract."""
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
                found += self._judge(f"{pointer}/schema", value, f"/{where}/{name}")
            elif parameter.get("required"):
                found.append(Violation(f"/{where}/{name}", "required", None))
        if spec.request_body is not None:
            found += self._judge_body(spec, content_type, body)
        return found

    def _judge_body(self, spec: _Operation, content_type: str, body: bytes) -> list[Violation]:
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
                return self._judge(at, _form_value(parse_form(body, content_type), schema), "/body")
            except RequestEntityTooLarge:
                return [Violation("/body", "form", None)]
        try:
            return self._judge(at, parse_json(body), "/body")
        except ValueError:
            return [Violation("/body", "json", body[:64].decode("utf-8", "replace"))]

    def _judge(self, pointer: str, value: object, at: str) -> list[Violation]:
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
        """Return what judges by the schema at a pointer, compiled when first used: most are not in most runs."""
        found = self._validators.get(pointer)
        if found is None:
            reference = DOCUMENT + quote(pointer, safe="#/~")
            found = self._validators[pointer] = jsonschema_rs.validator_for(
                {"$ref": reference}, registry=self._registry, validate_formats=False
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
                        answers=self._answers(f"{pointer}/responses", operation["responses"]),
                        pointer=pointer,
                    ),
                )

    def _answers(self, pointer: str, responses: Mapping[str, Any]) -> dict[int, dict[str, str]]:
        answers: dict[int, dict[str, str]] = {}
        for status, response in responses.items():
            response, at = self.resolve(response, f"{pointer}/{status}")
            content = response.get("content", {})
            answers[int(status)] = {media_type: f"{at}/content/{_escape(media_type)}/schema" for media_type in content}
        return answers

    def resolve(self, node: Any, pointer: str = "") -> tuple[Mapping[str, Any], str]:
        """Follow references to where a node really stands."""
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
    """Return a text parameter as the type its schema asks for, if it can be read as one."""
    match schema.get("type"):
        case "integer" if re.fullmatch("-?[0-9]{1,4000}", text):
            return int(text)
        case "boolean" if text in ("true", "false"):
            return text == "true"
    return text


def _form_value(form: MultiDict[str, str], schema: Mapping[str, Any]) -> dict[str, object]:
    """Return a form as the object its schema describes: a repeated field is an array where an array is asked for."""
    properties = schema.get("properties", {})
    return {
        name: form.getlist(name) if properties.get(name, {}).get("type") == "array" else form[name] for name in form
    }
