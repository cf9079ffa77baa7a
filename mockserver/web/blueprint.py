"""The blueprint of a mocked provider: how it processes a request.

`prepare` (before the request) finds the tenant of the API key. `dispatch` (around the view) applies planned faults and
runs the view in the tenant's transaction, in which also errors are rendered in the provider's format, the response is
validated against the OpenAPI document, and the exchange is recorded. `finish` (after the request) adds the provider's
headers.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import socket
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import flask
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge
from werkzeug.local import LocalProxy
from werkzeug.routing import RequestRedirect

from ..core import request_log
from ..core.errors import ApiError
from ..core.faults import ConnectionDropped, Fault
from ..core.redaction import redact_record, redact_text
from ..core.store import RateLimit, State, StateTooLarge, StoreUnavailable, Transaction
from ..core.stubs import Stub
from . import unmatched
from .delays import CAN_DELAY, DELAY_OVER, NO_TIMEOUT, RESPONSE_DELAY, ConnectionTimedOut, Delay
from .exchange import NO_TRANSACTION, Exchange, current_exchange
from .mounts import REGION
from .operations import Operation
from .passwords import redact_passwords
from .planned import PlannedResponse, add_headers, operation_errors, planned_response
from .problems import http_problem, state_too_large, unavailable
from .provider import Failure, Provider
from .server_state import ServerState, server_state
from .violations import problem
from .wrappers import MockServerRequest, Response, UnreadableBody, read_body

log = logging.getLogger("mockserver")

TEXT = "text/plain; charset=utf-8"


class ProviderBlueprint(Provider):
    """A mocked provider. Register it on any application with a `MockServer`, under any prefix and name.

    Faults, request log and coverage use its own name, whatever name it is registered under.
    """

    def __init__(self, name: str, import_name: str, **options: Any) -> None:
        super().__init__(name, import_name, url_prefix=f"/{name}", **options)
        self.operations = {}
        self.before_request(self.prepare)
        self.after_request(self.finish)
        for kind, handler in (
            (ApiError, self.handle_api_error),
            (NotFound, self.handle_not_found),
            (MethodNotAllowed, self.handle_method_not_allowed),
            (RequestEntityTooLarge, self.handle_too_large),
            (ConnectionDropped, self.handle_dropped),
            (StoreUnavailable, self.handle_unavailable),
            (StateTooLarge, self.handle_state_too_large),
            (UnreadableBody, self.handle_unreadable),
        ):
            self.register_error_handler(kind, handler)

    # Registration

    def add_url_rule(  # type: ignore[override]
        self,
        rule: str,
        endpoint: str,
        view_func: Callable[..., ResponseReturnValue],
        *,
        methods: Sequence[str],
        scope: str | None = None,
        aliases: Sequence[str] = (),
    ) -> None:
        """Register an operation; `endpoint` is its operationId. Its view gets the tenant's transaction first."""
        (method,) = methods
        operation = Operation(endpoint, method, (rule, *aliases), view_func, scope)
        self.operations[endpoint] = operation

        def view(**path_values: str) -> flask.Response:
            return self.dispatch(operation, path_values)

        for each in operation.rules:
            self.add_rule(each, endpoint, view, methods)

    # Request

    def prepare(self) -> flask.Response | None:
        """Authenticate a request, and check that its path has an implemented operation."""
        return self.authenticate() or self.check_path()

    def authenticate(self) -> flask.Response | None:
        """Find the tenant of the request's credential."""
        request = _current_request()
        failed = request.routing_exception
        if failed is not None and not isinstance(failed, NotFound | MethodNotAllowed | RequestRedirect):
            return None  # e.g. the application rejects the Host
        server = server_state()
        exchange = request.exchange = self._begin(request, server)
        if request.method == "OPTIONS" and exchange.allowed_methods:  # browsers send it without a credential
            return self.options_response(exchange.path, ", ".join(exchange.allowed_methods))
        server.check_process(request.environ)
        try:
            credential = exchange.credential = self.get_credential(request)
        except RequestEntityTooLarge:
            raise self._failed(exchange, Failure.TOO_LARGE) from None
        caller = None
        if credential:
            caller = server.tenants.caller(self.name, credential, self.api_key_pattern, exchange.region)
        if caller is None:
            raise self._failed(exchange, Failure.UNKNOWN_CREDENTIAL if credential else Failure.NO_CREDENTIAL)
        exchange.caller, exchange.account = caller, caller.registration.account
        if isinstance(failed, RequestRedirect):
            raise NotFound  # the application merges slashes
        return None

    def _begin(self, request: flask.Request, server: ServerState) -> Exchange:
        rule = request.url_rule
        name = request.blueprints[0] if rule is None else rule.endpoint.rpartition(".")[0]
        prefix = server.mounts.prefixes[name]
        region = request.environ.get(REGION, self.first_region)
        exchange = Exchange(request, server, request.path[len(prefix) :], prefix, region)
        operation = None if rule is None else self.operations[rule.endpoint.rpartition(".")[2]]
        item = self.paths.find(exchange.path, None if rule is None else rule.rule[len(prefix) :])
        if item is not None:
            exchange.allowed_methods = item.methods
        if operation is not None and (item is None or item.operations.get(request.method) is operation):
            exchange.operation = operation
            exchange.path_values = request.view_args or {}
        return exchange

    def check_path(self) -> flask.Response | None:
        """Return the 501 of an operation that is not implemented, or raise the 405 of a path of the provider's API.

        Only operations that are implemented have URL rules, which could match such a path as well.
        """
        exchange = _current_request().exchange
        if exchange is None or exchange.operation is not None:
            return None
        item, method = self.paths.find(exchange.path), exchange.request.method
        if item is None:
            return None  # the application raises `NotFound`
        if method not in item.operations:
            raise MethodNotAllowed(item.methods)
        if item.operations[method] is None:
            assert exchange.caller is not None
            stub = exchange.caller.tenant.read().stubs.find(self.name, method, exchange.path)
            if stub is not None:
                return self._stub_response(stub, exchange)
            return self._respond(Failure.NOT_IMPLEMENTED, ("X-Mockserver-Not-Implemented", "1"))
        return None

    def _stub_response(self, stub: Stub, exchange: Exchange) -> flask.Response:
        exchange.stub, exchange.planned_headers = stub.id, stub.headers
        return self._transact(exchange, lambda tx: planned_response(self, stub.status, stub.headers, stub.body))

    def dispatch(self, operation: Operation, path_values: Mapping[str, str]) -> flask.Response:
        """Run the view of an operation."""

        def view(tx: Transaction[Any]) -> flask.Response:
            return self.make_response(operation.view(tx, **path_values))

        return self._transact(current_exchange(), view, operation)

    def _transact(
        self,
        exchange: Exchange,
        view: Callable[[Transaction[Any]], flask.Response],
        operation: Operation | None = None,
    ) -> flask.Response:
        """Apply the planned fault, and run a view in a transaction.

        Raises `Delay`, and changes nothing, if the request is delayed and the server can wait for it.
        """
        request, caller = exchange.request, exchange.caller
        server: ServerState = exchange.server
        assert caller is not None
        tenant = caller.tenant
        fault: Fault | None = None
        too_large = False
        if operation is not None:
            name = f"{self.name}.{operation.id}"
            fault = exchange.fault = self._take_fault(exchange, name)
        try:
            exchange.body = read_body(request, server.config.max_body_bytes)
        except RequestEntityTooLarge:
            too_large = True
        rate_limit = None
        if operation is not None and self.rate_limit_window is not None:
            rate_limit = RateLimit(name, self.rate_limit_window)
        delay: Delay | None = request.environ.get(DELAY_OVER)
        if fault is not None and fault.when == "before" and delay is None:
            self._wait(exchange, fault)

        def attempt(tx: Transaction[Any]) -> flask.Response:  # from the start: the store may run it again
            exchange.begin(tx)
            try:
                if delay is not None and delay.is_cancelled:
                    raise ConnectionDropped
                if fault is not None and fault.when == "before":
                    self._apply(fault, exchange)
                tx.region = exchange.region
                tx.is_taken = functools.partial(server.tenants.is_taken, caller)
                self.check_region(exchange)
                if operation is not None:
                    self.authorize(exchange)
                tx.account = exchange.account
                if too_large:
                    raise RequestEntityTooLarge
                response = view(tx)
            except StoreUnavailable:
                raise
            except Exception as error:
                tx.failed = True
                response = self._error_response(error, exchange)
            if fault is not None and fault.when == "after":
                try:
                    self._apply(fault, exchange)
                except (PlannedResponse, ConnectionDropped) as error:
                    response = self._error_response(error, exchange)
            record = tx.record = self._record(exchange, response)
            if tenant.is_strict or record.failure is not None or record.response_violation is not None:
                tx.record = record.redacted()
                tx.problem = problem(self, tx.record, is_strict=tenant.is_strict)
            return response

        response = server.store.transact(
            caller,
            self.run_due_jobs,
            attempt,
            writes=operation is not None and operation.method != "GET",
            rate_limit=rate_limit,
            is_unmatched=not server.tenants.is_made(caller),
        )
        if exchange.tx.record is not None and exchange.tx.record.response_violation is not None:
            self._count_violation(exchange, exchange.tx.record.response_violation)
        if fault is not None and fault.when == "after" and fault.delay_seconds:
            if CAN_DELAY in request.environ:
                request.environ[RESPONSE_DELAY] = Delay(tenant, fault)
            else:
                self._wait(exchange, fault)
        return response

    def _error_response(self, error: Exception, exchange: Exchange) -> flask.Response:
        """Return the response to a request that failed in its transaction."""
        if isinstance(error, PlannedResponse):
            return error.response
        if not isinstance(error, ApiError | HTTPException | ConnectionDropped):
            crash = f"{exchange.request.method} {exchange.path}\n{traceback.format_exc()}"
            log.error("crashed on %s", redact_text(crash, exchange.secrets).rstrip())
            error = self._failed(exchange, Failure.CRASHED)
        if isinstance(error, ApiError):
            return self.handle_api_error(error)
        app = flask.current_app
        return app.make_response(app.handle_user_exception(error))

    def _take_fault(self, exchange: Exchange, name: str) -> Fault | None:
        """Return the fault that applies to an operation. Raises `Delay`, or `ConnectionDropped` after a reset."""
        environ, caller = exchange.request.environ, exchange.caller
        assert caller is not None
        delay: Delay | None = environ.get(DELAY_OVER)
        if delay is None:
            fault = caller.tenant.take_fault(name)
            if fault is not None and fault.when == "before" and fault.delay_seconds and CAN_DELAY in environ:
                raise Delay(caller.tenant, fault)
            return fault
        if not delay.is_current():
            exchange.is_recorded = False
            raise ConnectionDropped
        return delay.fault

    def _wait(self, exchange: Exchange, fault: Fault) -> None:
        """Sleep for the delay of a fault. Raises `ConnectionDropped` if the tenant is reset or deleted meanwhile."""
        assert exchange.caller is not None
        if fault.kind == "timeout" and NO_TIMEOUT in exchange.request.environ:
            return
        try:
            exchange.caller.tenant.wait(fault.delay_seconds or 0)
        except ConnectionDropped:
            exchange.is_recorded = False
            raise

    def _apply(self, fault: Fault, exchange: Exchange) -> None:
        """Apply a fault that ends a request: a response, or a dropped connection. `finish` truncates a response."""
        if fault.kind in ("drop", "timeout"):
            raise ConnectionDropped
        if fault.kind == "error":
            raise PlannedResponse(self._fault_response(fault, exchange))

    def _fault_response(self, fault: Fault, exchange: Exchange) -> flask.Response:
        """Return the response of a fault: with a body, or an error in the provider's format."""
        exchange.planned_headers = fault.headers
        status = fault.status or 503
        if fault.body is not None or status < 400:
            exchange.error = None
            return planned_response(self, status, fault.headers, fault.body)
        error = self.fault_error(status, exchange)
        if fault.error is not None and fault.error != error.entry.key:
            assert exchange.operation is not None
            error = operation_errors(self, exchange.operation)[fault.error]
        response = self.handle_api_error(error)
        add_headers(response, fault.headers)
        return response

    def _failed(self, exchange: Exchange, failure: Failure) -> ApiError:
        state: State = exchange.tx.state or exchange.server.seed.states[self.name]
        error = self.failure(failure, method=exchange.request.method, path=exchange.path, profile=state.profile)
        error.failure = failure
        return error

    # Error handlers

    def handle_api_error(self, error: ApiError) -> flask.Response:
        current_exchange().error = error
        response = self.error_response(error)
        if error.headers:
            response.headers.extend(error.headers)
        return response

    def handle_not_found(self, error: NotFound) -> flask.Response:
        return self._respond(Failure.NOT_FOUND)

    def handle_method_not_allowed(self, error: MethodNotAllowed) -> flask.Response:
        return self._respond(Failure.NOT_ALLOWED, ("Allow", ", ".join(sorted(error.valid_methods or ()))))

    def handle_too_large(self, error: RequestEntityTooLarge) -> flask.Response:
        return self._respond(Failure.TOO_LARGE)

    def _respond(self, failure: Failure, *headers: tuple[str, str]) -> flask.Response:
        """Respond to a request that fails before or instead of an operation, with the tenant's next request id."""

        def view(tx: Transaction[Any]) -> flask.Response:
            error = self._failed(current_exchange(), failure)
            error.headers = headers
            raise error

        try:
            exchange = _current_request().exchange
            if exchange is None:  # a hook of the application failed first
                self.authenticate()
                exchange = current_exchange()
            if exchange.tx is not NO_TRANSACTION:  # it has a request number already
                return view(exchange.tx)
            return self._transact(exchange, view)
        except ApiError as error:
            return self.handle_api_error(error)
        except StoreUnavailable as error:
            return self.handle_unavailable(error)
        except UnreadableBody as error:
            return self.handle_unreadable(error)

    def handle_dropped(self, error: ConnectionDropped) -> flask.Response:
        exchange = current_exchange()
        exchange.dropped = True
        is_timeout = exchange.fault is not None and exchange.fault.kind == "timeout"
        return flask.Response(_reset(b"", exchange.request, ConnectionTimedOut if is_timeout else ConnectionResetError))

    def handle_unavailable(self, error: StoreUnavailable) -> flask.Response:
        """Return a 503 of the server itself, not in the provider's format."""
        current_exchange().is_recorded = False
        return unavailable(error)

    def handle_state_too_large(self, error: StateTooLarge) -> flask.Response:
        """Return a 507 of the server itself, not in the provider's format."""
        current_exchange().is_recorded = False
        return state_too_large(error)

    def handle_unreadable(self, error: UnreadableBody) -> flask.Response:
        """Return an error of the server itself: the provider would never receive the request."""
        current_exchange().is_recorded = False
        return http_problem(error)

    # Response

    def make_response(self, returned: Any) -> flask.Response:
        """Return a view's return value as a response: a body, `(body, status)`, `(body, status, headers)`, a response.

        As in Flask, a dict or list is sent as JSON, encoded as the provider encodes it.
        """
        if isinstance(returned, flask.Response):
            return returned
        body, status, headers = returned, 200, ()
        if isinstance(returned, tuple):
            body, status, *rest = returned
            headers = rest[0] if rest else ()
        if isinstance(body, str):
            return Response(body, self.status_line(status), headers, TEXT if body else None)
        return self.json_response(body, status, headers)

    def json_response(
        self,
        data: object,
        status: int = 200,
        headers: Iterable[tuple[str, str]] = (),
        content_type: str | None = None,
    ) -> Response:
        """Return data as JSON."""
        response = Response(self.encode(data), self.status_line(status), headers, content_type or self.content_type)
        response.json_data = data
        return response

    def status_line(self, status: int) -> str:
        """Return a status with the provider's reason phrase."""
        return f"{status} {self.reason_phrase(status)}"

    def finish(self, response: flask.Response) -> flask.Response:
        """Add the headers that every response of the provider has."""
        exchange = _current_request().exchange
        if exchange is None or not exchange.is_recorded:  # from a hook of the application, or of the server itself
            return response
        exchange.is_recorded = False  # Flask calls this again if a later hook fails
        if exchange.caller is not None and exchange.tx is NO_TRANSACTION:  # e.g. the application has replaced the view
            return response
        content_type, own = None, []
        for header in response.headers:
            if header[0] == "Content-Type":
                content_type = header[1]
            elif header[0] != "Content-Length":
                own.append(header)
        try:
            request_id = self._request_id(exchange, response)
        except StoreUnavailable as error:
            return unavailable(error)
        usual = self.response_headers(exchange)
        if exchange.planned_headers:
            planned = {name.lower() for name, _ in exchange.planned_headers}
            usual = [header for header in usual if header[0].lower() not in planned]
        headers = [*usual, *own, ("X-Mockserver-Request-Id", request_id)]
        if content_type is not None:
            headers.append(("Content-Type", content_type))
        if not exchange.dropped:
            headers.append(("Content-Length", str(len(response.get_data()))))
        if isinstance(response, Response):
            response.set_header_list(headers)
        else:
            response.headers = Headers(headers)
        if exchange.fault is not None and exchange.fault.kind == "truncate":
            body = response.get_data()
            response.response = _reset(body[: len(body) // 2], exchange.request)
        return response

    def _request_id(self, exchange: Exchange, response: flask.Response) -> str:
        """Return the id of a request. One that belongs to no tenant is validated and counted, except OPTIONS."""
        if exchange.caller is not None:
            return f"{exchange.caller.tenant.id}-{exchange.tx.seq}"
        server: ServerState = exchange.server
        if exchange.error is None:  # OPTIONS
            return f"unmatched-{server.store.next_unmatched_number()}"
        self._count_violation(exchange, self._violation(exchange, response))
        operation_id = exchange.operation.id if exchange.operation is not None else None
        return unmatched.record(
            _current_request(),
            server,
            unmatched.reason(server, self, exchange.credential, exchange.error.failure),
            provider=self.name,
            operation=operation_id,
            credentials=exchange.secrets,
            status=response.status_code,
            error=exchange.error.entry.key,
        )

    def _record(self, exchange: Exchange, response: flask.Response) -> request_log.Record:
        """Return the exchange as a record of the request log."""
        request, caller, error, tx = exchange.request, exchange.caller, exchange.error, exchange.tx
        assert caller is not None
        operation_id = exchange.operation.id if exchange.operation is not None else None
        delay: Delay | None = request.environ.get(DELAY_OVER)
        return request_log.Record(
            id=f"{caller.tenant.id}-{tx.seq}",
            seq=tx.seq,
            time=tx.now,
            provider=self.name,
            operation=operation_id,
            method=request.method,
            path=exchange.path,
            path_values=exchange.path_values,
            query=request.environ.get("QUERY_STRING", ""),
            headers=request_log.headers_of(request.environ),
            body=exchange.body,
            credential=request_log.redact(caller.registration.credential),
            account=exchange.account,
            status=None if exchange.dropped else response.status_code,
            error=None
            if error is None
            else request_log.ErrorRecord(error.entry.key, error.message, error.entry.source),
            fields_read=frozenset(exchange.fields_read),
            fault=exchange.fault.id if exchange.fault is not None else None,
            response_violation=self._violation(exchange, response),
            failure=error.failure if error is not None else None,
            stub=exchange.stub,
            response_body=b"" if exchange.dropped else request_log.kept_response(response.get_data()),
            milliseconds=request_log.milliseconds_since(exchange.started if delay is None else delay.created),
            cache=[],
            redact=functools.partial(self._redact, request.environ.get("CONTENT_TYPE", ""), exchange.secrets),
        )

    def _redact(self, content_type: str, secrets: tuple[str, ...], record: request_log.Record) -> request_log.Record:
        return redact_record(redact_passwords(record, self.contract.password_fields, content_type), secrets)

    def _violation(self, exchange: Exchange, response: flask.Response) -> str | None:
        """Return how a response violates the OpenAPI document."""
        if exchange.dropped or exchange.fault is not None or exchange.stub is not None:
            return None
        operation_id = exchange.operation.id if exchange.operation is not None else None
        content_type = None
        for name, value in response.headers:
            if name == "Content-Type":
                content_type = value
        data = getattr(response, "json_data", None)  # the application may have its own response class
        return self.contract.response_violation(operation_id, response.status_code, content_type, data)

    def _count_violation(self, exchange: Exchange, violation: str | None) -> None:
        if violation is not None:
            exchange.server.store.count("response_violations")
            operation_id = exchange.operation.id if exchange.operation is not None else None
            log.error("response violates the OpenAPI document: %s %s: %s", self.name, operation_id, violation)


def _reset(
    body: bytes, request: flask.Request, error: type[ConnectionResetError] = ConnectionResetError
) -> Iterator[bytes]:
    """Yield the bytes to send, then close the connection."""
    if body:
        yield body
    for name in ("werkzeug.socket", "gunicorn.socket"):  # these servers would keep it open, or send an error
        if name in request.environ:
            with contextlib.suppress(OSError):
                request.environ[name].shutdown(socket.SHUT_RDWR)
    raise error("a planned fault closed the connection")


def _current_request() -> MockServerRequest:
    """Return the request itself, which is faster to use than the proxy."""
    return cast("LocalProxy[MockServerRequest]", flask.request)._get_current_object()
