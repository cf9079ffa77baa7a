"""The mutants of the package: each is the package with one change.

Those of the providers are found in their source: one for every error that is raised, and for every check of a schema's
field. Their names are `PROVIDER ERROR @ FUNCTION`, or the field in place of the function. All others are declared in
`tests/mutants.yaml`, which also has the mutants that survive, with the reasons.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
FILE = ROOT / "tests" / "mutants.yaml"
PACKAGE = "mockserver"
OTHER_ERRORS = ("SeedError", "ValidationError", "ValueError", "KeyError", "TypeError", "self.make_error")
"""Exceptions that are no errors of a provider; those of fields are found in the schemas."""
TEXT_ONLY = ("mailgun",)
"""Providers whose values are all texts, of forms and queries, and never of another type."""


@dataclass(frozen=True)
class Edit:
    """A change of one node of a module."""

    kind: str
    """`remove`, `never`, `always` or `replace`."""
    names: frozenset[str]
    expression: str | None = None
    """What replaces the node."""
    nth: int = 0
    """Which of the nodes, in the order of the source, if there are several; the first is 1."""


@dataclass(frozen=True)
class Mutant:
    """A file of the package, and how it is changed."""

    name: str
    file: str
    node: int | None = None
    """The number of the node, in the order of `ast.walk`."""
    edit: Edit | None = None
    schema_field: str | None = None
    """The field of a schema that is changed instead."""
    statement: str = ""
    """What changes the field, `{}`."""
    tests: Sequence[str] = ()
    """Where to look for the test, if not among all that reach it."""

    @property
    def source(self) -> str:
        """The file's text with the change."""
        text = (ROOT / self.file).read_text("utf-8")
        if self.edit is None or self.node is None:
            return f"{text}\nimport mutated\n\n{self.statement.format(self.schema_field)}\n"
        tree = ast.parse(text)
        return ast.unparse(ast.fix_missing_locations(apply(tree, nth_node(tree, self.node), self.edit)))


class SelectorError(Exception):
    """An entry of `tests/mutants.yaml` selects nothing, or more than one thing."""


# Edits


def nth_node(tree: ast.AST, number: int) -> ast.AST:
    return next(itertools.islice(ast.walk(tree), number, None))


def mentions(node: ast.AST) -> set[str]:
    """Return the identifiers and constants in a node."""
    keys = ("arg", "attr", "id", "name")
    found = {str(getattr(each, key)) for each in ast.walk(node) for key in keys if getattr(each, key, None)}
    return found | {str(each.value) for each in ast.walk(node) if isinstance(each, ast.Constant)}


def position(node: ast.AST) -> tuple[int, int]:
    """Return the line and column at which a node starts."""
    return min((each.lineno, each.col_offset) for each in ast.walk(node) if hasattr(each, "lineno"))


def candidates(scope: ast.AST, kind: str) -> Iterator[ast.AST]:
    """Yield what an edit of a kind can change: conditions, expressions, or what can be left out."""
    functions = {id(each.func) for each in ast.walk(scope) if isinstance(each, ast.Call)}
    for node in ast.walk(scope):
        if kind == "replace" and isinstance(node, ast.expr) and id(node) not in functions:
            if isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
                yield node
        elif kind in ("never", "always"):
            yield from [node.test] if isinstance(node, ast.If | ast.While | ast.IfExp) else []
            yield from node.ifs if isinstance(node, ast.comprehension) else []
            yield from node.values if isinstance(node, ast.BoolOp) else []
        elif kind == "remove" and node is not scope:
            is_part = isinstance(node, ast.stmt | ast.keyword | ast.withitem)
            yield from [node] if is_part and not isinstance(node, ast.FunctionDef | ast.ClassDef) else []
            yield from node.values if isinstance(node, ast.BoolOp) else []
            yield from node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else []


def select(scope: ast.AST, edit: Edit) -> ast.AST:
    """Return the smallest node that an edit can change and that mentions all names."""
    found = {id(node): node for node in candidates(scope, edit.kind) if edit.names <= mentions(node)}
    smallest = [
        node for node in found.values() if not any(id(each) in found for each in ast.walk(node) if each is not node)
    ]
    smallest.sort(key=position)
    if len(smallest) < edit.nth or (len(smallest) > 1 and not edit.nth) or not smallest:
        nth = f", nth: {edit.nth}" * bool(edit.nth)
        places = [f"line {position(each)[0]}: {ast.unparse(each).splitlines()[0]}" for each in smallest]
        what = f"{len(smallest)} places for '{edit.kind}: {', '.join(sorted(edit.names))}'{nth}"
        raise SelectorError("\n      ".join((what, *places)))
    return smallest[max(edit.nth - 1, 0)]


class Tidy(ast.NodeTransformer):
    """Repairs what a removal leaves behind."""

    def visit(self, node: ast.AST) -> Any:
        self.generic_visit(node)
        if isinstance(node, ast.BoolOp) and len(node.values) == 1:
            return node.values[0]
        if isinstance(node, ast.With) and not node.items:
            return node.body
        if isinstance(node, ast.stmt | ast.ExceptHandler) and getattr(node, "body", None) == []:
            node.body = [ast.Pass()]  # type: ignore[attr-defined]
        return node


def replace(tree: ast.AST, node: ast.AST, new: Sequence[ast.AST]) -> None:
    """Put nodes in the place of one."""
    for parent in ast.walk(tree):
        for key, value in ast.iter_fields(parent):
            if value is node:
                setattr(parent, key, new[0])
                return
            for index, each in enumerate(value if isinstance(value, list) else ()):
                if each is node:
                    value[index : index + 1] = new
                    return


def apply(tree: ast.AST, node: ast.AST, edit: Edit) -> ast.AST:
    """Return a module with an edit of one of its nodes."""
    texts = {"never": "False", "always": "True", "replace": edit.expression}
    text = texts.get(edit.kind)
    replace(tree, node, [] if text is None else [ast.parse(text, mode="eval").body])
    return Tidy().visit(tree)  # type: ignore[no-any-return]


# Find the mutants


def resolve(place: str) -> tuple[str, ast.Module, ast.AST]:
    """Return the file, the module and the definition of `module.Class.method`; `module` is relative to the package."""
    parts = place.split(".")
    for end in range(len(parts), 0, -1):
        path = ROOT.joinpath(PACKAGE, *parts[:end]).with_suffix(".py")
        if path.is_file():
            break
    else:
        raise SelectorError(f"no module of the package in '{place}'")
    tree = ast.parse(path.read_text("utf-8"))
    scope: ast.AST = tree
    for name in parts[end:]:
        inside = [
            each
            for each in ast.walk(scope)
            if isinstance(each, ast.FunctionDef | ast.ClassDef) and each.name == name and each is not scope
        ]
        if len(inside) != 1:
            raise SelectorError(f"{len(inside)} definitions of '{name}' for '{place}' in {path.relative_to(ROOT)}")
        (scope,) = inside
    return str(path.relative_to(ROOT)), tree, scope


def declared(entry: Mapping[str, Any]) -> Mutant:
    """Return the mutant of an entry of `others`. Raises `SelectorError`."""
    kinds = [key for key in ("remove", "never", "always", "replace") if key in entry]
    extra = set(entry) - {"check", "in", "nth", "tests", "with", *kinds}
    if len(kinds) != 1 or extra or "in" not in entry or ("with" in entry) != ("replace" in entry):
        raise SelectorError(f"unknown form: {', '.join(entry)}")
    (kind,) = kinds
    edit = Edit(kind, frozenset(re.split(r",\s*", str(entry[kind]))), entry.get("with"), entry.get("nth", 0))
    file, tree, scope = resolve(entry["in"])
    node = select(scope, edit)
    number = next(number for number, each in enumerate(ast.walk(tree)) if each is node)
    return Mutant(entry["check"], file, number, edit, tests=str(entry.get("tests", "")).split())


def raised_errors(source: str) -> Iterator[tuple[str, int]]:
    """Yield each error that a provider's module raises: its name and function, and the number of its node."""

    def scopes(node: ast.AST, inside: str) -> Iterator[tuple[ast.AST, str]]:
        for each in ast.iter_child_nodes(node):
            yield each, inside
            name = f"{inside}.{each.name}" if isinstance(each, ast.FunctionDef | ast.ClassDef) else inside
            yield from scopes(each, name)

    tree = ast.parse(source)
    numbers = {id(node): number for number, node in enumerate(ast.walk(tree))}
    for node, inside in scopes(tree, ""):
        raised = node.exc if isinstance(node, ast.Raise) else None
        raised = raised.func if isinstance(raised, ast.Call) else raised
        if raised is not None and ast.unparse(raised) not in OTHER_ERRORS:
            (name, *_) = re.findall(r"\w+", ast.unparse(raised).removeprefix("catalog."))
            yield f"{name} @ {inside.lstrip('.')}", numbers[id(node)]


def schema_checks(provider: str) -> Iterator[Mutant]:
    """Yield a provider's mutants without a check of a field."""
    from mockserver.web.schemas import Schema

    catalog = importlib.import_module(f"mockserver.providers.{provider}.catalog")
    names = {id(value): name for name, value in vars(catalog).items()}
    package = importlib.import_module(f"mockserver.providers.{provider}.schemas")
    for info in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        for schema in vars(importlib.import_module(info.name)).values():
            if not (inspect.isclass(schema) and issubclass(schema, Schema) and schema.__module__ == info.name):
                continue
            bases = [vars(base).get("_declared_fields", {}) for base in schema.__mro__[1:]]
            for name, each in schema._declared_fields.items():
                if any(base.get(name) is each for base in bases):
                    continue
                is_text_only = provider in TEXT_ONLY or schema.__name__.endswith("QuerySchema")
                place = f"{schema.__name__}._declared_fields[{name!r}]"
                for error, kind, statement in field_checks(each, is_text_only=is_text_only):
                    if id(error) in names:
                        title = f"{provider} {names[id(error)]} @ {schema.__name__}.{name}{kind}"
                        file = f"{info.name.replace('.', '/')}.py"
                        yield Mutant(title, file, schema_field=place, statement=statement)


def field_checks(field: Any, *, is_text_only: bool) -> Iterator[tuple[object, str, str]]:
    """Yield the error of each check of a field, its kind, and the statement that removes it from the field `{}`."""
    from marshmallow import fields

    if field.required:
        yield field.error_messages["required"], " (required)", "{}.required = False"
    if not (type(field) is fields.String and is_text_only):
        yield field.error_messages["invalid"], " (type)", "mutated.accept_any_type({})"
    for number, validator in enumerate(field.validators):
        error = getattr(validator, "error", None)
        if error is None:
            error = inspect.getclosurevars(validator).nonlocals["error"]
        yield error, "", f"del {{}}.validators[{number}]"


def of_providers() -> Iterator[Mutant]:
    """Yield every mutant that is found in the source of the providers."""
    for catalog in sorted((ROOT / PACKAGE / "providers").glob("*/catalog.py")):
        provider, found = catalog.parent.name, []
        for path in sorted(catalog.parent.rglob("*.py")):
            for name, number in raised_errors(path.read_text("utf-8")):
                edit = Edit("remove", frozenset())
                found.append(Mutant(f"{provider} {name}", str(path.relative_to(ROOT)), number, edit))
        times: Counter[str] = Counter()
        for mutant in itertools.chain(found, schema_checks(provider)):
            times[mutant.name] += 1
            again = f" ({times[mutant.name]})" if times[mutant.name] > 1 else ""
            yield Mutant(**{**vars(mutant), "name": mutant.name + again})


def data() -> dict[str, Any]:
    return yaml.safe_load(FILE.read_text("utf-8"))  # type: ignore[no-any-return]


def survivors() -> dict[str, str]:
    """Return the mutants that survive, and why."""
    return data()["survivors"] or {}


def mutants() -> list[Mutant]:
    """Return every mutant. Raises `SelectorError` for all entries that select nothing, or more than one thing."""
    found, problems = [], []
    for entry in data()["others"]:
        try:
            found.append(declared(entry))
        except (SelectorError, SyntaxError) as error:
            problems.append(f"  {entry['check']}\n    in {entry.get('in')}: {error}")
    if problems:
        raise SelectorError("\n".join((f"{FILE.relative_to(ROOT)}: {len(problems)} unresolved entries", *problems)))
    return [*found, *of_providers()]
