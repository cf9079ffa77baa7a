"""The lists of all operations of the providers' APIs, and the tool that writes them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mockserver.providers import PROVIDERS
from mockserver.web.provider import Provider

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "tools"))

import operations  # noqa: E402

OPENAPI = """
paths:
  /v3/pools:
    parameters: []
    get: {}
    post: {}
  /v3/pools/{id}:
    delete: {}
"""
API_BLUEPRINT = """
# Group Pools [an aside]
## Pools [/v3/pools{?name}]
### List [GET]
### Create [POST]
## Delete a Pool [DELETE /v3/pools/{id}]
"""
LIST = """# POST /v3/other
GET /v3/pools
POST /v3/pools
DELETE /v3/pools/{id}
"""


@pytest.mark.parametrize(("suffix", "text"), [("yaml", OPENAPI), ("apib", API_BLUEPRINT), ("txt", LIST)])
def test_operations_of_a_specification(tmp_path: Path, suffix: str, text: str) -> None:
    file = tmp_path / f"spec.{suffix}"
    file.write_text(text)
    assert sorted(operations.operations(file)) == [
        ("DELETE", "/v3/pools/{id}"),
        ("GET", "/v3/pools"),
        ("POST", "/v3/pools"),
    ]


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_check_of_the_list(tmp_path: Path, provider: Provider) -> None:
    """The list fits its own first section, and no other."""
    assert provider.operations_file is not None
    section = provider.operations_file.read_text("utf-8").partition("\n\n")[0]
    file = tmp_path / "list.txt"
    file.write_text(section)
    operations.main([provider.name, str(file), "--check"])
    for text in (section.rpartition("\n")[0], f"{section}\nGET /zzz"):
        file.write_text(text)
        with pytest.raises(SystemExit):
            operations.main([provider.name, str(file), "--check"])
