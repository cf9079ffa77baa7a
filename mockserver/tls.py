"""A certificate for the server, given or made for one run, and what a client needs to trust it."""

from __future__ import annotations

import contextlib
import datetime
import os
import re
import ssl
import tempfile
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

LOCAL = ("localhost", "127.0.0.1", "::1")
"""What every certificate that is made is valid for, beside the providers' hosts."""
LIFE = datetime.timedelta(days=397)
"""How long one is valid: some clients take none that is valid for longer than two years or so."""


class TlsError(Exception):
    """A certificate that cannot be used, or cannot be made."""


class Tls(NamedTuple):
    """What makes a server speak TLS."""

    context: ssl.SSLContext
    ca: str
    """Path of the file by which a client can trust the server, PEM."""


def load(certificate: str, key: str | None = None) -> Tls:
    """Return a certificate of the user's, from PEM files; the key may be in the same file. Raises `TlsError`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for file in (certificate, key or certificate):
        try:
            Path(file).open("rb").close()
        except OSError as error:
            raise TlsError(f"{file}: {error.strerror}") from None
    try:
        context.load_cert_chain(certificate, key, password=lambda: "")  # or it would ask for one on the terminal
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        files = certificate if key is None else f"{certificate}, {key}"
        raise TlsError(f"{files}: no certificate with its private key, unencrypted, in PEM ({reason})") from None
    return Tls(context, str(Path(certificate).absolute()))


@contextlib.contextmanager
def self_signed(names: Iterable[str], ca_file: str | None = None) -> Iterator[Tls]:
    """Make a certificate for names and addresses, by an authority whose key is forgotten at once.

    The authority's own certificate, which clients are to trust, is written to a file: to `ca_file`, which stays, or to
    a temporary one. The server's key is in no file. Raises `TlsError`.
    """
    try:
        import trustme
    except ImportError:
        raise TlsError(
            "a certificate is made with trustme, which is not installed: pip install 'esp-mockserver[tls]'"
        ) from None
    authority = trustme.CA(
        organization_name="mockserver", organization_unit_name="made for one run, trust it in tests only"
    )
    now = datetime.datetime.now(datetime.UTC)
    certificate = authority.issue_cert(
        *dict.fromkeys([*LOCAL, *(name for name in names if _is_name(name))]),
        common_name="mockserver",
        not_before=now - datetime.timedelta(days=1),
        not_after=now + LIFE,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    path = ca_file
    try:
        certificate.configure_cert(context)
        if path is None:
            number, path = tempfile.mkstemp(prefix="mockserver-ca-", suffix=".pem")
            os.close(number)
        Path(path).write_bytes(authority.cert_pem.bytes())
    except OSError as error:
        raise TlsError(f"{error.filename or 'a temporary file'}: {error.strerror} (--tls-ca-file)") from None
    try:
        yield Tls(context, str(Path(path).absolute()))
    finally:
        if ca_file is None:
            Path(path).unlink(missing_ok=True)


def _is_name(name: str) -> bool:
    """Say whether a certificate can be valid for it: a host name, or an address of one machine."""
    try:
        return not ip_address(name).is_unspecified
    except ValueError:
        return len(name) < 254 and all(
            re.fullmatch("(?!-)[A-Za-z0-9-]{1,63}(?<!-)", label) for label in name.split(".")
        )
