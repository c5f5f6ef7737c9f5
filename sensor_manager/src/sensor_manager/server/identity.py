"""The sensor's key and certificate. The key is made here and never leaves."""

import ssl
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from sensor_manager.files import move_durably, write_durably, write_if_changed
from sensor_manager.plan.certificate import Validity
from sensor_manager.server import openssl
from sensor_manager.settings import Settings
from sensor_wire.v1.enrolment import SENSOR_URI_PREFIX

REGISTRY_KEY_MODE = 0o600
REMEMBERED = 4
"""Keys and certificates: the present ones and the next ones."""


def make_key(path: Path) -> None:
    """Make a P-256 key unless there is one; only the owner may read it."""
    if not path.exists():
        write_durably(path, openssl.new_key())


def certificate_request(key_path: Path, sensor_id: int) -> str:
    """Return a certificate request (PEM) for the sensor's key; the server decides on the name.

    Raises:
        ValueError: the key cannot be read.
    """
    return openssl.request(key_path, f"sensor {sensor_id}")


def enrolled(key_path: Path, certificate_path: Path, sensor_id: int, now: datetime) -> bool:
    """Tell whether there is a certificate for this key and this sensor that has not expired."""
    found = validity(key_path, certificate_path, sensor_id)
    return found is not None and found.not_after > now


def validity(key_path: Path, certificate_path: Path, sensor_id: int) -> Validity | None:
    """Return how long the certificate for this key and this sensor holds; None when there is none."""
    try:
        text = certificate_path.read_text(encoding="ascii")
        if not fits(key_path, text, sensor_id):
            return None
    except (FileNotFoundError, ValueError):
        return None
    found = _described(text)
    place = int(found.fingerprint[:8], base=16) / 2**32
    return Validity(found.not_before, found.not_after, place)


def fits(key_path: Path, certificate: str, sensor_id: int) -> bool:
    """Tell whether a certificate (PEM) is for this key and this sensor.

    Raises:
        FileNotFoundError: there is no key.
        ValueError: it is none, or the key cannot be read.
    """
    leaf = _described(certificate)
    return f"URI:{SENSOR_URI_PREFIX}{sensor_id}" in leaf.names and leaf.public_key == _public_key(key_path)


def signature(key_path: Path, statement: bytes) -> bytes:
    """Return the key's signature over a statement (ECDSA with SHA-256, DER).

    Raises:
        ValueError: the key cannot be read.
    """
    return openssl.sign(key_path, statement)


def adopt_next(settings: Settings) -> None:
    """Let the next key and certificate follow the present ones, if both are there; go on where this was cut off."""
    if not settings.next_certificate.exists():
        return
    leaf = _described(settings.next_certificate.read_text(encoding="ascii")).public_key
    if settings.next_key.exists() and _public_key(settings.next_key) == leaf:
        move_durably(settings.next_key, settings.key)
    if _public_key(settings.key) == leaf:
        move_durably(settings.next_certificate, settings.certificate)
    else:
        settings.next_certificate.unlink()


def trusted(path: Path) -> str | None:
    """Return the SHA-256 of the authorities the sensor trusts, for its report; None when it has none yet."""
    try:
        return sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None


def check_authorities(chain: str) -> None:
    """Make sure that the text is a list of certificates.

    Raises:
        ValueError: it is not.
    """
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=chain)
    except (ssl.SSLError, TypeError) as error:
        raise ValueError(str(error)) from error


def give_to_engine(folder: Path, *, authorities: Path, certificate: Path, key: Path) -> None:
    """Let the container engine use the sensor's certificate towards the server's registry.

    Args:
        folder: the engine's folder for this registry, such as `/etc/docker/certs.d/192.0.2.1:8443`.
        authorities: whom to trust.
        certificate: the sensor's certificate.
        key: the sensor's key.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for source, name in ((authorities, "ca.crt"), (certificate, "client.cert"), (key, "client.key")):
        write_if_changed(folder / name, source.read_text(encoding="ascii"), mode=REGISTRY_KEY_MODE)


def _public_key(path: Path) -> str:
    return _public_key_of(path, sha256(path.read_bytes()).digest())


@lru_cache(maxsize=REMEMBERED)
def _public_key_of(path: Path, _content: bytes) -> str:
    """Ask once for each content of the file: it is wanted at each poll."""
    return openssl.public_key(path)


@lru_cache(maxsize=REMEMBERED)
def _described(certificate: str) -> openssl.Description:
    return openssl.describe(certificate)
