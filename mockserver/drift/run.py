"""Runs of a provider's script: recorded from the real service, and replayed on this server."""

from __future__ import annotations

import datetime
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..web.provider import Provider
from ..web.service import ScriptRequest, Service
from .account import check_seed, read_account
from .comparator import Comparator
from .connection import Account, Reply, fill, in_process, real_service
from .differences import Comparison, DriftError, readable
from .recording import Exchange, Recording
from .sanitizer import Sanitizer

PREFIX = "mockserver-drift-"
"""The beginning of the names of pools that a run creates."""
NAME = re.compile(rf"{PREFIX}[0-9a-f]{{8}}")
"""The name of a run: only pools with such a name in theirs are deleted."""
MAX_TRIES = 4
"""The number of times that a run tries to delete its pools."""
PAUSE = 3.0
"""The pause between two tries, in seconds: a service may delete a pool some time after its response."""
UNAVAILABLE = (429, 502, 503, 504)
"""The statuses that end a run."""


def new_name() -> str:
    """Return a name for the pool of a run."""
    return PREFIX + secrets.token_hex(4)


def variables(name: str) -> dict[str, str]:
    """Return the variables that every run has."""
    return {"name": name, "renamed": f"{name}-2", "missing": f"{name}-0"}


def plan(service: Service) -> Iterator[str]:
    """Yield the requests of a recording, which has each `read` at its beginning and at its end."""
    values = variables(f"{PREFIX}...")
    yield from (f"GET {path}" for path in service.reads)
    for request in service.script:
        known = {part: values.get(part, f"{{{part}}}") for part in _variables_of(request.path)}
        body = request.json or request.form
        sent = "" if body is None else f"  {dict(body)}".replace("{name}", values["name"])
        yield f"{request.method} {fill(request.path, known)}{sent}".replace("{renamed}", values["renamed"])
    yield f"DELETE {service.delete_pool}  of pools named {values['name']} that are left"
    yield from (f"GET {path}" for path in service.reads)


def _variables_of(path: str) -> list[str]:
    return [part.partition("}")[0] for part in path.split("{")[1:]]


def run_script(
    account: Account,
    script: Sequence[ScriptRequest],
    values: dict[str, str],
    is_preferred: Callable[[str, str], bool],
    exchanges: list[Exchange],
    *,
    is_real: bool,
) -> None:
    """Send the requests of a script, and append them to `exchanges`; `values` gets the variables that are learnt.

    A variable gets the value in the response that is preferred, if there is one. Raises `DriftError` if the real
    service fails.
    """
    for request in script:
        try:
            reply = account.request(request, values)
        except KeyError:  # what it needs was not learnt
            continue
        if is_real and reply.status in UNAVAILABLE:
            raise DriftError(f"{request.name}: {request.method} {request.path}: the status is {reply.status}")
        exchanges.append(Exchange(request.name, request.method, request.path, reply))
        for name, pointer in request.learns.items():
            found = _at(reply.body, pointer) if reply.is_json and reply.status < 300 else None
            leaves = _texts(reply.body) if found is not None else ()
            preferred = next((leaf for leaf in leaves if is_preferred(name, leaf)), found)
            if preferred is not None:
                values[name] = str(preferred)


def record(account: Account, *, sanitize: bool, name: str | None = None) -> tuple[Recording, list[str]]:
    """Run the script of a provider on a real account; return the recording, and what is not as it was before.

    Raises `DriftError` if the account cannot be recorded. Pools of the run are deleted whatever happens.
    """
    provider = account.provider
    service = real_service(provider)
    name = new_name() if name is None else name
    if NAME.fullmatch(name) is None:
        raise DriftError(f"'{name}': expected the name of a run, {PREFIX} and 8 hexadecimal digits")
    before = read_account(account)
    with readable("a response"):
        existing = service.pools(account)
    if service.pool_limit is not None and len(existing) >= service.pool_limit:
        raise DriftError(f"the account has {len(existing)} pools, which is the maximum: nothing is created")
    if any(name in each for each in existing.values()):
        raise DriftError(f"the account has a pool named {name}: nothing is created")
    sanitizer = Sanitizer(service, account.key or "", [name.removeprefix(PREFIX)]) if sanitize else None
    seed = before if sanitizer is None else sanitizer.value(before)
    check_seed(provider, seed)
    values, exchanges = variables(name), list[Exchange]()
    try:
        run_script(account, service.script, values, lambda *_: False, exchanges, is_real=True)
    except BaseException as error:
        left = clean_up(account, service, name)
        if left:
            reason = str(error) or type(error).__name__
            raise DriftError(f"the run ended early ({reason}), and remains: {', '.join(left)}") from None
        raise
    problems = [f"remains: {each}" for each in clean_up(account, service, name)]
    problems += _changes(before, read_account(account))
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    if sanitizer is None:
        return Recording(provider.name, today, False, name, values, seed, exchanges), problems
    sanitizer.echoed = {key: value for key, value in values.items() if key not in variables(name)}
    sanitized = [Exchange(each.name, each.method, each.path, _sanitized(each.reply, sanitizer)) for each in exchanges]
    known = {key: sanitizer.replace(value) for key, value in values.items()}
    return Recording(provider.name, today, True, name, known, seed, sanitized), problems


def _sanitized(reply: Reply, sanitizer: Sanitizer) -> Reply:
    body = sanitizer.value(reply.body) if reply.is_json else sanitizer.text(reply.body)
    return Reply(reply.status, reply.content_type, body, reply.is_json)


def clean_up(account: Account, service: Service, name: str) -> list[str]:
    """Delete the pools whose names have the name of the run; return those that are left."""
    left = [f"possibly a pool named {name}"]
    for number in range(MAX_TRIES):
        time.sleep(PAUSE if number else 0)
        try:
            with readable("a response"):
                own = {key: label for key, label in service.pools(account).items() if name in label}
            left = list(own.values())
            if not own:
                break
            for key in own:
                account.request(ScriptRequest("clean up", "DELETE", service.delete_pool), {"pool": key})
        except DriftError:
            continue
    return left


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return what of an account has changed."""
    changes = []
    for name in before.keys() | after.keys():
        one, another = before.get(name), after.get(name)
        if isinstance(one, list) and isinstance(another, list):
            changes += [f"gone or changed: {name}: {each}" for each in one if each not in another]
            changes += [f"new or changed: {name}: {each}" for each in another if each not in one]
        elif one != another:
            changes.append(f"changed: {name}: {one}, now {another}")
    return changes


def replay(provider: Provider, recording: Recording, profile: str) -> Comparison:
    """Compare a recording with this server, after two runs of this server with each other. Raises `DriftError`."""
    service = real_service(provider)
    check_seed(provider, recording.seed)
    runs = [_run_here(provider, service, recording, profile) for _ in range(2)]
    (first, first_values), (second, second_values) = runs
    same = Comparator(service, first_values, second_values).compare(first, second)
    if same.differences or not same.compared:
        raise DriftError(f"two runs of this server differ: {'; '.join(map(str, same.differences))}")
    return Comparator(service, recording.values, first_values).compare(recording.exchanges, first)


def _run_here(
    provider: Provider, service: Service, recording: Recording, profile: str
) -> tuple[list[Exchange], dict[str, str]]:
    account = Account(provider, in_process(provider, recording.seed, profile), provider.example_api_key)
    values, exchanges = variables(recording.name), list[Exchange]()

    def is_recorded(name: str, leaf: str) -> bool:
        return recording.values.get(name) == leaf

    run_script(account, service.script, values, is_recorded, exchanges, is_real=False)
    return exchanges, values


def replay_on_service(account: Account, recording: Recording) -> tuple[Comparison, list[str]]:
    """Run the script again on the real account; return the differences, and what is not as it was before.

    Raises `DriftError` if the account has changed since the recording.
    """
    now, problems = record(account, sanitize=recording.is_sanitized, name=recording.name)
    for name, value in recording.seed.items():
        size, found = (len(each) if isinstance(each, list) else 0 for each in (value, now.seed.get(name)))
        if size != found:
            reason = f"the account has changed since the recording: {name}: {size} items, now {found}"
            raise DriftError("; ".join([f"{reason}; record it again", *problems]))
    service = real_service(account.provider)
    return Comparator(service, recording.values, now.values).compare(recording.exchanges, now.exchanges), problems


def _at(body: Any, pointer: str) -> Any:
    """Return the value at a JSON pointer; None without one."""
    for part in pointer[1:].split("/"):
        if isinstance(body, list):
            body = body[int(part)] if part.isdecimal() and int(part) < len(body) else None
        else:
            body = body.get(part) if isinstance(body, Mapping) else None
    return body


def _texts(node: Any) -> Iterator[str]:
    """Yield the texts in a JSON value."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping | list):
        for each in node.values() if isinstance(node, Mapping) else node:
            yield from _texts(each)
