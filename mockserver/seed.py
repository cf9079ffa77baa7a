"""Worlds: the YAML documents that say what every tenant starts with."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import jsonschema_rs

from . import documents, profiles, resources
from .errors import SeedError
from .store import Registration, State

if TYPE_CHECKING:
    import yaml


class Seeded(NamedTuple):
    """What one provider's section of a world says."""

    state: State
    registrations: tuple[Registration, ...]


Reader = Callable[[Mapping[str, Any]], Seeded]
"""Reads a provider's section (`{}` when the world has none); raises `SeedError` with a path inside the section."""


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


def reader(
    provider: str,
    load_state: Callable[[Mapping[str, Any]], State],
    properties: Mapping[str, Any],
    *,
    switches: Iterable[profiles.Switch] = (),
    rights: str | None = None,
    account: str | None = None,
    accounts: Callable[[Any], Container[str]] = lambda state: (),
) -> Reader:
    """Return the reader of a provider's section: credentials, its profile, and `properties` with their JSON Schemas.

    `switches` are those that can be set beside a profile. `rights` and `account` are the provider's words for what a
    credential may do and for the sub-account it belongs to; `accounts` names the sub-accounts that a state has.
    """
    credential = {"key": TEXT, "tenant": TEXT}
    if rights is not None:
        credential[rights] = {"type": "array", "items": TEXT}
    if account is not None:
        credential[account] = TEXT
    credentials = {"type": "array", "items": record(credential, "key")}
    schema = record({"credentials": credentials, **profiles.properties(switches), **properties})
    validator = jsonschema_rs.validator_for(schema)

    def read_section(section: Mapping[str, Any]) -> Seeded:
        try:
            mistakes = list(validator.iter_errors(section))
        except (TypeError, ValueError) as error:  # a key or a value that JSON has not
            raise SeedError((), str(error)) from None
        for mistake in mistakes:
            raise SeedError(tuple(mistake.instance_path), mistake.message)
        state = load_state(section)
        registrations = []
        for index, item in enumerate(section.get("credentials", ())):
            owner = item.get(account) if account is not None else None
            if owner is not None and owner not in accounts(state):
                raise SeedError(("credentials", index, str(account)), f"there is no {account} '{owner}'")
            scopes = item.get(rights) if rights is not None else None
            registrations.append(
                Registration(
                    provider,
                    item["key"],
                    item.get("tenant", DEFAULT_TENANT),
                    account=owner,
                    scopes=None if scopes is None else frozenset(scopes),
                )
            )
        return Seeded(state, tuple(registrations))

    return read_section


TEXT: Mapping[str, Any] = {"type": "string", "minLength": 1}
FLAG: Mapping[str, Any] = {"type": "boolean"}
DEFAULT_TENANT = "default"
"""The tenant of a registered credential that names none: so all of a world's credentials see one world."""


def record(properties: Mapping[str, Any], *required: str) -> dict[str, Any]:
    """Return the JSON Schema of a mapping with just these keys."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


def load(source: str, readers: Mapping[str, Reader]) -> World:
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
                return _named(documents.compiled(packaged) or (), name, readers)
    try:
        return read(path.read_bytes(), name, readers)
    except OSError as error:
        raise _at(SeedError((), error.strerror or str(error)), file) from None
    except SeedError as error:
        raise _at(error, file) from None


def read(text: bytes, name: str, readers: Mapping[str, Reader]) -> World:
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
                    return _world(document, readers)
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


def _named(worlds: Iterable[Any], name: str, readers: Mapping[str, Reader]) -> World:
    """Return the world of a name among several, the first without one. Raises `SeedError`."""
    for world in worlds:
        if not name or world["world"] == name:
            return _world(world, readers)
    raise SeedError((), f"no world named '{name}'")


def _world(document: Any, readers: Mapping[str, Reader]) -> World:
    if not isinstance(document, dict):
        raise SeedError((), "a world is a mapping")
    for key in document:
        if key not in {"world", *readers}:
            raise SeedError((key,), f"unknown key; known are: world, {', '.join(readers)}")
    name = document.get("world")
    if not isinstance(name, str) or not name:
        raise SeedError(("world",), "missing or not a text")
    states: dict[str, State] = {}
    registrations: dict[tuple[str, str], Registration] = {}
    for provider, reader in readers.items():
        seeded = _section(provider, document.get(provider), reader)
        states[provider] = seeded.state
        for index, registration in enumerate(seeded.registrations):
            key = (provider, registration.credential)
            if key in registrations:
                raise SeedError((provider, "credentials", index, "key"), "is there twice")
            registrations[key] = registration
    return World(name, states, registrations)


def _section(provider: str, section: Any, reader: Reader) -> Seeded:
    if section is not None and not isinstance(section, dict):
        raise SeedError((provider,), "is not a mapping")
    try:
        return reader(section or {})
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
