"""Commands of a tenant: planned faults, the transaction, and the request log."""

from __future__ import annotations

import functools
import logging
import time
import traceback
from typing import Any, NamedTuple

from ..core import request_log
from ..core.errors import ApiError
from ..core.faults import Fault
from ..core.redaction import redact_record, redact_text
from ..core.smtp import LOWEST_ERROR, METHOD, OPERATIONS, TEMPORARY, Reply, SmtpError
from ..core.store import Caller, StateTooLarge, StoreUnavailable, Transaction
from ..core.unmatched_log import UnmatchedRecord
from ..web import access_log
from ..web.delays import Delay
from ..web.server_state import ServerState
from ..web.unmatched import reason
from ..web.violations import problem
from .session import Command, Place

MAX_LOGGED = 1 << 16
"""The number of bytes of a message that are in the request log. The outbox has the whole message."""

log = logging.getLogger("mockserver")


class Outcome(NamedTuple):
    """What happens after a command was processed."""

    reply: Reply | None
    """None if the connection is closed without one."""
    tenant_id: str = ""
    delay: Delay | None = None
    """The planned delay before the reply."""
    is_truncated: bool = False
    """Whether half of the reply is sent, and the connection is closed."""

    @property
    def is_accepted(self) -> bool:
        return self.reply is not None and self.reply.code < LOWEST_ERROR


class Processor:
    """Processes the commands of one port."""

    def __init__(self, server: ServerState, place: Place) -> None:
        self.server = server
        self.place = place

    def process(self, command: Command, tenant_id: str | None, delay: Delay | None) -> Outcome:
        """Process a command of a session of a tenant, if it has one. Raises `Delay` if it is to be processed later.

        `delay` is the one that is over.
        """
        started = time.perf_counter() if delay is None else delay.created
        try:
            outcome = self._process(command, tenant_id, delay, started)
        except StoreUnavailable as failed:
            log.warning("%s", failed)
            return Outcome(self.place.smtp_provider.reply("unavailable")._replace(text=str(failed)))
        except StateTooLarge:
            return Outcome(self.place.smtp_provider.reply("no_room"))
        if command.run is not None or (outcome.reply is None or outcome.reply.key == "planned"):
            self._log_access(command, outcome, started)
        return outcome

    def _process(self, command: Command, tenant_id: str | None, delay: Delay | None, started: float) -> Outcome:
        if tenant_id is not None and self.server.tenants.get(tenant_id) is None:  # it was deleted during the session
            return Outcome(self.place.smtp_provider.reply("closing"))
        caller = self._caller(command)
        if caller is None:
            return self._unmatched(command)
        tenant = caller.tenant
        if tenant_id is not None and tenant_id != tenant.id:  # the login belongs to another one now
            return Outcome(self.place.smtp_provider.reply("closing"))
        if delay is not None and (delay.is_cancelled or not delay.is_current()):
            return Outcome(None)
        fault = delay.fault if delay is not None else tenant.take_fault(self._name(command))
        if fault is not None and delay is None and fault.when == "before" and fault.delay_seconds:
            raise Delay(tenant, fault)
        if fault is None and command.run is None:
            return Outcome(command.reply, tenant.id)
        reply = self._transact(command, caller, fault, started)
        if fault is None:
            return Outcome(reply, tenant.id)
        waits = Delay(tenant, fault) if fault.when == "after" and fault.delay_seconds else None
        return Outcome(reply, tenant.id, waits, fault.kind == "truncate")

    def _caller(self, command: Command) -> Caller | None:
        user, password = command.login
        if not password or not self.place.smtp_provider.is_user(user):
            return None
        return self.place.provider.find_login(self.server.tenants, user, password, self.place.region)

    def _name(self, command: Command) -> str:
        return f"{self.place.provider.name}.{command.operation}"

    def _transact(self, command: Command, caller: Caller, fault: Fault | None, started: float) -> Reply | None:
        """Run a command in a transaction, in which it is recorded. None is a dropped connection."""
        tenant, provider = caller.tenant, self.place.provider

        def attempt(tx: Transaction[Any]) -> Reply | None:
            tx.region = self.place.region
            reply: Reply | None
            failure = None
            if fault is not None and fault.when == "before" and fault.kind != "delay":
                reply = self._planned(fault, command.login.user)
                tx.failed = True
            else:
                try:
                    reply = command.reply if command.run is None else command.run(tx, caller.registration)
                except ApiError as error:
                    reply = self.place.smtp_provider.reply_to(error)
                except SmtpError as error:
                    reply = self.place.smtp_provider.reply(error.key, **error.values)
                except StoreUnavailable:
                    raise
                except Exception:
                    crash = f"{METHOD} {OPERATIONS[command.operation]}\n{traceback.format_exc()}"
                    log.error("crashed on %s", redact_text(crash, self.server.tenants.secrets(caller)).rstrip())
                    reply, failure = self.place.smtp_provider.reply("unavailable"), "crashed"
                tx.failed = reply is None or reply.code >= LOWEST_ERROR
                if fault is not None and fault.when == "after" and fault.kind in ("error", "drop", "timeout"):
                    reply = self._planned(fault, command.login.user)
            record = tx.record = self._record(command, caller, tx, reply, fault, failure, started)
            if tenant.is_strict or failure is not None:
                tx.record = record.redacted()
                tx.problem = problem(provider, tx.record, is_strict=tenant.is_strict)
            return reply

        return self.server.store.transact(
            caller,
            provider.run_due_jobs,
            attempt,
            writes=command.operation == "smtpData",
            rate_limit=None,
            is_unmatched=not self.server.tenants.is_made(caller),
        )

    def _planned(self, fault: Fault, user: str) -> Reply | None:
        """Return the reply of a fault. One that is planned for all operations has a status of HTTP."""
        if fault.kind != "error":
            return None
        is_for_all = fault.operation.endswith("*")
        code = TEMPORARY if is_for_all or fault.status is None else fault.status
        return self.place.smtp_provider.planned(code, fault.error, None if is_for_all else fault.body, user)

    def _record(
        self,
        command: Command,
        caller: Caller,
        tx: Transaction[Any],
        reply: Reply | None,
        fault: Fault | None,
        failure: str | None,
        started: float,
    ) -> request_log.Record:
        is_error = reply is not None and reply.code >= LOWEST_ERROR
        return request_log.Record(
            id=f"{caller.tenant.id}-{tx.seq}",
            seq=tx.seq,
            time=tx.now,
            provider=self.place.provider.name,
            operation=command.operation,
            method=METHOD,
            path=f"/{OPERATIONS[command.operation]}",
            path_values={},
            query="",
            headers=command.headers,
            body=command.body[:MAX_LOGGED],
            credential=request_log.redact(caller.registration.credential),
            account=tx.account,
            status=None if reply is None else reply.code,
            error=request_log.ErrorRecord(reply.key, reply.text, reply.source)
            if reply is not None and is_error
            else None,
            fields_read=frozenset(),
            fault=fault.id if fault is not None else None,
            response_violation=None,
            failure=failure,
            response_body=b"" if reply is None else request_log.kept_response(reply.text.encode()),
            milliseconds=request_log.milliseconds_since(started),
            cache=[],
            redact=functools.partial(_redact, self.server.tenants.secrets(caller)),
        )

    def _unmatched(self, command: Command) -> Outcome:
        """Log a login that belongs to no tenant."""
        login, provider = command.login, self.place.provider
        reply = self.place.smtp_provider.reply("auth_failed" if command.operation == "smtpAuth" else "closing")
        if self.place.smtp_provider.is_user(login.user):
            why = reason(self.server, provider, login.password)
        else:
            expected = self.place.smtp_provider.user_format
            why = f"its user name is not one of {provider.title}'s SMTP logins: expected {expected}"
        credentials = (login.password,) if login.password else ()
        record = UnmatchedRecord(
            time=self.server.store.time(),
            provider=provider.name,
            operation=command.operation,
            method=METHOD,
            path=f"/{OPERATIONS[command.operation]}",
            query="",
            host=self.place.smtp_provider.host(self.place.region),
            credential=request_log.redact(login.password) if login.password else None,
            status=reply.code,
            error=reply.key,
            reason=redact_text(why, credentials),
        )
        self.server.store.record_unmatched(record.cut())
        return Outcome(reply)

    def _log_access(self, command: Command, outcome: Outcome, started: float) -> None:
        reply = outcome.reply
        access_log.write(
            self.server.config.access_log,
            {
                "provider": self.place.provider.name,
                "operation": self._name(command),
                "method": METHOD,
                "path": None,
                "status": None if reply is None else reply.code,
                "error": reply.key if reply is not None and reply.code >= LOWEST_ERROR else None,
                "tenant": outcome.tenant_id or None,
                "reason": None,
            },
            started,
        )


def _redact(secrets: tuple[str, ...], record: request_log.Record) -> request_log.Record:
    return redact_record(record, secrets)
