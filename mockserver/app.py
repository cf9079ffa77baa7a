"""The server as a WSGI application, and the one way that every request goes through it."""

from __future__ import annotations

import itertools
import logging
import re
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from flask import Flask, Response, request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge

from . import admin, journal, seed
from .config import Config
from .contract import Contract
from .errors import ApiError
from .faults import Fault
from .mounts import Entrance, Mounts, Segment
from .provider import Operation, Provider, Situation
from .providers import PROVIDERS
from .store import MemoryStore
from .tenants import Caller, Evicted, Tenants, TenantsSnapshot
from .web import Call, Reply

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger("mockserver")

EVICTED = (
    "The tenant of this credential was closed because more tenants were open than --max-tenants allows; "
    "its data is gone. Use another credential, or raise --max-tenants."
)

Answer = Callable[[Call], Reply]


class Wire(Response):
    """An answer as it was meant: no media type where there is no body."""

    default_mimetype = None


class Dropped(Wire):
    """No answer: the connection is closed."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        raise ConnectionResetError("a planned fault dropped the connection")


class Truncated(Wire):
    """Half of an answer: then the connection is closed."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        whole = b"".join(super().__call__(environ, start_response))
        yield whole[: len(whole) // 2]
        raise ConnectionResetError("a planned fault truncated the answer")


class Mockserver:
    """One server: its settings, its world, its tenants, and the way of a request."""

    def __init__(self, config: Config, store_class: type[MemoryStore] = MemoryStore) -> None:
        self.config = config
        self.providers = {provider.name: provider for provider in PROVIDERS}
        self.world = seed.load(config.seed, {provider.name: provider.read_seed for provider in PROVIDERS})
        self.store = store_class(
            self.world.states,
            time=config.time,
            id_seed=config.id_seed,
            journal_size=config.journal_size,
            journal_room=config.journal_room,
        )
        self.tenants = Tenants(
            self.store, self.world.registrations, unknown=config.unknown_credentials, max_tenants=config.max_tenants
        )
        self.mounts = Mounts(PROVIDERS)
        self.misfits = 0
        """How many of our own answers broke our own contract."""
        self.requests = 0
        """How many requests the providers were asked."""
        self.tally = journal.Tally()
        """What these were, of strangers too."""
        self.snapshots: dict[str, TenantsSnapshot] = {}
        """Of all tenants together, by name."""
        self._strangers = itertools.count(1)
        self._methods: dict[str, tuple[str, ...]] = {}

    def contract(self, provider: Provider) -> Contract:
        """Return a provider's contract, compiled on first use."""
        return Contract.load(provider.name)

    def add_methods(self, rule: str, methods: Iterable[str]) -> None:
        """Note that a path is served for these methods."""
        self._methods[rule] = tuple(sorted({*self._methods.get(rule, ()), *methods}))

    def reset(self) -> None:
        """Be as a fresh process would be."""
        self.tenants.clear()
        self.store.renew()
        self.snapshots.clear()
        self.misfits = 0
        self.requests = 0
        self.tally.clear()
        self._strangers = itertools.count(1)

    # Ways in: an operation, one that is not modelled, no route at all.

    def operation(self, provider: Provider, operation: Operation) -> Callable[..., Response]:
        """Return the Flask view of an operation."""

        def view(**path_values: str) -> Response:
            return self._exchange(provider, lambda call: operation.view(call, **path_values), operation, path_values)

        return view

    def unmodelled(self, provider: Provider) -> Callable[..., Response]:
        """Return the Flask view of what the provider has and this server does not."""

        def view(**_: str) -> Response:
            return self._exchange(provider, self._refusal(provider, "unmodelled", ("X-Mockserver-Unmodelled", "1")))

        return view

    def unrouted(self, error: HTTPException) -> Response:
        """Answer a request that no route takes: the provider's own 404 or 405, or ours outside of any provider."""
        provider, path = self.mounts.split(request.path)
        if provider is None:
            methods = sorted(error.valid_methods or ()) if isinstance(error, MethodNotAllowed) else []
            headers = {"Allow": ", ".join(methods)} if methods else {}
            return admin.problem(error.code or 500, error.description or error.name, headers)
        if isinstance(error, NotFound):
            return self._exchange(provider, self._refusal(provider, "not_found"))
        if not isinstance(error, MethodNotAllowed):
            return admin.problem(error.code or 500, error.description or error.name)
        allowed = tuple(sorted(error.valid_methods or ()))
        allow = ", ".join(allowed)
        if request.method == "OPTIONS":  # asked by browsers, which send no credential with it
            call = self._call(provider, allowed)
            return self._respond(provider, call, provider.options(path, allow), f"nobody-{next(self._strangers)}")
        return self._exchange(provider, self._refusal(provider, "not_allowed", ("Allow", allow)), methods=allowed)

    def _refusal(self, provider: Provider, situation: Situation, *headers: tuple[str, str]) -> Answer:
        def answer(call: Call) -> Reply:
            error = _met(provider, situation, call)
            error.headers = headers
            raise error

        return answer

    # The way of a request: who asks, what is sent, the transaction, the answer or the refusal, the journal.

    def _exchange(
        self,
        provider: Provider,
        answer: Answer,
        operation: Operation | None = None,
        path_values: dict[str, str] | None = None,
        methods: tuple[str, ...] | None = None,
    ) -> Response:
        call = self._call(provider, methods)
        caller: Caller | None = None
        refused: ApiError | None = None
        self.requests += 1
        try:
            caller = self._recognise(provider, call)
            reply = self._transact(provider, call, answer, operation)
        except ApiError as error:
            refused, reply = error, provider.envelope(error)
        except ConnectionResetError:
            reply = Reply(0)  # a planned fault: nothing is answered, whatever was done
        except RequestEntityTooLarge:
            refused = _met(provider, "too_large", call)
            reply = provider.envelope(refused)
        except Evicted:
            log.warning("a credential of a tenant that was closed was refused")
            return admin.problem(503, EVICTED)
        except Exception:
            log.exception("crashed on %r %r", call.method, call.path)
            refused = _met(provider, "crashed", call)
            reply = provider.envelope(refused)
        extra = refused.headers if refused is not None else ()
        operation_id = operation.id if operation is not None else None
        self.tally.add(provider.name, operation_id, refused.entry.key if refused is not None else None)
        if caller is None:
            self._misfit(provider, operation, reply)
            return self._respond(provider, call, reply, f"nobody-{next(self._strangers)}", extra)
        misfit = self._misfit(provider, operation, reply) if call.fault is None else None
        request_id = f"{caller.tenant.id}-{call.seq}"
        caller.tenant.journal.add(
            journal.Record(
                id=request_id,
                seq=call.seq,
                time=call.time,
                provider=provider.name,
                operation=operation_id,
                method=call.method,
                path=call.path,
                path_values=path_values or {},
                query=request.query_string.decode("latin-1"),
                headers=journal.shown(call.headers.items()),
                body=call.body,
                credential=journal.redact(caller.registration.credential),
                account=call.account,
                status=reply.status,
                refusal=_explained(refused) if refused is not None else None,
                read=frozenset(call.read),
                fault=call.fault.id if call.fault is not None else None,
                misfit=misfit,
                situation=refused.situation if refused is not None else None,
            )
        )
        return self._respond(provider, call, reply, request_id, extra)

    def _call(self, provider: Provider, methods: tuple[str, ...] | None = None) -> Call:
        _, path = self.mounts.split(request.path)
        root = f"{request.scheme}://{request.host}/{provider.name}"
        if methods is None:
            methods = self._methods.get(request.url_rule.rule, ()) if request.url_rule is not None else ()
        return Call(request.method, path, root, Headers(request.headers), request.args, methods)

    def _recognise(self, provider: Provider, call: Call) -> Caller:
        credential = provider.credential(call.headers)
        caller = self.tenants.caller(provider.name, credential, provider.well_formed) if credential else None
        if caller is None:
            situation: Situation = "unknown_credential" if credential else "no_credential"
            raise _met(provider, situation, call)
        call.caller, call.known, call.account = caller, True, caller.registration.account
        return caller

    def _transact(self, provider: Provider, call: Call, answer: Answer, operation: Operation | None) -> Reply:
        """Read the body, then answer with the tenant locked: all that the answer changes happens, or nothing does."""
        too_large: RequestEntityTooLarge | None = None
        try:
            call.body = request.get_data(cache=False, parse_form_data=False)
        except RequestEntityTooLarge as error:
            too_large = error
        tenant = call.caller.tenant
        fault = call.fault = tenant.faults.take(f"{provider.name}.{operation.id}") if operation is not None else None
        if fault is not None and fault.when == "before":
            time.sleep(fault.delay_seconds or 0)
        writes = operation is not None and operation.method != "GET"
        try:
            with self.store.transaction(tenant, provider.name, provider.settle, writes=writes) as tx:
                call.tx, call.seq, call.time = tx, tx.seq, tx.now
                if fault is not None and fault.when == "before":
                    _strike(provider, call, fault)
                if operation is not None:
                    call.scope = operation.scope
                    provider.admit(call)
                if too_large is not None:
                    raise too_large
                reply = answer(call)
        except ApiError:
            _strike_after(provider, call, fault)
            raise
        _strike_after(provider, call, fault)
        return reply

    def _misfit(self, provider: Provider, operation: Operation | None, reply: Reply) -> str | None:
        misfit = self.contract(provider).misfit(
            operation.id if operation is not None else None, reply.status, reply.content_type, reply.data
        )
        if misfit is not None:
            self.misfits += 1
            log.error("our answer breaks our contract: %s %s: %s", provider.name, operation and operation.id, misfit)
        return misfit

    def _respond(
        self,
        provider: Provider,
        call: Call,
        reply: Reply,
        request_id: str,
        extra: Iterable[tuple[str, str]] = (),
    ) -> Response:
        headers = Headers([*provider.headers(call), *reply.headers, *extra])
        if reply.content_type is not None:
            headers["Content-Type"] = reply.content_type
        headers["X-Mockserver-Request-Id"] = request_id
        kind = call.fault.kind if call.fault is not None else ""
        if kind == "drop":
            return Dropped()
        answer_class = Truncated if kind == "truncate" else Wire
        return answer_class(reply.body, f"{reply.status} {provider.phrase(reply.status)}", headers)


def _met(provider: Provider, situation: Situation, call: Call) -> ApiError:
    error = provider.refuse(situation, method=call.method, path=call.path)
    error.situation = situation
    return error


def _strike(provider: Provider, call: Call, fault: Fault) -> None:
    """Let a fault do what ends a call: an error in the provider's words, or no answer. A truncated one is cut later."""
    if fault.kind == "error":
        raise provider.fault(fault.status or 503, call)
    if fault.kind == "drop":
        raise ConnectionResetError


def _strike_after(provider: Provider, call: Call, fault: Fault | None) -> None:
    """Let a fault take the place of an answer, of what was done for good as of what was refused."""
    if fault is not None and fault.when == "after":
        time.sleep(fault.delay_seconds or 0)
        _strike(provider, call, fault)


def _log_access(response: Response) -> Response:
    target = request.full_path.rstrip("?").encode("unicode_escape").decode()
    log.info("%s %s %s", request.method, target, response.status_code)
    return response


def _explained(refused: ApiError) -> journal.Refusal:
    return journal.Refusal(refused.entry.key, refused.message, refused.entry.source)


def create_app(config: Config | None = None, *, store_class: type[MemoryStore] = MemoryStore) -> Flask:
    """Return the server as a WSGI application; raises `SeedError` when its seed has a mistake.

    `app.extensions["mockserver"]` is its `Mockserver`. Any number of them can live in one process.
    """
    config = config or Config()
    server = Mockserver(config, store_class)
    app = Flask("mockserver", static_folder=None)
    app.extensions["mockserver"] = server
    app.config.update(PROVIDE_AUTOMATIC_OPTIONS=False, MAX_CONTENT_LENGTH=config.max_body)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.url_map.converters = {**app.url_map.converters, "default": Segment}
    app.register_error_handler(HTTPException, server.unrouted)
    app.register_error_handler(Exception, admin.crashed)
    app.before_request(admin.guard)
    if config.access_log:
        app.after_request(_log_access)
    app.register_blueprint(admin.blueprint)
    for provider in PROVIDERS:
        for operation in provider.operations:
            view = server.operation(provider, operation)
            for path in operation.paths:
                _route(app, provider, path, operation.id, [operation.method], view)
        unmodelled = server.unmodelled(provider)
        for path, methods in provider.unmodelled.items():
            _route(app, provider, path, "unmodelled", methods, unmodelled)
    for rule in app.url_map.iter_rules():
        if rule.methods is not None:
            rule.methods.discard("HEAD")  # Werkzeug's own addition; no provider documents it
            server.add_methods(rule.rule, rule.methods)
    app.wsgi_app = Entrance(app.wsgi_app)  # type: ignore[method-assign]
    return app


def _route(
    app: Flask, provider: Provider, path: str, name: str, methods: Iterable[str], view: Callable[..., Response]
) -> None:
    rule = f"/{provider.name}" + re.sub(r"\{(\w+)\}", r"<\1>", path)
    app.add_url_rule(rule, f"{provider.name}.{name}", view, methods=list(methods), provide_automatic_options=False)
