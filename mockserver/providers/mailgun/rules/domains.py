"""Domains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .. import catalog
from ..models import POSTMASTER, Domain, normalize_domain
from . import Tx, region_of_new
from .account import new_id
from .credentials import check_passwords, set_password
from .ips import assigned_shared_ips
from .jobs import enqueue, new_job, put_domain, run_due_jobs
from .pools import get_usable_pool


def list_domains(
    tx: Tx,
    account: str | None,
    *,
    state: str,
    authority: str,
    search: str,
    sort: str,
    include_subaccounts: bool,
) -> list[Domain]:
    """Return the account's domains that match the filters, newest first or sorted by name.

    A domain is its own authority. As documented, `authority` is ignored if a state is given.
    """
    found = [
        domain
        for domain in tx.state.domains.values()
        if tx.state.region_of(domain) == tx.region
        and (domain.account == account or (include_subaccounts and account is None))
        and (domain.state == state if state else domain.name == normalize_domain(authority) or not authority)
        and search.lower() in domain.name.lower()
    ]
    if sort:
        return sorted(found, key=lambda domain: domain.name, reverse=sort == "name:desc")
    return sorted(found, key=lambda domain: domain.id, reverse=True)  # an id begins with the time of its creation


def create_domain(
    tx: Tx,
    account: str | None,
    *,
    name: str,
    pool_id: str,
    ips: Sequence[str],
    encrypt_incoming_message: bool | None,
    message_ttl: int | None,
    require_tls: bool | None,
    skip_verification: bool | None,
    spam_action: str | None,
    use_automatic_sender_security: bool | None,
    web_prefix: str | None,
    web_scheme: str | None,
    wildcard: bool | None,
    dkim_selector: str | None,
    smtp_password: str | None,
) -> Domain:
    """Create an unverified domain that sends from a pool, from the given IPs, or from all dedicated IPs of the account.

    If there are none of these, it sends from a shared IP, if the account is eligible. All are those of the region; the
    name is unique over the regions.
    """
    if name in tx.state.domains:
        raise catalog.DOMAIN_TAKEN()
    if pool_id and ips:
        raise catalog.DOMAIN_IPS_BOTH()
    dedicated = [ip for ip in tx.state.ips.values() if ip.dedicated and ip.account == account]
    own = tuple(ip.ip for ip in dedicated if tx.state.region_of(ip) == tx.region)
    addresses = tuple(dict.fromkeys(ips)) or own or assigned_shared_ips(tx.state, tx.region)
    if pool_id:
        addresses = get_usable_pool(tx, account, pool_id).ips
        if not addresses:
            raise catalog.POOL_WITHOUT_IPS()
    for address in ips:  # shared ones too: "fine as long as they belong to the account"
        ip = tx.state.ips.get(address)
        is_own = ip is not None and (ip.account == account or (ip.account is None and not ip.dedicated))
        if ip is None or not is_own or tx.state.region_of(ip) != tx.region:
            raise catalog.IP_FOREIGN(ip=address)
    if ips and all(tx.state.ips[address].is_warming(tx.now) for address in ips):
        raise catalog.IP_WARMING(ip=ips[0])
    if smtp_password is not None:
        check_passwords(tx, [(f"{POSTMASTER}@{name}", smtp_password)])
    domain = Domain(
        new_id(tx),
        name,
        addresses,
        pool_id or None,
        account,
        state="unverified",
        encrypt_incoming_message=encrypt_incoming_message,
        message_ttl=message_ttl,
        require_tls=require_tls,
        skip_verification=skip_verification,
        spam_action=spam_action,
        use_automatic_sender_security=use_automatic_sender_security,
        web_prefix=web_prefix,
        web_scheme=web_scheme,
        wildcard=wildcard,
        dkim_selector=dkim_selector,
        region=region_of_new(tx),
    )
    put_domain(tx, domain)
    return domain if smtp_password is None else set_password(tx, domain, domain.smtp_login, smtp_password)


def change_settings(tx: Tx, domain: Domain, settings: Mapping[str, Any]) -> Domain:
    """Change settings of a domain, by the names of its fields; return the domain.

    With another `use_automatic_sender_security` it has other DNS records, and has to be verified again.
    """
    changed = replace(domain, **settings)
    before, after = (bool(each.use_automatic_sender_security) for each in (domain, changed))
    if before != after and domain.state == "active":
        changed = replace(changed, state="unverified")
    tx.state.put_domain(changed, domain)
    return changed


def verify_domain(tx: Tx, domain: Domain) -> Domain:
    """Verify a domain, in a job; return it as it is now. Every domain that is not disabled has its DNS records."""
    enqueue(tx, replace(new_job(tx), verify_domain=domain.name))
    return run_due_jobs(tx.state, tx.now).domains[domain.name]


def delete_domain(tx: Tx, domain: Domain) -> None:
    """Delete a domain, in a job."""
    if domain.state == "disabled":
        raise catalog.DOMAIN_IS_DISABLED()
    if domain.is_sandbox:
        raise catalog.DOMAIN_IS_SANDBOX()
    enqueue(tx, replace(new_job(tx), delete_domain=domain.name))
