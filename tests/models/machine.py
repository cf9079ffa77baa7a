"""A machine: random calls to an account, each compared with a model, and read back in full after every step."""

from __future__ import annotations
import __future__

import contextlib
import inspect
import os
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from ..support import response_violations
from .account import Account, Response, server

T = TypeVar("T")
EXAMPLES = int(os.environ.get("MOCKSERVER_MODEL_EXAMPLES", "0"))
"""How many examples a machine tries, none of them the same as yesterday; without it, a few that are always the same."""
EVERYDAY = 20
BOUND = 1000
"""Within how many examples a machine catches a mistake."""
ANYTHING: Any = object()
PLACES = st.integers(0, 9)
"""What `pick` picks by."""


def pick(there: Iterable[T], place: int, ghost: T) -> T:
    """Return what stands at a place among what is there, counted round; the ghost at 0, and where nothing is."""
    each = list(there)
    return each[place % len(each)] if each and place else ghost


class Disagreement(AssertionError):
    """The server and the model differ."""


class Machine(RuleBasedStateMachine):
    """What asks an account; whoever begins with one says `self.begin`."""

    provider: ClassVar[str]
    account: Account

    def begin(self, section: dict[str, Any]) -> None:
        self.account = Account(self.provider, section)

    def teardown(self) -> None:
        if hasattr(self, "account"):
            self.account.close()

    def agree(self, what: str, returned: object, expected: object) -> None:
        if returned != expected:
            raise Disagreement(f"{what}: the server returns {returned!r}, the model {expected!r}")

    def returned(self, what: str, returned: Response, status: int, data: object = ANYTHING) -> Any:
        """Compare an answer with what the model expects, and return its data; `ANYTHING` is not compared."""
        self.agree(what, returned.status, status)
        if data is not ANYTHING:
            self.agree(what, returned.data, data)
        return returned.data


def holds(machine: type[Machine], everyday: int = EVERYDAY) -> None:
    """Run a machine, which must find nothing; and no answer may break the contract."""
    before = response_violations(server())
    run_state_machine_as_test(machine, settings=sizes(EXAMPLES or everyday, derandomize=not EXAMPLES))
    assert response_violations(server()) == before


def catches(machine: type[Machine]) -> bool:
    """Say whether a machine finds a disagreement, always in the same examples."""
    try:
        run_state_machine_as_test(machine, settings=sizes(BOUND, derandomize=True, quick=True))
    except Disagreement:
        return True
    return False


def chosen(problems: Mapping[str, object]) -> list[str]:
    """Return the names of the mistakes to plant: all, or on any other day the first few."""
    return list(problems)[: None if EXAMPLES else 4]


def sizes(examples: int, *, derandomize: bool, quick: bool = False) -> settings:
    """Return settings for so many examples; a quick run does not look for a shorter one."""
    return settings(
        max_examples=examples,
        stateful_step_count=25,
        deadline=None,
        database=None,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        derandomize=derandomize,
        phases=[Phase.generate] if quick else [Phase.generate, Phase.shrink],
    )


@contextlib.contextmanager
def mistaken(function: Callable[..., Any], right: str, wrong: str) -> Iterator[None]:
    """Let a function of the server have a mistake: a piece of its source is another."""
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(right) == 1, source
    compiled = compile(source.replace(right, wrong), "mistaken", "exec", __future__.annotations.compiler_flag)
    made: dict[str, Any] = {}
    exec(compiled, function.__globals__, made)
    code = function.__code__
    function.__code__ = made[function.__name__].__code__
    try:
        yield
    finally:
        function.__code__ = code
