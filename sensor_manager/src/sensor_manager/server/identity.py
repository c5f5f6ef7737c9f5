"""The sensor's key and certificate. The key is made here and never leaves."""

from datetime import datetime
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sensor_manager.files import move_durably, write_durably, write_if_changed
from sensor_manager.plan.certificate import Validity
from sensor_manager.settings import Settings
from sensor_wire.v1.enrolment import SENSOR_URI_PREFIX

REGISTRY_KEY_MODE = 0o600


def make_key(path: Path) -> None:
    """Make a P-256 key unless there is one; only the owner may read it."""
    if path.exists():
        return
    key = ec.generate_private_key(ec.SECP256R1())
    encoded = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_durably(path, encoded.decode())


def certificate_request(key_path: Path, sensor_id: int) -> str:
    """Return a certificate request (PEM) for the sensor's key; the server decides on the name."""
    key = _key(key_path)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"sensor {sensor_id}")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


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
    certificate = x509.load_pem_x509_certificates(text.encode())[0]
    place = int.from_bytes(certificate.fingerprint(hashes.SHA256())[:4]) / 2**32
    return Validity(certificate.not_valid_before_utc, certificate.not_valid_after_utc, place)


def fits(key_path: Path, certificate: str, sensor_id: int) -> bool:
    """Tell whether a certificate (PEM) is for this key and this sensor.

    Raises:
        ValueError: it is none, or the key cannot be read.
    """
    leaf = x509.load_pem_x509_certificates(certificate.encode())[0]
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    own = f"{SENSOR_URI_PREFIX}{sensor_id}" in names.get_values_for_type(x509.UniformResourceIdentifier)
    return own and leaf.public_key() == _key(key_path).public_key()


def signature(key_path: Path, statement: bytes) -> bytes:
    """Return the key's signature over a statement (ECDSA with SHA-256, DER)."""
    return _key(key_path).sign(statement, ec.ECDSA(hashes.SHA256()))


def adopt_next(settings: Settings) -> None:
    """Let the next key and certificate follow the present ones, if both are there; go on where this was cut off."""
    if not settings.next_certificate.exists():
        return
    leaf = x509.load_pem_x509_certificates(settings.next_certificate.read_bytes())[0].public_key()
    if settings.next_key.exists() and _key(settings.next_key).public_key() == leaf:
        move_durably(settings.next_key, settings.key)
    if _key(settings.key).public_key() == leaf:
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
    x509.load_pem_x509_certificates(chain.encode())


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


def _key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{path} is no elliptic-curve key; remove it and enrol again")  # noqa: TRY004 - the file is wrong
    return key
