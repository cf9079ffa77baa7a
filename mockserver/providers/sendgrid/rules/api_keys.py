"""API keys of an account."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from ....core.errors import ErrorMessage
from ....core.store import IssuedKey
from .. import catalog
from ..models import ApiKey, State
from . import Tx


def api_key(material: str) -> str:
    """Return an API key made of 64 hexadecimal characters; its second part is its id."""
    return f"SG.{material[:22]}.{material[-43:]}"


def find_issued(state: State, credential: str) -> ApiKey | None:
    """Return the key of a credential that was returned by `create_key`; None if the account does not have it."""
    return state.api_keys.get(_id_of(credential))


def list_keys(tx: Tx, account: str | None, *, limit: int) -> list[ApiKey]:
    """Return an account's keys, in order of creation."""
    return tx.state.keys_of(account)[:limit]


def create_key(tx: Tx, account: str | None, *, name: str, scopes: Iterable[str] | None) -> tuple[ApiKey, str]:
    """Create a key, with full access if `scopes` is None. Return it and the credential itself.

    That a key may have scopes that the key of the request lacks is assumed.
    """
    if len(tx.state.keys_of(account)) >= catalog.MAX_KEYS:
        raise catalog.TOO_MANY_KEYS()
    credential = _new_credential(tx)
    key = ApiKey(_id_of(credential), name, _granted(tx, scopes), account)
    tx.state.api_keys[key.id] = key
    tx.issued.append(IssuedKey(credential, account, None))
    return key, credential


def find_key(tx: Tx, account: str | None, key_id: str, not_found: ErrorMessage) -> ApiKey:
    """Return an account's key, or raise the error `not_found` of the operation."""
    key = tx.state.api_keys.get(key_id)
    if key is None or key.subuser != account:
        raise not_found()
    return key


def update_key(tx: Tx, account: str | None, key_id: str, *, name: str, scopes: Iterable[str] | None = None) -> ApiKey:
    """Rename a key and replace its scopes. That it keeps them without `scopes` is assumed."""
    key = find_key(tx, account, key_id, catalog.UPDATED_KEY_NOT_FOUND)
    key = replace(key, name=name, scopes=key.scopes if scopes is None else _granted(tx, scopes))
    tx.state.api_keys[key.id] = key
    return key


def delete_key(tx: Tx, account: str | None, key_id: str) -> None:
    """Delete a key, which is unknown at once."""
    del tx.state.api_keys[find_key(tx, account, key_id, catalog.DELETED_KEY_NOT_FOUND).id]


def _granted(tx: Tx, scopes: Iterable[str] | None) -> tuple[str, ...] | None:
    if scopes is None:
        return None
    further = catalog.FURTHER_SCOPES if tx.state.profile[catalog.KEYS_GET_MORE_SCOPES] else ()
    return tuple(dict.fromkeys([*scopes, *further]))


def _new_credential(tx: Tx) -> str:
    while True:
        seed = tx.ids.next()
        credential = api_key(hashlib.sha256(f"{seed.salt}{seed.number}".encode()).hexdigest())
        if _id_of(credential) not in tx.state.api_keys:
            return credential


def _id_of(credential: str) -> str:
    return credential.split(".")[1]
