"""Seeds: YAML documents with the initial state of every tenant, and the credentials registered from the start."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar, get_args

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates
from marshmallow.exceptions import SCHEMA

from . import clock, outbox, profiles, resources, yaml_files
from .errors import SeedError, SeedErrors
from .fields import Boolean, Integer, Number
from .ids import find_id
from .store import Registration, State
from .suggestions import did_you_mean_or_list

if TYPE_CHECKING:
    import yaml


class LoadedSection(NamedTuple):
    """The initial state of one provider, and the credentials registered with it."""

    state: State
    registrations: tuple[Registration, ...]


@dataclass(frozen=True, slots=True)
class Seed:
    """A seed: the initial state of every tenant by provider, and the registered credentials."""

    name: str
    states: Mapping[str, State]
    registrations: Mapping[tuple[str, str], Registration]

    def credential(self, provider: str) -> str | None:
        """Return a provider's first registered credential, preferably one with all rights."""
        own = [entry for entry in self.registrations.values() if entry.provider == provider]
        full = [entry for entry in own if entry.scopes is None and entry.account is None]
        return next((entry.credential for entry in [*full, *own]), None)


T = TypeVar("T")
Make = Callable[[Any, Mapping[str, "type[SeedSection]"], str], T]
"""Makes something of a document, the sections that it may have, and a default name. Raises `SeedError` with a path."""
MAX_REPEATED = 100_000
"""The maximum number of values that the aliases of a YAML document repeat."""
MAX_NUMBER = 100
"""The maximum length of a number in a YAML document, in characters."""
_TAGS = "tag:yaml.org,2002:"
_NUMBERS = (f"{_TAGS}int", f"{_TAGS}float")
REQUIRED = "is required"
"""The error of a missing key."""
MAX_COUNT = 1 << 53
"""The largest number of messages or recipients."""
DEFAULT_TENANT = "default"
"""The tenant of registered credentials without `tenant`."""


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

    id_key: ClassVar[str] = "id"
    """The key of its id, if it has one."""
    keywords: ClassVar[Mapping[str, Any]] = {}
    """Keywords of its JSON Schema that stand for what its methods validate."""
    error_messages: dict[str, str] = {"unknown": "unknown key", "type": "expected a mapping"}  # noqa: RUF012

    class Meta:
        unknown = RAISE

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        field_obj.error_messages = {**field_obj.error_messages, "required": REQUIRED}


class Record(fields.Nested):
    """A record of a seed: a mapping, or a text that is the value of its `key`.

    `derive` returns further values of a record that is a text.
    """

    def __init__(
        self, schema: type[SeedSchema], key: str, derive: Callable[[str], dict[str, Any]] = lambda text: {}
    ) -> None:
        super().__init__(schema)
        self.key = key
        self._derive = derive

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        record = {self.key: value, **self._derive(value)} if isinstance(value, str) else value
        return super()._deserialize(record, *args, **kwargs)


def records(
    schema: type[SeedSchema], key: str = "name", derive: Callable[[str], dict[str, Any]] = lambda text: {}
) -> fields.List[Any]:
    """Return the field of a list of records, each of which may be a text."""
    return fields.List(Record(schema, key, derive))


class PartSchema(SeedSchema):
    """A text or an attachment of a message."""

    content_type = fields.String(required=True)
    content = fields.String(required=True)
    filename = fields.String()
    content_id = fields.String()
    is_base64 = Boolean()


class MessageSchema(SeedSchema):
    """A message that the provider accepted."""

    id_key = "message_id"

    message_id = fields.String(required=True)
    time = Number(required=True, validate=validate.Range(clock.EARLIEST, clock.LATEST))
    via = fields.String(required=True, validate=validate.OneOf(get_args(outbox.Via)))
    sender = fields.String(required=True)
    recipients = fields.List(fields.String(), required=True)
    subject = fields.String(required=True)
    reason = fields.String(required=True)
    pool = fields.String()
    pool_name = fields.String()
    ip = fields.String()
    status = fields.String(validate=validate.OneOf(get_args(outbox.Status)))
    account = fields.String()
    headers = fields.List(fields.List(fields.String(), validate=validate.Length(2, 2)))
    parts = fields.List(fields.Nested(PartSchema))
    source = fields.String()
    number = Integer(required=True, validate=validate.Range(1, MAX_COUNT))


class UsageSchema(SeedSchema):
    """What was sent from an IP: the number of recipients in total, and in its last hour or day."""

    id_key = "ip"

    ip = fields.String(required=True)
    total = Integer(required=True, validate=validate.Range(0, MAX_COUNT))
    window = Integer(required=True, validate=validate.Range(-MAX_COUNT, MAX_COUNT))
    in_window = Integer(required=True, validate=validate.Range(0, MAX_COUNT))


class OutboxSchema(SeedSchema):
    """The messages that the provider accepted, and how many it has sent from each IP."""

    messages = fields.List(fields.Nested(MessageSchema), validate=validate.Length(max=outbox.MAX_MESSAGES))
    count = Integer(validate=validate.Range(0, MAX_COUNT))
    dropped = Integer(validate=validate.Range(0, MAX_COUNT))
    usage = fields.List(fields.Nested(UsageSchema))


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
    references: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """The keys whose values refer to a record by its id or name: the list that has it, and the key of the id."""

    credentials = records(CredentialSchema, "key")
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
    def accounts(cls, state: Any) -> Mapping[str, str]:
        """Return the names of the sub-accounts that a state has, by id."""
        return {}

    @classmethod
    def credentials_of(cls, section: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        """Return the credentials of a valid section."""
        found: Sequence[Mapping[str, Any]] = section.get("credentials", ())
        return found

    @classmethod
    def load_state(cls, section: Mapping[str, Any]) -> State:
        """Return the state that a valid section describes. Raises `SeedError`."""
        return cls.state.load(section)

    @classmethod
    def read(cls, section: Mapping[str, Any]) -> LoadedSection:
        """Return the state and the credentials of a section; `{}` stands for none. Raises `SeedError` with a path."""
        try:
            data: dict[str, Any] = _instance(cls).load(section)
        except ValidationError as error:
            raise section_error(error.messages) from None
        state = cls.load_state(data)
        registrations = []
        errors = SeedErrors()
        for index, item in enumerate(cls.credentials_of(data)):
            owner = item.get(cls.account) if cls.account is not None else None
            accounts = cls.accounts(state) if owner is not None else {}
            if owner is not None and (owner := find_id(owner, accounts)) not in accounts:
                path = ("credentials", index, str(cls.account))
                errors.add(SeedError(path, f"unknown {cls.account} '{owner}'"))
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
        errors.check()
        return LoadedSection(state, tuple(registrations))


@functools.cache
def _instance(schema: type[SeedSection]) -> SeedSection:
    return schema()


def section_error(messages: Any) -> SeedError:
    """Return the first error of a section that has the messages of a `ValidationError`, with the others."""
    return SeedError.joined([SeedError(*each) for each in _errors(messages)])


def _errors(messages: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the path and the first message of each value with messages of a `ValidationError`."""
    if isinstance(messages, Mapping):
        for key, below in messages.items():
            yield from _errors(below, path if key == SCHEMA else (*path, key))
    elif messages[0] == REQUIRED:
        yield path[:-1], f"'{path[-1]}' {REQUIRED}"
    else:
        yield path, str(messages[0])


def load(source: str | Mapping[str, Any], sections: Mapping[str, type[SeedSection]]) -> Seed:
    """Return the seed `FILE[#NAME]`: the document of that name in the file, or its first one.

    `FILE` may also be the name of a packaged fixture; a mapping is a document itself. Raises `SeedError` with file,
    line and reason.
    """
    if not isinstance(source, str):
        return _seed(dict(source), sections, "seed")
    return load_as(_seed, source, sections)


def load_as(make: Make[T], source: str, sections: Mapping[str, type[SeedSection]]) -> T:
    """Return what `make` makes of the document that `load` would load."""
    file, _, name = source.partition("#")
    path = Path(file)
    if not os.path.lexists(path) and path.name == file and not path.suffix:
        packaged = resources.folder("fixtures") / f"{file}.yaml"
        if packaged.is_file():
            path = packaged
            with contextlib.suppress(SeedError):  # reading the YAML gives the error its line
                found: T = _packaged(make, packaged, name, tuple(sections.items()))
                return found
    try:
        return read_as(make, path.read_bytes(), name, sections, default_name=path.stem)
    except OSError as error:
        raise _in_file(SeedError((), error.strerror or str(error)), file) from None
    except SeedError as error:
        raise _in_file(error, file) from None


def read(text: bytes, name: str, sections: Mapping[str, type[SeedSection]], *, default_name: str = "seed") -> Seed:
    """Return one seed of the YAML documents in `text`, as `load` does; `default_name` is that of one without a name."""
    return read_as(_seed, text, name, sections, default_name=default_name)


def read_as(
    make: Make[T], text: bytes, name: str, sections: Mapping[str, type[SeedSection]], *, default_name: str
) -> T:
    """Return what `make` makes of the document that `read` would load."""
    import yaml  # slow to import, and the packaged seeds are compiled

    names = []
    try:
        loader = yaml_files.loader()(text)
    except yaml.YAMLError as error:  # without libyaml, PyYAML rejects control characters here
        raise SeedError((), str(error)) from None
    try:
        while loader.check_node():
            node = loader.get_node()
            _Document(loader).check(node)
            document = loader.construct_document(node)
            names.append(document.get("name") if isinstance(document, dict) else None)
            if not name or names[-1] == name:
                try:
                    return make(document, sections, default_name)
                except SeedError as error:
                    for each in (error, *error.others):
                        each.line = _line(node, each.path)
                    raise
    except yaml.MarkedYAMLError as error:
        invalid = SeedError((), error.problem or str(error))
        invalid.line = error.problem_mark.line + 1 if error.problem_mark else None
        raise invalid from None
    except RecursionError:
        raise SeedError((), "nested too deeply") from None
    except (yaml.YAMLError, ValueError) as error:
        raise error if isinstance(error, SeedError) else SeedError((), str(error)) from None
    finally:
        loader.dispose()
    if name:
        known = ", ".join(sorted(str(known) for known in names if known)) or "no names"
        raise SeedError((), f"no seed named '{name}': expected one of {known}")
    raise SeedError((), "no YAML document")


@functools.lru_cache(maxsize=16)
def _packaged(make: Make[T], file: Path, name: str, sections: tuple[tuple[str, type[SeedSection]], ...]) -> T:
    """Return a packaged seed; all applications of a process share it, since nothing changes it."""
    for document in yaml_files.compiled(file) or ():
        if not name or document.get("name") == name:
            return make(document, dict(sections), file.stem)
    raise SeedError((), f"no seed named '{name}'")


def _seed(document: Any, sections: Mapping[str, type[SeedSection]], default_name: str) -> Seed:
    if not isinstance(document, dict):
        raise SeedError((), "expected a mapping")
    known = ["name", *sections]
    errors = SeedErrors()
    for key in document:
        if key not in known:
            errors.add(SeedError((key,), f"unknown key{did_you_mean_or_list(str(key), known)}"))
    name = document.get("name", default_name)
    if not isinstance(name, str) or not name:
        errors.add(SeedError(("name",), "expected a text"))
    loaded = read_sections(document, sections, errors)
    registrations: dict[tuple[str, str], Registration] = {}
    for provider, section in loaded.items():
        for index, registration in enumerate(section.registrations):
            key = (provider, registration.credential)
            if key in registrations:
                errors.add(SeedError((provider, "credentials", index, "key"), "duplicate key"))
            registrations[key] = registration
    errors.check()
    return Seed(name, {provider: section.state for provider, section in loaded.items()}, registrations)


def read_sections(
    document: Mapping[str, Any], sections: Mapping[str, type[SeedSection]], errors: SeedErrors
) -> dict[str, LoadedSection]:
    """Return the valid sections of a seed by provider; the errors of the others are added to `errors`.

    A provider without a section has an empty one.
    """
    loaded = {}
    for provider, schema in sections.items():
        section = document.get(provider)
        if section is not None and not isinstance(section, dict):
            errors.add(SeedError((provider,), "expected a mapping"))
            continue
        try:
            loaded[provider] = schema.read(section or {})
        except SeedError as error:
            errors.add(error.below(provider))
    return loaded


def _in_file(error: SeedError, file: str) -> SeedError:
    for each in (error, *error.others):
        each.file = file
    return error


class _Document:
    """A YAML document that is checked before it is constructed.

    Aliases may repeat values inside each other, and some numbers take quadratic time: 320 bytes can become hours.
    """

    def __init__(self, loader: Any) -> None:
        self._loader = loader
        self._sizes: dict[int, int | None] = {}
        """The number of values in each node, those of aliases too; None while it is counted."""

    def check(self, node: yaml.Node) -> int:
        """Return the number of values in a node.

        Raises `SeedError` for a value inside itself, for aliases that repeat too many values, for a number that is too
        long, for a tag that the value does not have anyway, and for a duplicate key, of which YAML would keep the last.
        """
        import yaml

        if id(node) in self._sizes:
            size = self._sizes[id(node)]
            if size is None:
                raise _at(node, "a value inside itself")
            return size
        self._sizes[id(node)] = None
        if node.tag not in (f"{_TAGS}str", self._loader.resolve(type(node), node.value, (True, True))):
            raise _at(node, f"unexpected tag '{node.tag.replace(_TAGS, '!!')}'")
        if node.tag in _NUMBERS and len(node.value) > MAX_NUMBER:
            raise _at(node, f"a number is too long: expected at most {MAX_NUMBER} characters, got {len(node.value):,}")
        size = 1
        if isinstance(node, yaml.MappingNode):
            seen = set()
            for key, value in node.value:
                size += self.check(key) + self.check(value)
                name = key.value if isinstance(key, yaml.ScalarNode) else id(key)
                if name in seen:
                    raise _at(key, f"duplicate key '{key.value}'")
                seen.add(name)
        elif isinstance(node, yaml.SequenceNode):
            size += sum(map(self.check, node.value))
        if size - len(self._sizes) > MAX_REPEATED:
            raise _at(node, f"aliases repeat too many values: expected at most {MAX_REPEATED:,}")
        self._sizes[id(node)] = size
        return size


def _at(node: yaml.Node, reason: str) -> SeedError:
    """Return an error with the line of a node."""
    error = SeedError((), reason)
    error.line = node.start_mark.line + 1
    return error


def _line(node: yaml.Node, path: tuple[str | int, ...]) -> int:
    """Return the line of the deepest node that exists on a path."""
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
