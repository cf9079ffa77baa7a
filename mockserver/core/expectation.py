"""The differences between the state of a tenant and an expected one, which is a seed in any form."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from marshmallow import fields

from . import seed
from .addresses import normalize_ip
from .errors import SeedError, SeedErrors
from .ids import find_id
from .seed import Record, SeedSchema, SeedSection, section_error

MAX_SHOWN = 10
"""The number of records that are listed to find one that is missing."""

Sections = Mapping[str, type[SeedSection]]
Document = Mapping[str, Any]


def load(source: str | Document, sections: Sections) -> Document:
    """Return an expected state, from a file, a packaged seed or a mapping, as `seed.load` does. Raises `SeedError`."""
    return seed.load_as(_checked, source, sections) if isinstance(source, str) else _checked(source, sections)


def _checked(document: Any, sections: Sections, default_name: str = "") -> Document:
    """Return a document if its keys and values are those of a seed. It may refer to records that it does not have.

    Raises `SeedError` with a path.
    """
    if not isinstance(document, Mapping):
        raise SeedError((), "expected a mapping")
    errors = SeedErrors()
    for name, section in document.items():
        with errors.collected():
            if name not in {"name", *sections}:
                raise SeedError((name,), f"unknown key: expected name, {', '.join(sections)}")
            if name == "name" or section is None:
                continue
            if not isinstance(section, Mapping):
                raise SeedError((name,), "expected a mapping")
            messages = sections[name]().validate(section)
            if messages:
                raise section_error(messages).below(name)
    errors.check()
    return document


def differences(expected: Document, state: Document, sections: Sections, *, exact: bool = False) -> list[str]:
    """Return how a state differs from an expected one; `expected` is a document that `load` returned.

    Only the values that it names are compared, and lists without their order. With `exact` the state must have no other
    records, of the providers that are named, except those that every account has. Credentials are ignored.
    """
    found: list[str] = []
    for name in (each for each in sections if expected.get(each) is not None):
        found += _Section(name, sections[name], expected[name], state[name], exact=exact).differences()
    return found


class _Section:
    """A provider's section of an expected state, and of the state of the tenant."""

    def __init__(
        self, name: str, section: type[SeedSection], expected: Document, state: Document, *, exact: bool
    ) -> None:
        self._name = name
        self._schema = section()
        self._expected = expected
        self._state = {"profile": "documented", **state}
        self._initial = section.load_state({}).dump() if exact else None
        """The records that every account has; None if other records may exist."""
        self._names = {
            key: {record[id_key]: record["name"] for record in state[records]}
            for key, (records, id_key) in section.references.items()
        }
        """The names by id of the records to which the value of a key refers."""

    def differences(self) -> Iterator[str]:
        values: dict[str, Any] = self._schema.load(self._expected)
        for name, field in self._schema.fields.items():
            place = f"{self._name}.{name}"
            if isinstance(field, fields.List) and isinstance(field.inner, fields.Nested):
                if name != "credentials" and (name in values or self._initial is not None):
                    yield from self._records(place, name, field.inner, values.get(name, ()))
            elif name in values:
                yield from self._values(place, values[name], self._state.get(name))

    def _records(self, place: str, name: str, field: fields.Nested, values: Sequence[Any]) -> Iterator[str]:
        schema = field.schema
        assert isinstance(schema, SeedSchema)
        required = [each for each, value in schema.fields.items() if value.required]
        key = field.key if isinstance(field, Record) else next(iter(required), schema.id_key)
        given = self._expected.get(name, ())
        wanted = [
            {key: value[key]} if isinstance(text, str) else {each: value[each] for each in text}
            for text, value in zip(given, values, strict=True)
        ]
        left = list(self._state[name])
        for record in sorted(wanted, key=len, reverse=True):  # those that fit fewer records first
            identity = schema.id_key if schema.id_key in record else key
            same = [each for each in left if _plain(each.get(identity)) == _plain(record.get(identity))]
            title = f"{place} {record.get(identity)!r}"
            if not same:
                shown = [str(each.get(identity)) for each in left[:MAX_SHOWN]] + ["…"] * (len(left) > MAX_SHOWN)
                yield f"{title}: missing; there is {', '.join(shown) or 'no other'}"
                continue
            compared = [list(self._record(title, schema, record, each)) for each in same]
            best = min(compared, key=len)
            left.remove(same[compared.index(best)])
            yield from best
        if self._initial is not None:
            initial = [_plain(each.get(key)) for each in self._initial[name]]
            for each in left:
                if _plain(each.get(key)) not in initial:
                    yield f"{place} {each.get(key)!r}: unexpected"

    def _record(self, title: str, schema: SeedSchema, expected: Document, actual: Document) -> Iterator[str]:
        for name, value in expected.items():
            if name in self._names and name != schema.id_key:
                known = self._names[name]
                value = [find_id(each, known) for each in value] if isinstance(value, list) else find_id(value, known)
            yield from self._values(f"{title}: {name}", value, actual.get(name))

    def _values(self, place: str, expected: Any, actual: Any) -> Iterator[str]:
        wanted, got = _plain(expected), _plain(actual)
        if wanted == got:
            return
        if isinstance(wanted, Mapping):
            for key, value in wanted.items():
                yield from self._values(f"{place}.{key}", value, (got or {}).get(key))
            return
        if isinstance(wanted, list) and isinstance(got, list):
            missing = [each for each in wanted if each not in got]
            unexpected = [each for each in got if each not in wanted]
            parts = [
                f"{what} {_text(each)}" for what, each in (("missing", missing), ("unexpected", unexpected)) if each
            ]
            if parts:
                yield f"{place}: {', '.join(parts)}"
            return
        yield f"{place}: expected {_text(expected)}, got {'none' if actual is None else _text(actual)}"


def _plain(value: Any) -> Any:
    """Return a value in the spelling that is compared."""
    if isinstance(value, str):
        return normalize_ip(value) or value
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
