"""The JSON Schema of a seed, for editors, made from the marshmallow schemas that load it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from . import profiles
from .seed import Record, SeedSchema, SeedSection, unique

TYPES: Mapping[type, str] = {
    fields.String: "string",
    fields.Boolean: "boolean",
    fields.Integer: "integer",
    fields.Float: "number",
    fields.Dict: "object",
}
"""The JSON types of fields; a seed has strict fields."""
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(sections: Mapping[str, type[SeedSection]]) -> dict[str, Any]:
    """Return the JSON Schema of a seed with these sections.

    It rejects what their fields reject. References between records, limits and duplicates are not in it:
    `mockserver validate` checks them too.
    """
    return {
        "$schema": DIALECT,
        "title": "A seed of mockserver",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string", "minLength": 1},
            **{name: _nullable(_section(section)) for name, section in sections.items()},
        },
    }


def _section(section: type[SeedSection]) -> dict[str, Any]:
    schema = _mapping(section())
    return {**schema, "properties": schema["properties"] | profiles.properties(profiles.switches(section.catalog))}


def _mapping(schema: SeedSchema) -> dict[str, Any]:
    found = schema.fields
    required = [name for name, each in found.items() if each.required]
    return {
        "description": inspect.cleandoc(type(schema).__doc__ or "").partition("\n")[0],
        "type": "object",
        "additionalProperties": False,
        "properties": {
            name: _nullable(_field(each)) if each.allow_none else _field(each) for name, each in found.items()
        },
        **({"required": required} if required else {}),
        **schema.keywords,
    }


def _field(field: fields.Field[Any]) -> dict[str, Any]:
    schema = dict(_of_type(field))
    for validator in field.validators:
        schema.update(_keywords(validator, of_list=isinstance(field, fields.List)))
    return schema


def _of_type(field: fields.Field[Any]) -> dict[str, Any]:
    if isinstance(field, fields.Nested):
        schema = _mapping(field.schema)  # type: ignore[arg-type]
        return {"anyOf": [schema["properties"][field.key], schema]} if isinstance(field, Record) else schema
    if isinstance(field, fields.List):
        return {"type": "array", "items": _field(field.inner)}
    name = next((name for kind, name in TYPES.items() if isinstance(field, kind)), None)
    return {"type": name} if name is not None else {}


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "type": [schema["type"], "null"]} if "type" in schema else schema


def _keywords(validator: object, *, of_list: bool) -> dict[str, Any]:
    """Return the keywords of a validator of marshmallow."""
    match validator:
        case validate.Length():
            names = ("minItems", "maxItems") if of_list else ("minLength", "maxLength")
            sizes = dict(zip(names, (validator.min, validator.max), strict=True))
        case validate.Range():
            sizes = {"minimum": validator.min, "maximum": validator.max}
        case validate.OneOf():
            return {"enum": list(validator.choices)}
        case validate.Regexp():
            return {"pattern": "^(?:" + str(validator.regex.pattern).replace(r"\Z", "$") + ")"}
        case _ if validator is unique:
            return {"uniqueItems": True}
        case _:  # of a further provider
            return {}
    return {name: value for name, value in sizes.items() if value is not None}
