"""Write operations.txt of a provider: all operations of its API, from the vendor's specifications.

    tools/operations.py sendgrid --source "twilio/sendgrid-oai at dbe0e0d" tsg_*.json

Each file is an OpenAPI document (.json, .yaml), an API Blueprint (.apib), or a list with `METHOD PATH` lines. They are
the first section of operations.txt; the sections after it, from other sources, are kept. With --check nothing is
written, and the exit code is 1 if the first section is not what the files say.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from mockserver.providers import PROVIDERS
from mockserver.web.paths import ApiPaths, parse_operations

METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")
HEADING = re.compile(rf"^#+ .*\[(?:({'|'.join(METHODS)}) ?)?(/[^\]]*)?\]", re.MULTILINE)
"""A resource or an action of an API Blueprint: `## Pools [/pools{?name}]`, `### List [GET]`, `## List [GET /pools]`."""


def operations(file: Path) -> Iterator[tuple[str, str]]:
    """Yield the methods and path templates of a specification or list."""
    if file.suffix == ".apib":
        path = ""
        for method, own in HEADING.findall(file.read_text("utf-8")):
            path = re.sub(r"\{[?&#].*?\}", "", own) or path
            if method:
                yield method, path
    elif file.suffix == ".txt":
        yield from parse_operations(file.read_text("utf-8"))
    else:
        for path, item in yaml.safe_load(file.read_text("utf-8"))["paths"].items():
            yield from ((method.upper(), path) for method in item if method.upper() in METHODS)


def main(arguments: Sequence[str] | None = None) -> None:
    files = {provider.name: provider.operations_file for provider in PROVIDERS}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("provider", choices=files)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--source", help="name and version of the specifications; by default it is kept")
    parser.add_argument("--prefix", default="", help="the start of each path that the files leave out, such as /api")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)

    target = files[options.provider]
    assert target is not None
    old = target.read_text("utf-8") if target.is_file() else "# \n"
    first, *others = old.rstrip("\n").split("\n\n")
    paths = ApiPaths()
    for file in options.files:
        for method, path in operations(file):
            paths.add(method, options.prefix + path.rstrip("/"))
    heading = f"# {options.source}" if options.source else first.partition("\n")[0]
    lines = [f"{method} {item.path}" for item in paths.items for method in item.methods]
    lines.sort(key=lambda line: line.split()[::-1])
    new = "\n\n".join(["\n".join([heading, *lines]), *others]) + "\n"
    if not options.check:
        target.write_text(new, "utf-8")
    elif new != old:
        sys.exit(f"{target}: not what {', '.join(map(str, options.files))} say")


if __name__ == "__main__":
    main()
