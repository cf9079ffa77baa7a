"""The server as a WSGI application, and the one way that every request goes through it."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge
from werkzeug.http import HTTP_STATUS_CODES

from . import admin, journal, seed
from .config import STORE, Config
from .contract import Contract
from .errors import ApiError, StoreError
from .faults import Fault
from .memory_store import MemoryStore
from .mounts import Mounts, decoded_path, straighten
from .profiles import UNSAID, Choice, Profile, choose
from .provider import Operation, Provider, Situation
from .providers import PROVIDERS
from .routing import Routing
from .store import Caller, Registration, State, Store, Transaction, Unserved
from .tenants import Tenants
from .web import Call, Reply, body

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from werkzeug.test import Client

log = logging.getLogger("mockserver")

Answer = Callable[[Call], Reply]
NOTHING: Mapping[str, str] = {}
MAY_NOT_WAIT = "mockserver.may_not_wait"
"""In a WSGI environment: a call that is to be delayed ends with `Waits`, and is made again where it may wait."""
WITHOUT_BODY = frozenset({204, 304})
"""Statuses whose answers have no body, and do not say how long it would be."""


class Mockserver:
    """One server, a WSGI application: its settings, its world, its tenants, and the way of a request.

    Any number of them can live in one process. Raises `SeedError` or `StoreError` when it cannot be made.
    """

    def __init__(self, config: Config | None = None, *, store_class: Callable[..., Store] | None = None) -> None:
        config = self.config = config or Config()
        self.providers = {provider.name: provider for provider in PROVIDERS}
        self.profiles = self.choose(config.profile or {})
        """By provider, what holds where neither a seed nor a tenant says more."""
        self.world = seed.load(config.seed, {provider.name: provider.read_seed for provider in PROVIDERS})
        self.world = replace(self.world, states=self.profiled(self.world.states, {}))
        self.store: Store = (store_class or _store_class(config.store))(self.world.states, config)
        self.tenants = Tenants(self.store, self.world.registrations, unknown=config.unknown_credentials)
        self.mounts = Mounts(PROVIDERS)

    @property
    def misfits(self) -> int:
        """How many of our own answers broke our own contract."""
        return self.store.counts().get("misfits", 0)

    @property
    def requests(self) -> int:
        """How many requests the providers were asked."""
        return self.store.counts().get("requests", 0)

    @property
    def foreign(self) -> int:
        """How many of them had no credential of a tenant that the control API made."""
        return self.store.counts().get("foreign", 0)

    def choose(self, choice: Choice) -> dict[str, Profile]:
        """Return the profile that each provider is to have. Raises `SeedError`."""
        return choose(choice, {provider.name: provider.switches for provider in PROVIDERS})

    def profiled(self, states: Mapping[str, State], chosen: Mapping[str, Profile]) -> Mapping[str, State]:
        """Return states with their profiles: as chosen, else as they say themselves, else as the server has it."""
        return {
            name: state.under(chosen.get(name, UNSAID).over(state.profile).over(self.profiles[name]))
            for name, state in states.items()
        }

    def contract(self, provider: Provider) -> Contract:
        """Return a provider's contract, compiled on first use."""
        return Contract.load(provider.name)

    def test_client(self) -> Client:
        """Return Werkzeug's client for tests, over this application."""
        from werkzeug.test import Client

        return Client(self)

    # The way of a request: where it leads, who asks, what is sent, the transaction, the answer or refusal, the journal.

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, WSGI: in a provider's name, or as the control API."""
        straighten(environ)
        provider, prefix, path = self.mounts.split(environ, decoded_path(environ))
        try:
            if not admin.admits(self, environ.get("HTTP_HOST")):
                reply = admin.misdirected()
            elif provider is not None:
                return self._answer(provider, prefix, path, environ, start_response)
            else:
                reply = admin.answer(self, Call(environ["REQUEST_METHOD"], path, prefix, environ))
        except ConnectionResetError:
            raise
        except Unserved as error:
            reply = admin.unserved(error)
        except Exception as error:
            reply = admin.crashed(error)
        return self._send(environ, reply, HTTP_STATUS_CODES[reply.status], reply.headers, start_response)

    def _answer(
        self, provider: Provider, prefix: str, path: str, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer a request for a provider: the path as the provider knows it, and what prefix was before it."""
        method = environ["REQUEST_METHOD"]
        try:
            operation, values, methods = _routing(provider.name).match(f"/{provider.name}{path}", method)
        except MethodNotAllowed as error:
            methods = tuple(sorted(error.valid_methods or ()))
            call = Call(method, path, prefix, environ, methods)
            allow = ", ".join(methods)
            if method == "OPTIONS":  # asked by browsers, which send no credential with it
                reply, request_id = provider.options(path, allow), f"nobody-{self.store.number_stranger()}"
                return self._respond(provider, call, reply, request_id, start_response)
            answer = self._refusal(provider, "not_allowed", ("Allow", allow))
            return self._exchange(provider, call, answer, start_response)
        except HTTPException:
            call = Call(method, path, prefix, environ)
            return self._exchange(provider, call, self._refusal(provider, "not_found"), start_response)
        call = Call(method, path, prefix, environ, methods)
        if operation is None:
            answer = self._refusal(provider, "unmodelled", ("X-Mockserver-Unmodelled", "1"))
            return self._exchange(provider, call, answer, start_response)
        return self._exchange(
            provider, call, lambda call: operation.view(call, **values), start_response, operation, values
        )

    def _refusal(self, provider: Provider, situation: Situation, *headers: tuple[str, str]) -> Answer:
        def answer(call: Call) -> Reply:
            error = self._met(provider, situation, call)
            error.headers = headers
            raise error

        return answer

    def _met(self, provider: Provider, situation: Situation, call: Call) -> ApiError:
        state = call.tx.state or self.world.states[provider.name]  # the server's own, where nobody was recognised
        error = provider.refuse(situation, method=call.method, path=call.path, profile=state.profile)
        error.situation = situation
        return error

    def _exchange(
        self,
        provider: Provider,
        call: Call,
        answer: Answer,
        start_response: StartResponse,
        operation: Operation | None = None,
        path_values: Mapping[str, str] = NOTHING,
    ) -> Iterable[bytes]:
        caller: Caller | None = None
        refused: ApiError | None = None
        try:
            caller = self._recognise(provider, call)
            reply = self._transact(provider, call, answer, operation)
        except ApiError as error:
            refused, reply = error, provider.envelope(error)
        except ConnectionResetError:
            reply = Reply(0)  # a planned fault: nothing is answered, whatever was done
        except RequestEntityTooLarge:
            refused = self._met(provider, "too_large", call)
            reply = provider.envelope(refused)
        except Unserved:
            raise
        except Exception:
            log.exception("crashed on %r %r", call.method, call.path)
            refused = self._met(provider, "crashed", call)
            reply = provider.envelope(refused)
        extra = refused.headers if refused is not None else ()
        operation_id = operation.id if operation is not None else None
        if caller is None:
            self._misfit(provider, operation, reply)
            number = self.store.keep_stranger(provider.name, operation_id, refused.entry.key if refused else None)
            return self._respond(provider, call, reply, f"nobody-{number}", start_response, extra)
        misfit = self._misfit(provider, operation, reply) if call.fault is None else None
        seq = call.tx.seq
        request_id = f"{caller.tenant.id}-{seq}"
        self.store.keep(
            caller.tenant,
            journal.Record(
                id=request_id,
                seq=seq,
                time=call.time,
                provider=provider.name,
                operation=operation_id,
                method=call.method,
                path=call.path,
                path_values=path_values,
                query=call.environ.get("QUERY_STRING", ""),
                headers=journal.sent(call.environ),
                body=call.body,
                credential=journal.redact(caller.registration.credential),
                account=call.account,
                status=reply.status,
                refusal=_explained(refused) if refused is not None else None,
                read=frozenset(call.read),
                fault=call.fault.id if call.fault is not None else None,
                misfit=misfit,
                situation=refused.situation if refused is not None else None,
            ),
            foreign=not self.tenants.is_made(caller),
        )
        return self._respond(provider, call, reply, request_id, start_response, extra)

    def _recognise(self, provider: Provider, call: Call) -> Caller:
        credential = provider.credential(call.headers)
        caller = self.tenants.caller(provider.name, credential, provider.well_formed) if credential else None
        if caller is None:
            situation: Situation = "unknown_credential" if credential else "no_credential"
            raise self._met(provider, situation, call)
        call.caller, call.known, call.account = caller, True, caller.registration.account
        return caller

    def _transact(self, provider: Provider, call: Call, answer: Answer, operation: Operation | None) -> Reply:
        """Read the body, then answer in a transaction: all that the answer changes happens, or nothing does.

        Raises `Waits` before any of it if the call is to be delayed, and came where it must not be.
        """
        caller = call.caller
        tenant = caller.tenant
        name = f"{provider.name}.{operation.id}" if operation is not None else None
        may_wait = MAY_NOT_WAIT not in call.environ
        fault = call.fault = tenant.take_fault(name, may_wait=may_wait) if name is not None else None
        too_large: RequestEntityTooLarge | None = None
        try:
            call.body = body(call.environ, self.config.max_body)
        except RequestEntityTooLarge as error:
            too_large = error
        if name is not None and provider.rate_window is not None:
            call.used = tenant.use(name, caller.registration.credential, provider.rate_window)
        if fault is not None and fault.when == "before":
            tenant.wait(fault.delay_seconds or 0)

        def attempt(tx: Transaction[Any]) -> Reply:  # from the start each time: a store may want it again
            call.tx, call.time = tx, tx.now
            call.known, call.account = True, caller.registration.account
            if fault is not None and fault.when == "before":
                _strike(provider, call, fault)
            if operation is not None:
                call.scope = operation.scope
                provider.admit(call)
            if too_large is not None:
                raise too_large
            return answer(call)

        writes = operation is not None and operation.method != "GET"
        try:
            reply = tenant.transact(provider.name, provider.settle, attempt, writes=writes)
        except ApiError:
            _strike_after(provider, call, fault)
            raise
        for key, account, scopes in call.tx.issued:
            self.store.issue(tenant, Registration(provider.name, key, tenant.id, account, scopes, issued=True))
        _strike_after(provider, call, fault)
        return reply

    def _misfit(self, provider: Provider, operation: Operation | None, reply: Reply) -> str | None:
        misfit = self.contract(provider).misfit(
            operation.id if operation is not None else None, reply.status, reply.content_type, reply.data
        )
        if misfit is not None:
            self.store.count("misfits")
            log.error("our answer breaks our contract: %s %s: %s", provider.name, operation and operation.id, misfit)
        return misfit

    def _respond(
        self,
        provider: Provider,
        call: Call,
        reply: Reply,
        request_id: str,
        start_response: StartResponse,
        extra: Iterable[tuple[str, str]] = (),
    ) -> Iterable[bytes]:
        phrase = provider.phrase(reply.status) if reply.status else ""
        headers = [*provider.headers(call), *reply.headers, *extra, ("X-Mockserver-Request-Id", request_id)]
        sent = self._send(call.environ, reply, phrase, headers, start_response)
        return _half(reply.body) if call.fault is not None and call.fault.kind == "truncate" else sent

    def _send(
        self,
        environ: WSGIEnvironment,
        reply: Reply,
        phrase: str,
        headers: Iterable[tuple[str, str]],
        start_response: StartResponse,
    ) -> Sequence[bytes]:
        """Answer, WSGI."""
        if self.config.access_log:
            log_access(environ, reply.status)
        if not reply.status:
            raise ConnectionResetError("a planned fault dropped the connection")
        told = list(headers)
        if reply.content_type is not None:
            told.append(("Content-Type", reply.content_type))
        has_body = reply.status not in WITHOUT_BODY
        if has_body:
            told.append(("Content-Length", str(len(reply.body))))
        start_response(f"{reply.status} {phrase}", told)
        return (reply.body,) if has_body and environ["REQUEST_METHOD"] != "HEAD" else ()


def _store_class(store: str) -> Callable[..., Store]:
    """Return the class of a store; the library of one is imported only where it is asked for."""
    if store == "memory":
        return MemoryStore
    if not STORE.fullmatch(store):
        raise StoreError(f"--store '{store}' is none; there is memory, and redis://HOST:PORT/DB")
    try:
        from .redis_store import RedisStore
    except ImportError as error:
        raise StoreError(f"--store redis needs a library: pip install 'esp-mockserver[redis]' ({error})") from None
    return RedisStore


def _half(body: bytes) -> Iterator[bytes]:
    yield body[: len(body) // 2]
    raise ConnectionResetError("a planned fault truncated the answer")


@functools.cache
def _routing(name: str) -> Routing[Operation | None]:
    """Return the paths of a provider, compiled when it is first asked; None is what it has and this server does not."""
    return routing(next(provider for provider in PROVIDERS if provider.name == name))


def routing(provider: Provider) -> Routing[Operation | None]:
    """Return the paths of a provider, under its prefix."""
    modelled = [(path, [each.method], each) for each in provider.operations for path in each.paths]
    others = [(path, sorted(methods), None) for path, methods in provider.unmodelled.items()]
    return Routing(f"/{provider.name}", [*modelled, *others])


def _strike(provider: Provider, call: Call, fault: Fault) -> None:
    """Let a fault do what ends a call: an error in the provider's words, or no answer. A truncated one is cut later."""
    if fault.kind == "error":
        raise provider.fault(fault.status or 503, call)
    if fault.kind == "drop":
        raise ConnectionResetError


def _strike_after(provider: Provider, call: Call, fault: Fault | None) -> None:
    """Let a fault take the place of an answer, of what was done for good as of what was refused."""
    if fault is not None and fault.when == "after":
        call.caller.tenant.wait(fault.delay_seconds or 0)
        _strike(provider, call, fault)


def log_access(environ: WSGIEnvironment, status: int) -> None:
    """Log a request in one line."""
    query = environ.get("QUERY_STRING")
    target = (decoded_path(environ) + (f"?{query}" if query else "")).encode("unicode_escape").decode()
    log.info("%s %s %s", environ["REQUEST_METHOD"], target, status)


def _explained(refused: ApiError) -> journal.Refusal:
    return journal.Refusal(refused.entry.key, refused.message, refused.entry.source)


create_app = Mockserver
