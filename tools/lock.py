"""Write requirements.lock: every version that development and CI install, with hashes; `make lock`.

It has the requirements of setup.cfg with all extras, and of the build, for each Python version and system.
"""

from __future__ import annotations

import configparser
import subprocess
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements.lock"
HEAD = "# Written by `make lock`. Do not edit.\n"


def requirements() -> list[str]:
    """Return the requirements of setup.cfg and pyproject.toml."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    texts = [config["options"]["install_requires"], *config["options.extras_require"].values()]
    build = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"]
    return sorted({line for text in texts for line in text.strip().splitlines()} | set(build))


def lowest_python() -> str:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return config["options"]["python_requires"].removeprefix(">=")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="lock-") as folder:
        venv.create(folder, with_pip=True)
        python = str(Path(folder) / "bin" / "python")
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv"], check=True)
        locked = subprocess.run(
            [
                *(python, "-m", "uv", "pip", "compile", "--quiet", "-"),
                *("--universal", "--python-version", lowest_python()),
                *("--generate-hashes", "--no-annotate", "--no-header"),
            ],
            cwd=folder,
            input="\n".join(requirements()),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
    old = LOCK.read_text("utf-8") if LOCK.exists() else ""
    LOCK.write_text(HEAD + locked, "utf-8")
    before, after = (
        {line.split(" \\")[0] for line in text.splitlines() if line[:1].isalnum()} for text in (old, locked)
    )
    for line in sorted(before - after):
        print("-", line)
    for line in sorted(after - before):
        print("+", line)
    print(f"{LOCK.name}: {len(after)} packages")


if __name__ == "__main__":
    main()
