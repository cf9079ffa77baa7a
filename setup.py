"""Compile the YAML documents when the package is built, and describe it; all other settings are in setup.cfg."""

import re
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT))  # missing in an isolated build

from mockserver.core.yaml_files import compile_to  # noqa: E402


class Build(build_py):
    """Writes the compiled form of each document next to the document."""

    def run(self) -> None:
        super().run()
        for name in ("fixtures", "openapi"):
            target = ROOT / name if self.editable_mode else Path(self.build_lib) / "mockserver" / name
            for path in (ROOT / name).glob("*.yaml"):
                compile_to(path, target)


def long_description() -> str:
    """Return README.md without its links to files of the repository, which do not work elsewhere."""
    return re.sub(r"\[([^\]]+)\]\((?!https?:)[^)]+\)", r"\1", (ROOT / "README.md").read_text("utf-8"))


setup(cmdclass={"build_py": Build}, long_description=long_description())
