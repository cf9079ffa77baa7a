"""Tables, states and transactions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mockserver.core import resources, seed
from mockserver.core.store import State, Table
from mockserver.providers import PROVIDERS
from mockserver.web.server_state import server_state

from .support import MAILGUN, SENDGRID, store_of

STORES = ("memory", "redis")
KEYS = st.sampled_from("abcdef")


class TableMachine(RuleBasedStateMachine):
    """A table does what a dict does, whatever it lies over, and its copies are independent."""

    def __init__(self) -> None:
        super().__init__()
        self.base = {key: key.upper() for key in "abc"}
        self.model = dict(self.base)
        self.table: Table[str] = Table(self.base)
        self.copies: list[tuple[Table[str], dict[str, str]]] = []

    @rule(key=KEYS, value=st.text(min_size=1))
    def set(self, key: str, value: str) -> None:
        self.table[key] = value
        self.model[key] = value

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        if key in self.model:
            del self.model[key]
            del self.table[key]
        else:
            with pytest.raises(KeyError):
                del self.table[key]

    @precondition(lambda self: len(self.copies) < 5)
    @rule()
    def copy(self) -> None:
        self.copies.append((self.table, dict(self.model)))
        self.table = self.table.copy()

    @invariant()
    def same(self) -> None:
        assert list(self.table.items()) == list(self.model.items())
        assert list(self.table.values()) == list(self.model.values())
        assert list(self.table) == list(self.model)
        assert len(self.table) == len(self.model)
        for key in "abcdef":
            assert self.table.get(key) == self.model.get(key)
            assert (key in self.table) == (key in self.model)
        for table, model in self.copies:
            assert dict(table.items()) == model
        assert self.base == {key: key.upper() for key in "abc"}


TestTable = TableMachine.TestCase


@given(st.lists(KEYS), st.lists(KEYS))
def test_a_copy_costs_the_changes(kept: list[str], gone: list[str]) -> None:
    """A copy holds what was changed, and shares what was not."""
    base = {str(number): "x" for number in range(1_000)}
    table: Table[str] = Table(base)
    for key in kept:
        table[key] = key
    twin = table.copy()
    assert twin._base is base
    assert len(twin._own) == len(set(kept))


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
@pytest.mark.parametrize("name", ["default", "empty", "documents"])
def test_a_dump_loads_to_the_same(provider: Any, name: str) -> None:
    """A state that is dumped and loaded again is the same state."""
    sections = {each.name: each.seed_schema for each in PROVIDERS}
    state = seed.load(name, sections).states[provider.name]
    dump = state.dump()
    again = provider.seed_schema.read(dump).state
    assert again.dump() == dump


def test_a_dump_with_work_to_do_loads(make_app: Any, tmp_path: Any) -> None:
    """A Mailgun account with unfinished work is dumped and loaded whole, its domains linked to a pool that is gone."""
    path = tmp_path / "slow.yaml"
    text = resources.read("fixtures", "default.yaml").replace(
        "  eligible_for_shared_ips", "  async_delay_seconds: 60\n  eligible_for_shared_ips"
    )
    path.write_text(text, "utf-8")
    app: Flask = make_app(seed=str(path))
    pool = "/v3/ip_pools/658041ae44842b99ee2eaa1b"
    assert MAILGUN.client(app).delete(pool, query_string={"ip": "shared"}).status_code == 200
    dump = MAILGUN.client(app).tenant.read().dump()["states"]["mailgun"]
    assert dump["jobs"]
    assert server_state(app).providers["mailgun"].seed_schema.read(dump).state.dump() == dump


@pytest.mark.store("memory")
def test_the_guard_of_this_suite_works(make_app: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A rule that changes before it refuses is caught by every test, and so is a GET that changes something."""
    from mockserver.providers.sendgrid import catalog
    from mockserver.providers.sendgrid.models import State as SendGrid
    from mockserver.providers.sendgrid.rules import classic_pools as rules

    own = tmp_path / "own.yaml"  # a packaged seed is shared by all applications of a process
    own.write_text(resources.read("fixtures", "default.yaml"), "utf-8")
    app: Flask = make_app(seed=str(own))

    def careless(tx: Any, user: str | None, name: str) -> None:
        del tx.state.pools["12345"]
        raise catalog.NAME_TAKEN()

    monkeypatch.setattr(rules, "create_pool", careless)
    assert SENDGRID.client(app).post("/v3/ips/pools", json={"name": "x"}).status_code == 400
    assert store_of(app).problems and "changed its copy" in store_of(app).problems[0]
    store_of(app).problems.clear()
    monkeypatch.setattr(SendGrid, "pools_of", lambda self, user: self.pools.__setitem__("1", None) or [])
    monkeypatch.setattr(State, "copy", lambda self: self)
    monkeypatch.setattr("mockserver.providers.sendgrid.models.to_dict", repr)
    SENDGRID.client(app).get("/v3/ips/pools")
    assert any("changed the store" in breach for breach in store_of(app).problems)
    store_of(app).problems.clear()
