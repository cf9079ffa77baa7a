"""Reverse DNS of IPs. An IP has at most one record, which is assumed."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .. import catalog
from ..models import Ip
from . import Tx, classic_ips, pools


@dataclass(frozen=True, slots=True)
class Record:
    """A reverse DNS record: an IP that has one, and who may send from it."""

    ip: Ip
    users: Sequence[tuple[str, str]]
    """Names and ids of accounts that may send from it and that the account sees; the parent account first."""


def list_records(tx: Tx, account: str | None, *, ip: str | None, offset: int, limit: int) -> list[Record]:
    """Return one page of the records of an account's IPs, sorted by id; `ip` is the beginning of an address."""
    found = [each for each in tx.state.ips_of(account) if each.rdns_id is not None and each.ip.startswith(ip or "")]
    found.sort(key=lambda each: each.rdns_id or 0)
    return [_record(tx, account, each) for each in found[offset : offset + limit]]


def get_record(tx: Tx, account: str | None, record_id: str) -> Record:
    """Return a record."""
    return _record(tx, account, _find(tx, account, record_id))


def set_up(tx: Tx, account: str | None, *, ip: str, domain: str, subdomain: str | None) -> Record:
    """Set up reverse DNS for an IP of the account that has none.

    Its name is the first unused `oNUMBER.SUBDOMAIN.DOMAIN`. It is valid at once, as in the documents' example.
    """
    found = classic_ips.find_ip(tx, account, ip, catalog.RDNS_IP_NOT_FOUND)
    if found.rdns_id is not None:
        raise catalog.RDNS_EXISTS()
    host = f"{subdomain}.{domain}" if subdomain else domain
    used = {each.rdns for each in tx.state.ips.values()}
    name = next(name for number in itertools.count(1) if (name := f"o{number}.{host}") not in used)
    number = tx.ids.next().number
    ids = {each.rdns_id for each in tx.state.ips.values()}
    while number in ids:
        number += 1
    changed = tx.state.ips[ip] = replace(found, rdns=name, rdns_id=number, rdns_valid=True, rdns_domain=domain)
    return _record(tx, account, changed)


def validate(tx: Tx, account: str | None, record_id: str) -> Ip:
    """Validate a record, which always succeeds: this server looks up no names."""
    ip = _find(tx, account, record_id)
    changed = tx.state.ips[ip.ip] = replace(ip, rdns_valid=True)
    return changed


def delete_record(tx: Tx, account: str | None, record_id: str) -> None:
    """Delete a record. That its IP leaves every pool is assumed: only IPs with reverse DNS may be in one."""
    ip = _find(tx, account, record_id)
    changed = tx.state.ips[ip.ip] = replace(ip, rdns=None, rdns_id=None, rdns_valid=True, rdns_domain=None)
    pools.prune_pools(tx, [changed])


def _find(tx: Tx, account: str | None, record_id: str) -> Ip:
    number = int(record_id[:20]) if re.fullmatch("[0-9]+", record_id) else None
    for ip in tx.state.ips_of(account):
        if ip.rdns_id is not None and ip.rdns_id == number:
            return ip
    raise catalog.RDNS_NOT_FOUND()


def _record(tx: Tx, account: str | None, ip: Ip) -> Record:
    ids = {tx.state.username: tx.state.user_id, **{each.name: each.id for each in tx.state.subusers.values()}}
    return Record(ip, [(name, ids[name]) for name in classic_ips.users_of(tx, account, ip)])
