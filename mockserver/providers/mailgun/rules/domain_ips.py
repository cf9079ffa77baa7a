"""The IPs that domains send from."""

from __future__ import annotations

from dataclasses import replace

from .. import catalog
from ..models import Domain, Ip
from . import Tx
from .ips import get_dedicated_ip, get_named_dedicated_ip
from .jobs import (
    after_all_jobs,
    enqueue,
    new_job,
    put_domain,
    remaining_ips,
    remove_domain,
    with_ip_instead_of_pool,
)
from .pools import get_usable_pool, require_replacement_ip

# The IPs of one domain


def assign_ip(tx: Tx, domain: Domain, *, ip: str) -> None:
    """Assign a dedicated IP to a domain, which may have it already."""
    get_named_dedicated_ip(tx, domain.account, ip)
    if domain.pool_id is not None:
        raise catalog.DOMAIN_LINKED()
    if ip not in domain.ips:
        put_domain(tx, replace(domain, ips=(*domain.ips, ip)), domain)


def link_pool(tx: Tx, domain: Domain, *, pool_id: str) -> None:
    """Link a pool to a domain; the pool's IPs replace the domain's."""
    pool = get_usable_pool(tx, domain.account, pool_id)
    if not pool.ips:
        raise catalog.POOL_WITHOUT_IPS()
    put_domain(tx, replace(domain, pool_id=pool_id, ips=pool.ips), domain)


def remove_domain_ip(tx: Tx, domain: Domain, address: str) -> None:
    """Remove an IP from a domain.

    Without shared IPs as a fallback, the last IP cannot be removed, and a domain with only warming IPs gains another.
    """
    if domain.pool_id is not None:
        raise catalog.DOMAIN_LINKED()
    if address not in domain.ips:
        raise catalog.DOMAIN_WITHOUT_IP(ip=address)
    remaining = remaining_ips(tx.state, domain, address, tx.now)
    if not remaining:
        raise catalog.DOMAIN_LAST_IP()
    put_domain(tx, replace(domain, ips=remaining), domain)


def remove_all_ips(tx: Tx, domain: Domain) -> None:
    """Remove all IPs of a domain, which deletes it."""
    remove_domain(tx, domain)


def unlink_pool(tx: Tx, domain: Domain, *, ip: str | None, pool_id: str | None) -> None:
    """Unlink the domain's pool, which an IP, `shared`, or another pool replaces."""
    if (ip is None) == (pool_id is None):
        raise catalog.IP_OR_POOL()
    if domain.pool_id is None:
        raise catalog.DOMAIN_WITHOUT_POOL()
    if pool_id is not None:
        pool = get_usable_pool(tx, domain.account, pool_id)
        if not pool.ips:
            raise catalog.REPLACEMENT_EMPTY()
        put_domain(tx, replace(domain, pool_id=pool_id, ips=pool.ips), domain)
    elif ip is not None:
        require_replacement_ip(tx, domain.account, ip)
        put_domain(tx, with_ip_instead_of_pool(tx.state, domain, ip), domain)


# One IP of all domains


def list_domains_of_ip(tx: Tx, account: str | None, ip: Ip, *, search: str) -> list[Domain]:
    """Return the account's domains that have an IP and a word of `search`, sorted by id."""
    words = split_words(search)
    found = [
        domain
        for domain in tx.state.domains.values()
        if domain.account == account and ip.ip in domain.ips and (not search or words & split_words(domain.name))
    ]
    return sorted(found, key=lambda domain: domain.id)


def split_words(text: str) -> frozenset[str]:
    """Return the words of a text, separated by white space and punctuation."""
    return frozenset("".join(each if each.isalnum() else " " for each in text.lower()).split())


def assign_ip_to_domains(tx: Tx, account: str | None, address: str) -> str:
    """Assign an IP to all domains of the account without a linked pool; return the id of the job."""
    get_dedicated_ip(tx, account, address)
    return enqueue(tx, replace(new_job(tx), assign_ip=address, account=account))


def remove_ip_from_domains(tx: Tx, ip: Ip, *, alternative: str | None) -> str:
    """Remove an IP from all domains of its account without a linked pool; return the id of the job.

    `alternative` replaces it. Removing the last IP of a domain is an error.
    """
    if alternative is not None:
        get_named_dedicated_ip(tx, ip.account, alternative)
        if alternative == ip.ip:
            raise catalog.BAD_VALUE(field="alternative", value=alternative)
    after = after_all_jobs(tx.state)
    for domain in after.domains.values():
        has_it = domain.account == ip.account and domain.pool_id is None and ip.ip in domain.ips
        if has_it and not remaining_ips(after, domain, ip.ip, tx.now, alternative):
            raise catalog.DOMAIN_LAST_IP()
    return enqueue(tx, replace(new_job(tx), unassign_ip=ip.ip, replace_with=alternative, account=ip.account))
