"""Checks of an installation: Python, dependencies, packaged data, store, port."""

from __future__ import annotations

import configparser
import os
import re
import socket
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

DISTRIBUTION = "esp-mockserver"
LOWEST = (3, 11)
SEEDS = ("default", "empty", "documents")


class Check(NamedTuple):
    """The result of a check."""

    name: str
    ok: bool
    detail: str


def examine(port: int, store: str) -> Iterator[Check]:
    """Yield the results of all checks; `port` is the listen port to check, and `store` where data is to be stored."""
    version = ".".join(map(str, sys.version_info[:3]))
    lowest = ".".join(map(str, LOWEST))
    yield Check("python", sys.version_info >= LOWEST, f"{version}, expected {lowest} or newer")
    for name, least in requirements():
        yield _dependency(name, least)
    yield _data()
    yield _store(store)
    yield _port(port)


def requirements() -> Iterator[tuple[str, str]]:
    """Yield the dependencies with their lowest versions, of the installed package or of the checkout."""
    try:
        lines = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:  # a checkout that is not installed
        config = configparser.ConfigParser()
        config.read(Path(__file__).parent.parent.parent / "setup.cfg", encoding="utf-8")
        lines = config.get("options", "install_requires", fallback="").split()
    for line in lines:
        found = re.match(r"([\w.-]+)\s*\(?>=\s*([0-9.]+)", line)
        if found is not None and ";" not in line:
            yield found[1], found[2]


def _dependency(name: str, least: str) -> Check:
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Check(name, False, f"not installed: expected {least} or newer")
    return Check(name, _numbers(version) >= _numbers(least), f"{version}, expected {least} or newer")


def _numbers(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version, without trailing zeros."""
    found = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, re.sub(r"(\.0+)+$", "", found[0]).split("."))) if found is not None else ()


def _data() -> Check:
    try:
        from ..control.blueprint import CONTRACT
        from ..core import seed
        from ..providers import load_providers
        from ..web.openapi import Contract

        providers = load_providers()
        sections = {provider.name: provider.seed_schema for provider in providers}
        documents = [Contract.load(CONTRACT), *(provider.contract for provider in providers)]
        for seed_name in SEEDS:
            seed.load(seed_name, sections)
    except Exception as error:  # any error is the result of the check
        return Check("data", False, f"{type(error).__name__}: {error}")
    return Check("data", True, f"{len(documents)} OpenAPI documents and {len(SEEDS)} seeds are readable")


def _store(store: str) -> Check:
    from ..core.errors import StoreError
    from ..extension import store_class

    try:
        warning = store_class(store).examine(store)
    except StoreError as error:
        return Check("store", False, str(error))
    return Check("store", True, "can be used" if warning is None else f"warning: {warning}")


def _port(port: int) -> Check:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        return Check("port", False, f"127.0.0.1:{port}: {os.strerror(error.errno or 0)}")
    return Check("port", True, f"127.0.0.1:{port} is free")
