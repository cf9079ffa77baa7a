"""TLS certificates: loaded from files, or self-signed for one run."""

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
"""The names and addresses that every self-signed certificate is valid for, besides the given ones."""
LIFE = datetime.timedelta(days=397)
"""The validity of a self-signed certificate; some clients reject longer ones."""


class TlsError(Exception):
    """A certificate that cannot be loaded or created."""


class Tls(NamedTuple):
    """The TLS settings of a server."""

    context: ssl.SSLContext
    ca: str
    """The path of the PEM file with the certificate that clients should trust."""


def load(certificate: str, key: str | None = None) -> Tls:
    """Load a certificate from PEM files; the key may be in the same file. Raises `TlsError`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for file in (certificate, key or certificate):
        try:
            Path(file).open("rb").close()
        except OSError as error:
            raise TlsError(f"{file}: {error.strerror}") from None
    try:
        context.load_cert_chain(certificate, key, password=lambda: "")  # OpenSSL would prompt for one on the terminal
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        files = certificate if key is None else f"{certificate}, {key}"
        raise TlsError(f"{files}: expected a certificate and its unencrypted private key in PEM ({reason})") from None
    return Tls(context, str(Path(certificate).absolute()))


@contextlib.contextmanager
def self_signed(names: Iterable[str], ca_file: str | None = None) -> Iterator[Tls]:
    """Create a certificate for names and addresses, signed by a new CA whose private key is not stored.

    The CA certificate is written to `ca_file`, or to a temporary file. The server's key is not written. Raises
    `TlsError`.
    """
    try:
        import trustme
    except ImportError:
        raise TlsError("a self-signed certificate requires the extra 'tls': pip install '.[tls]'") from None
    authority = trustme.CA(
        organization_name="mockserver", organization_unit_name="created for one run, trust it in tests only"
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
    """Return whether a certificate can be valid for a name: a host name, or the address of one machine."""
    try:
        return not ip_address(name).is_unspecified
    except ValueError:
        return len(name) < 254 and all(
            re.fullmatch("(?!-)[A-Za-z0-9-]{1,63}(?<!-)", label) for label in name.split(".")
        )
