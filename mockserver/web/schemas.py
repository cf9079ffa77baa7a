"""marshmallow schemas whose errors are those of a provider's error catalog."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import marshmallow
from marshmallow import EXCLUDE, ValidationError, fields, validate
from werkzeug.datastructures import MultiDict

from ..core.errors import ApiError, ErrorMessage, joined
from .exchange import current_exchange

ALL_ERRORS = {"all_errors": True}
"""Metadata of a field whose errors are all reported; of other fields only the first one is."""


class Schema(marshmallow.Schema):
    """Base of request bodies, forms and queries. Unknown fields are ignored; the request log lists them.

    Declare fields in the order in which the provider checks them: the first error is the response.
    """

    has_indexes: ClassVar[bool] = False
    """Whether the paths in its errors have the indexes of items: `to.0.email`, not `to.email`."""

    class Meta:
        unknown = EXCLUDE


def load(schema: type[Schema], data: Mapping[str, Any], *, exclude: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the values of the fields that were sent; `exclude` are names of fields to ignore.

    Raises the `ApiError` of the first invalid field; its `others` are the errors of the other fields.
    """
    instance, names = _instance(schema, exclude)
    current_exchange().fields_read.update(names)
    return load_with(instance, data)


def load_with(schema: marshmallow.Schema, data: Mapping[str, Any]) -> dict[str, Any]:
    """Load data with a schema instance, as `load` does, outside of a request."""
    try:
        loaded: dict[str, Any] = schema.load(data)
    except ValidationError as error:
        raise joined(list(_errors(schema, error.messages, data))) from None
    return loaded


@functools.cache
def _instance(schema: type[Schema], exclude: frozenset[str]) -> tuple[Schema, tuple[str, ...]]:
    instance = schema(exclude=exclude)
    return instance, field_names(instance)


def field_names(schema: marshmallow.Schema) -> tuple[str, ...]:
    """Return the names of a schema's fields as they are sent, in order."""
    return tuple(each.data_key or name for name, each in schema.fields.items())


def messages(invalid: ErrorMessage, required: ErrorMessage | None = None) -> dict[str, Any]:
    """Return the `error_messages` of a field: one for a missing value, one for a value of the wrong type."""
    return {"required": required or invalid, **dict.fromkeys(_KINDS, invalid)}


_KINDS = ("null", "invalid", "invalid_utf8", "too_large", "special")
"""marshmallow's keys of messages for a value of the wrong type."""


def _errors(schema: marshmallow.Schema, messages: Any, data: Mapping[str, Any]) -> Iterator[ApiError]:
    """Yield the errors of each field in the schema's order: the first, or all if it is a field of `ALL_ERRORS`."""
    reports_all = {each.data_key or name: "all_errors" in each.metadata for name, each in schema.fields.items()}
    has_indexes = isinstance(schema, Schema) and schema.has_indexes
    for name, below in messages.items():
        leaves = _leaves(below, data.get(name), name, has_indexes=has_indexes)
        for number, (path, value, message) in enumerate(leaves):
            if number == 0 or reports_all.get(name):
                yield message.with_values(field=path, value=value, given=json_type(value))


def _leaves(messages: Any, value: Any, path: str, *, has_indexes: bool) -> Iterator[tuple[str, Any, ErrorMessage]]:
    """Yield each message below a field, with the path to the invalid value, `options.deliverability`, and the value."""
    if not isinstance(messages, Mapping):
        for message in messages:
            yield path, value, message
        return
    for key, below in messages.items():
        child, at = value, path
        if isinstance(value, Mapping):
            child, at = value.get(key), f"{path}.{key}"
        elif isinstance(value, list) and isinstance(key, int):
            child, at = value[key], f"{path}.{key}" if has_indexes else path
        yield from _leaves(below, child, at, has_indexes=has_indexes)


def json_type(value: object) -> str:
    """Return the name of the type of a JSON value."""
    if isinstance(value, float) and not value.is_integer():
        return "number"
    return _JSON_TYPES.get(type(value), "integer")


_JSON_TYPES = {type(None): "null", bool: "boolean", str: "string", list: "array", dict: "object"}


def first_values(data: MultiDict[str, str], names: Iterable[str]) -> dict[str, str]:
    """Return the first value of each of the named parameters that was sent."""
    return {name: data[name] for name in names if name in data}


# Fields and validators


class FirstErrorList(fields.List):  # type: ignore[type-arg]  # no generic class in the lowest version
    """A list that reports its first wrong item only: a body can have half a million of them."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> list[Any]:
        if not isinstance(value, list):
            raise self.make_error("invalid")
        loaded = []
        for index, item in enumerate(value):
            try:
                loaded.append(self.inner.deserialize(item, **kwargs))
            except ValidationError as error:
                raise ValidationError({index: error.messages}) from None
        return loaded


def string(error: ErrorMessage) -> fields.String:
    """Return the field of any string."""
    return fields.String(error_messages=messages(error))


def one_of(values: Sequence[str], error: ErrorMessage) -> fields.String:
    """Return the field of one of several strings."""
    return fields.String(error_messages=messages(error), validate=validate.OneOf(values, error=error))


def strings(*, error_messages: dict[str, Any], **options: Any) -> fields.List[str]:
    """Return the field of a JSON array of strings, with the same messages for the array and its items."""
    return FirstErrorList(fields.String(error_messages=error_messages), error_messages=error_messages, **options)


def not_blank(error: ErrorMessage) -> validate.Validator:
    """Return the validator of a text that is not blank."""
    return validate.Regexp(r"\s*\S", error=error)


def check(holds: Callable[[Any], object], error: ErrorMessage) -> Callable[[Any], None]:
    """Return the validator of a condition."""

    def validator(value: Any) -> None:
        if not holds(value):
            raise ValidationError(error)

    return validator
