"""Domains, and the IPs that they send from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from .. import catalog
from ..models import Domain, Ip
from .account import Tx, new_id, require_dipps
from .ips import dedicated_ip, own_dedicated_ip, shared_ips
from .jobs import eventually, new_job, promise, put_domain, remove_domain, unlinked, without
from .pools import require_replacement_ip, visible_pool

# The IPs of one domain


def assign_ip(tx: Tx, domain: Domain, address: str) -> None:
    """Add a dedicated IP to a domain, which may have it already."""
    dedicated_ip(tx, domain.account, address)
    if domain.pool_id is not None:
        raise catalog.DOMAIN_LINKED()
    if address not in domain.ips:
        put_domain(tx, replace(domain, ips=(*domain.ips, address)), domain)


def link_pool(tx: Tx, domain: Domain, pool_id: str) -> None:
    """Link a pool to a domain; the pool's IPs replace the domain's."""
    require_dipps(tx)
    pool = visible_pool(tx, domain.account, pool_id)
    if not pool.ips:
        raise catalog.POOL_WITHOUT_IPS()
    put_domain(tx, replace(domain, pool_id=pool_id, ips=pool.ips), domain)


def remove_domain_ip(tx: Tx, domain: Domain, address: str) -> None:
    """Remove an IP from a domain.

    Without shared IPs to fall back on, the last IP stays, and a domain left with nothing but warming IPs gains one.
    """
    if domain.pool_id is not None:
        raise catalog.DOMAIN_LINKED()
    if address not in domain.ips:
        raise catalog.DOMAIN_WITHOUT_IP(ip=address)
    left = without(tx.state, domain, address, tx.now)
    if not left:
        raise catalog.DOMAIN_LAST_IP()
    put_domain(tx, replace(domain, ips=left), domain)


def remove_domain_pool(tx: Tx, domain: Domain) -> None:
    """Remove all IPs of a domain: it no longer exists here."""
    remove_domain(tx, domain)


def unlink_pool(tx: Tx, domain: Domain, ip: str | None, pool_id: str | None) -> None:
    """Unlink the domain's pool in favour of an IP, of a `shared` one, or of another pool."""
    if (ip is None) == (pool_id is None):
        raise catalog.IP_OR_POOL()
    if domain.pool_id is None:
        raise catalog.DOMAIN_WITHOUT_POOL()
    if pool_id is not None:
        pool = visible_pool(tx, domain.account, pool_id)
        if not pool.ips:
            raise catalog.REPLACEMENT_EMPTY()
        put_domain(tx, replace(domain, pool_id=pool_id, ips=pool.ips), domain)
    elif ip is not None:
        require_replacement_ip(tx, domain.account, ip)
        put_domain(tx, unlinked(tx.state, domain, ip), domain)


# One IP of all domains


def domains_of_ip(tx: Tx, ip: Ip, search: str = "") -> list[Domain]:
    """Return its account's domains that have an IP, in the order of their ids: those with a word of `search`."""
    words = split(search)
    found = [
        domain
        for domain in tx.state.domains.values()
        if domain.account == ip.account and ip.ip in domain.ips and (not search or words & split(domain.name))
    ]
    return sorted(found, key=lambda domain: domain.id)


def split(text: str) -> frozenset[str]:
    """Return the words of a text: what white space and punctuation part."""
    return frozenset("".join(each if each.isalnum() else " " for each in text.lower()).split())


def assign_everywhere(tx: Tx, account: str | None, address: str) -> str:
    """Add an IP to all domains of the account that no pool is linked to; return the reference of the work."""
    own_dedicated_ip(tx, account, address)
    return promise(tx, replace(new_job(tx), assign_ip=address, account=account))


def remove_everywhere(tx: Tx, ip: Ip, alternative: str | None) -> str:
    """Remove an IP from all domains of its account that no pool is linked to, in favour of another if one is given.

    Return the reference of the work. Refused if a domain would be left without any IP.
    """
    if alternative is not None:
        dedicated_ip(tx, ip.account, alternative)
        if alternative == ip.ip:
            raise catalog.BAD_VALUE(field="alternative", value=alternative)
    after = eventually(tx.state)
    for domain in after.domains.values():
        has_it = domain.account == ip.account and domain.pool_id is None and ip.ip in domain.ips
        if has_it and not without(after, domain, ip.ip, tx.now, alternative):
            raise catalog.DOMAIN_LAST_IP()
    return promise(tx, replace(new_job(tx), unassign_ip=ip.ip, replace_with=alternative, account=ip.account))


# Domains


def list_domains(
    tx: Tx,
    account: str | None,
    *,
    state: str = "",
    authority: str = "",
    search: str = "",
    sort: str = "",
    include_subaccounts: bool = False,
) -> list[Domain]:
    """Return the account's domains that fit: newest first, or in the order of their names.

    A domain is its own authority. `authority` is not looked at when a state is given, as documented.
    """
    found = [
        domain
        for domain in tx.state.domains.values()
        if (domain.account == account or (include_subaccounts and account is None))
        and (domain.state == state if state else domain.name == authority or not authority)
        and search.lower() in domain.name.lower()
    ]
    if sort:
        return sorted(found, key=lambda domain: domain.name, reverse=sort == "name:desc")
    return sorted(found, key=lambda domain: domain.id, reverse=True)  # an id begins with the time it was made


def create_domain(
    tx: Tx, account: str | None, name: str, pool_id: str = "", ips: Sequence[str] = (), **settings: Any
) -> Domain:
    """Make a domain that sends from a pool, from the given IPs, or from every dedicated IP of the account.

    Where the account has none, that is a shared one, if it is eligible. The domain is not verified yet.
    """
    if name in tx.state.domains:
        raise catalog.DOMAIN_TAKEN()
    if pool_id and ips:
        raise catalog.DOMAIN_IPS_BOTH()
    own = [ip for ip in tx.state.ips.values() if ip.dedicated and ip.account == account]
    addresses = tuple(dict.fromkeys(ips)) or tuple(ip.ip for ip in own) or shared_ips(tx.state)
    if pool_id:
        require_dipps(tx)
        addresses = visible_pool(tx, account, pool_id).ips
        if not addresses:
            raise catalog.POOL_WITHOUT_IPS()
    for address in ips:  # shared ones too: "fine as long as they belong to the account"
        ip = tx.state.ips.get(address)
        if ip is None or not (ip.account == account or (ip.account is None and not ip.dedicated)):
            raise catalog.IP_FOREIGN(ip=address)
    if ips and all(tx.state.ips[address].is_warming(tx.now) for address in ips):
        raise catalog.IP_WARMING(ip=ips[0])
    domain = Domain(new_id(tx), name, addresses, pool_id or None, account, state="unverified", **settings)
    put_domain(tx, domain)
    return domain


def delete_domain(tx: Tx, domain: Domain) -> None:
    """Delete a domain, in the background."""
    if domain.state == "disabled":
        raise catalog.DOMAIN_IS_DISABLED()
    if domain.is_sandbox:
        raise catalog.DOMAIN_IS_SANDBOX()
    promise(tx, replace(new_job(tx), delete_domain=domain.name))
