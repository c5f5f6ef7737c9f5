"""What the proxy and the web process read, in HS_TLS_DIR. Written by `init` and the worker only.

`ca.crt`: whom the proxy trusts to sign sensors' certificates. `trust.crt`: whom sensors trust to sign the server's.
`crl.pem`: the lists of revoked certificates, `crl.until`: when the first of them ends, in seconds since 1970.
`server.crt` and `server.key`: the server's certificate, leaf first, and its key.
"""

from dataclasses import dataclass
from pathlib import Path

from server_app.files import write_atomically
from server_app.pki import revocation_list

CA, TRUST, LIST, LIST_END, CHAIN, KEY = "ca.crt", "trust.crt", "crl.pem", "crl.until", "server.crt", "server.key"
PUBLIC, PRIVATE = 0o644, 0o600


@dataclass(frozen=True)
class Authorities:
    """PEM: our own authorities, and those of others that the server's certificate or a proxy before it needs."""

    own: bytes
    foreign: bytes = b""


def write_authorities(folder: Path, authorities: Authorities) -> None:
    """Say whom the proxy and the sensors trust. Lists of revoked certificates for all of them must be there already."""
    _write(folder / CA, authorities.own, PUBLIC)
    _write(folder / TRUST, authorities.own + authorities.foreign, PUBLIC)


def revocation_lists(folder: Path) -> bytes:
    """The current lists; empty when there are none."""
    return _read(folder / LIST)


def write_revocation_lists(folder: Path, lists: bytes) -> None:
    """Replace the lists of revoked certificates."""
    end = revocation_list.ends(lists)
    # The end last: until then the proxy goes by the earlier one.
    _write(folder / LIST, lists, PUBLIC)
    _write(folder / LIST_END, f"{int(end.timestamp()) if end else 0}\n".encode(), PUBLIC)


def server_chain(folder: Path) -> bytes:
    """The server's certificate with its chain; empty when there is none."""
    return _read(folder / CHAIN)


def server_key(folder: Path) -> bytes:
    """The server's key as PEM; empty when there is none."""
    return _read(folder / KEY)


def write_server(folder: Path, chain: bytes, key: bytes) -> None:
    """Replace the server's certificate and key. In between they do not fit: the proxy then keeps those it has."""
    _write(folder / KEY, key, PRIVATE)
    _write(folder / CHAIN, chain, PUBLIC)


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _write(path: Path, content: bytes, mode: int) -> None:
    if _read(path) != content:
        write_atomically(path, content, mode)
