"""The keys in HS_CA_DIR, which only `init` and the worker can read: the authorities', and the server's own.

An authority is a pair of files, `<name>.crt` and `<name>.key`; the first one is called `ca`. What the database does not
have for good yet has `coming-` before its name.
"""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from server_app.files import sync_folder, write_atomically
from server_app.pki import authority
from server_app.pki.authority import Authority
from server_app.pki.client_cert import fingerprint

KEY_FILE = "ca.key"
CERTIFICATE_FILE = "ca.crt"
SERVER_PREFIX = "server-"
COMING = "coming-"
SHORT = 16


def load(folder: Path, name: str = "ca") -> Authority:
    """The authority of this name.

    Raises:
        RuntimeError: there is none, or key and certificate do not belong together.
    """
    try:
        key = load_pem_private_key((folder / f"{name}.key").read_bytes(), password=None)
        certificate = x509.load_pem_x509_certificate((folder / f"{name}.crt").read_bytes())
    except FileNotFoundError as error:
        raise RuntimeError(
            f"There is no certificate authority {name} in {folder}. Run `server-app init`, or restore a backup."
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise RuntimeError(f"{name}.key and {name}.crt in {folder} do not belong together. Restore a backup.")
    return Authority(certificate, key)


def load_all(folder: Path) -> dict[str, Authority]:
    """All authorities whose key is in the folder, by fingerprint."""
    found = [load(folder, key.stem) for key in _authority_keys(folder)]
    return {fingerprint(each.certificate): each for each in found}


def load_or_create(folder: Path, now: datetime) -> Authority:
    """The first authority of a folder; made when there is none. The caller sees to it that nobody else does so now."""
    if (folder / KEY_FILE).exists():
        return load(folder)
    first = authority.create(now)
    _save(folder, "ca", first)
    return first


def add(folder: Path, fresh: Authority) -> None:
    """Keep one more authority, before its row is stored; see `settle`."""
    _save(folder, f"{COMING}ca-{fingerprint(fresh.certificate)[:SHORT]}", fresh)


def add_server_key(folder: Path, certificate: str, key: str) -> None:
    """Keep the key of an own server certificate (its fingerprint), before its row is stored; see `settle`."""
    write_atomically(folder / f"{COMING}{server_key_file(folder, certificate).name}", key.encode(), 0o600)


def is_settled(folder: Path) -> bool:
    """Whether nothing is there that was written before its row."""
    return next(folder.glob(f"*{COMING}*"), None) is None


def settle(folder: Path, known: Iterable[str]) -> None:
    """Give what was written before its row its name; remove it where its row never came. It may be stopped anywhere.

    Args:
        folder: the authorities'.
        known: the fingerprints that the database has for good.
    """
    short = {each[:SHORT] for each in known}
    for key in folder.glob(f"{COMING}*.key"):
        certificate = key.with_suffix(".crt")
        if key.stem.rpartition("-")[2] not in short:
            key.unlink()
            continue
        if certificate.exists():
            write_atomically(folder / certificate.name.removeprefix(COMING), certificate.read_bytes(), 0o644)
        key.rename(folder / key.name.removeprefix(COMING))
    for left in folder.glob(f"*{COMING}*"):  # certificates, which their keys needed until now, and half-written files
        left.unlink()
    sync_folder(folder)


def key_of(folder: Path, wanted: str) -> Authority:
    """The authority with this fingerprint.

    Raises:
        RuntimeError: its key is not there.
    """
    found = load_all(folder).get(wanted)
    if found is None:
        raise RuntimeError(f"The key of the authority {wanted[:SHORT]} is not in {folder}. Restore a backup.")
    return found


def forget(folder: Path, ended: set[str]) -> None:
    """Remove the keys of authorities that sign nothing any more; their certificates stay for the record.

    Args:
        folder: the authorities'.
        ended: their fingerprints, and those of own server certificates that are not used any more.
    """
    for key in _authority_keys(folder):
        if fingerprint(load(folder, key.stem).certificate) in ended:
            key.unlink()
    for each in ended:
        server_key_file(folder, each).unlink(missing_ok=True)


def server_key_file(folder: Path, certificate: str) -> Path:
    """Where the key of an own server certificate is kept, given the certificate's fingerprint."""
    return folder / f"{SERVER_PREFIX}{certificate[:SHORT]}.key"


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A private key as PEM (PKCS 8), not encrypted."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _authority_keys(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.key") if not path.name.removeprefix(COMING).startswith(SERVER_PREFIX))


def _save(folder: Path, name: str, fresh: Authority) -> None:
    # The key last: it is what says that an authority is here.
    write_atomically(folder / f"{name}.crt", fresh.pem, 0o644)
    write_atomically(folder / f"{name}.key", key_pem(fresh.key), 0o600)
