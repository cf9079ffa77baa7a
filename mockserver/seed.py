"""Worlds: the YAML documents that say what every tenant starts with."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates
from marshmallow.exceptions import SCHEMA

from . import documents, profiles, resources
from .errors import SeedError
from .store import Registration, State

if TYPE_CHECKING:
    import yaml


class Seeded(NamedTuple):
    """What one provider's section of a world says."""

    state: State
    registrations: tuple[Registration, ...]


@dataclass(frozen=True, slots=True)
class World:
    """Where every tenant starts, and the credentials known from the start."""

    name: str
    states: Mapping[str, State]
    registrations: Mapping[tuple[str, str], Registration]

    def credential(self, provider: str) -> str | None:
        """Return a provider's first registered credential: one with every right, if there is one."""
        mine = [entry for entry in self.registrations.values() if entry.provider == provider]
        full = [entry for entry in mine if entry.scopes is None and entry.account is None]
        return next((entry.credential for entry in [*full, *mine]), None)


DEFAULT_TENANT = "default"
"""The tenant of a registered credential that names none: so all credentials of a seed share one."""


def text(*, required: bool = False, **options: Any) -> fields.String:
    """Return the field of a text that is not empty."""
    return fields.String(required=required, validate=validate.Length(min=1), **options)


def unique(values: Sequence[Any]) -> None:
    """Validate that a list has no value twice."""
    if len(set(values)) < len(values):
        raise ValidationError("expected no value twice")


def texts() -> fields.List[str]:
    """Return the field of a list of different texts."""
    return fields.List(text(), validate=unique)


class SeedSchema(Schema):
    """Base of the mappings in a seed: unknown keys are errors."""

    class Meta:
        unknown = RAISE


class CredentialSchema(SeedSchema):
    """A registered credential, any text. A provider adds its names for rights and for sub-accounts."""

    key = text(required=True)
    tenant = text()


class SeedSection(SeedSchema):
    """A provider's section of a seed. A subclass declares its keys, and names what it is a section of."""

    provider: ClassVar[str]
    state: ClassVar[type[State]]
    catalog: ClassVar[ModuleType]
    rights: ClassVar[str | None] = None
    """The key of a credential that lists its rights."""
    account: ClassVar[str | None] = None
    """The key of a credential that names the sub-account it belongs to."""

    credentials = fields.List(fields.Nested(CredentialSchema))
    profile = fields.String(validate=validate.OneOf(profiles.NAMES))
    switches = fields.Dict()

    @validates("switches")
    def validate_switches(self, value: Mapping[str, Any], **kwargs: Any) -> None:
        names = [switch.name for switch in profiles.switches(self.catalog)]
        errors = {}
        for name, on in value.items():
            if name not in names:
                errors[name] = [f"unknown switch: expected one of {', '.join(names) or 'none'}"]
            elif not isinstance(on, bool):
                errors[name] = [f"expected true or false, got {on!r}"]
        if errors:
            raise ValidationError(errors)

    @classmethod
    def accounts(cls, state: Any) -> Container[str]:
        """Return the names of the sub-accounts that a state has."""
        return ()

    @classmethod
    def load_state(cls, section: Mapping[str, Any]) -> State:
        """Return the state that a valid section describes. Raises `SeedError`."""
        return cls.state.load(section)

    @classmethod
    def read(cls, section: Mapping[str, Any]) -> Seeded:
        """Return the state and the credentials of a section; `{}` stands for none. Raises `SeedError` with a path."""
        try:
            data: dict[str, Any] = _instance(cls).load(section)
        except ValidationError as error:
            raise SeedError(*first_error(error.messages)) from None
        state = cls.load_state(data)
        registrations = []
        for index, item in enumerate(data.get("credentials", ())):
            owner = item.get(cls.account) if cls.account is not None else None
            if owner is not None and owner not in cls.accounts(state):
                raise SeedError(("credentials", index, str(cls.account)), f"there is no {cls.account} '{owner}'")
            scopes = item.get(cls.rights) if cls.rights is not None else None
            registrations.append(
                Registration(
                    cls.provider,
                    item["key"],
                    item.get("tenant", DEFAULT_TENANT),
                    account=owner,
                    scopes=None if scopes is None else frozenset(scopes),
                )
            )
        return Seeded(state, tuple(registrations))


@functools.cache
def _instance(schema: type[SeedSection]) -> SeedSection:
    return schema()


def first_error(messages: Any, path: tuple[str | int, ...] = ()) -> tuple[tuple[str | int, ...], str]:
    """Return the path to the first message of a `ValidationError`, and the message."""
    while isinstance(messages, Mapping):
        key, messages = next(iter(messages.items()))
        path = path if key == SCHEMA else (*path, key)
    return path, str(messages[0])


def load(source: str, sections: Mapping[str, type[SeedSection]]) -> World:
    """Read the world `FILE[#NAME]`: the named document of the file, its first without a name.

    `FILE` may also be the bare name of a packaged fixture. Raises `SeedError` with file, line and reason.
    """
    file, _, name = source.partition("#")
    path = Path(file)
    if not os.path.lexists(path) and path.name == file and not path.suffix:
        packaged = resources.folder("fixtures") / f"{file}.yaml"
        if packaged.is_file():
            path = packaged
            with contextlib.suppress(SeedError):  # which YAML alone can place
                return _packaged(packaged, name, tuple(sections.items()))
    try:
        return read(path.read_bytes(), name, sections)
    except OSError as error:
        raise _at(SeedError((), error.strerror or str(error)), file) from None
    except SeedError as error:
        raise _at(error, file) from None


def read(text: bytes, name: str, sections: Mapping[str, type[SeedSection]]) -> World:
    """Read one world from the YAML documents of `text`, as `load` does."""
    import yaml  # takes its time, and most servers start with a world that is compiled

    names = []
    try:
        loader = documents.loader()(text)
    except yaml.YAMLError as error:  # where PyYAML has no libyaml, it looks for odd characters at once
        raise SeedError((), str(error)) from None
    try:
        while loader.check_node():
            node = loader.get_node()
            document = loader.construct_document(node)
            _refuse_repeats(node)
            names.append(document.get("world") if isinstance(document, dict) else None)
            if not name or names[-1] == name:
                try:
                    return _world(document, sections)
                except SeedError as error:
                    error.line = _line(node, error.path)
                    raise
    except yaml.MarkedYAMLError as error:
        mistake = SeedError((), error.problem or str(error))
        mistake.line = error.problem_mark.line + 1 if error.problem_mark else None
        raise mistake from None
    except RecursionError:
        raise SeedError((), "nested too deeply, or inside itself") from None
    except (yaml.YAMLError, ValueError) as error:
        raise error if isinstance(error, SeedError) else SeedError((), str(error)) from None
    finally:
        loader.dispose()
    if name:
        known = ", ".join(sorted(str(known) for known in names if known)) or "none"
        raise SeedError((), f"no world named '{name}' (there is: {known})")
    raise SeedError((), "no YAML document")


@functools.lru_cache(maxsize=16)
def _packaged(file: Path, name: str, sections: tuple[tuple[str, type[SeedSection]], ...]) -> World:
    """Return a world of a packaged fixture; all applications of a process share it, since nothing changes it."""
    return _named(documents.compiled(file) or (), name, dict(sections))


def _named(worlds: Iterable[Any], name: str, sections: Mapping[str, type[SeedSection]]) -> World:
    """Return the world of a name among several, the first without one. Raises `SeedError`."""
    for world in worlds:
        if not name or world["world"] == name:
            return _world(world, sections)
    raise SeedError((), f"no world named '{name}'")


def _world(document: Any, sections: Mapping[str, type[SeedSection]]) -> World:
    if not isinstance(document, dict):
        raise SeedError((), "a world is a mapping")
    for key in document:
        if key not in {"world", *sections}:
            raise SeedError((key,), f"unknown key; known are: world, {', '.join(sections)}")
    name = document.get("world")
    if not isinstance(name, str) or not name:
        raise SeedError(("world",), "missing or not a text")
    states: dict[str, State] = {}
    registrations: dict[tuple[str, str], Registration] = {}
    for provider, schema in sections.items():
        seeded = _section(provider, document.get(provider), schema)
        states[provider] = seeded.state
        for index, registration in enumerate(seeded.registrations):
            key = (provider, registration.credential)
            if key in registrations:
                raise SeedError((provider, "credentials", index, "key"), "is there twice")
            registrations[key] = registration
    return World(name, states, registrations)


def _section(provider: str, section: Any, schema: type[SeedSection]) -> Seeded:
    if section is not None and not isinstance(section, dict):
        raise SeedError((provider,), "is not a mapping")
    try:
        return schema.read(section or {})
    except SeedError as error:
        raise SeedError((provider, *error.path), error.reason) from None


def _at(error: SeedError, file: str) -> SeedError:
    error.file = file
    return error


def _refuse_repeats(node: yaml.Node) -> None:
    """Refuse a key that stands twice in one mapping, which YAML would let pass and lose."""
    import yaml

    if isinstance(node, yaml.MappingNode):
        seen: set[Any] = set()
        for key, value in node.value:
            if key.value in seen:
                mistake = SeedError((), f"the key '{key.value}' is there twice")
                mistake.line = key.start_mark.line + 1
                raise mistake
            seen.add(key.value)
            _refuse_repeats(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_repeats(item)


def _line(node: yaml.Node, path: tuple[str | int, ...]) -> int:
    """Return the line on which the last part of a path that exists begins."""
    import yaml

    line: int = node.start_mark.line + 1
    for part in path:
        found = None
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            found = (node.value[part], node.value[part])
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line
