"""The sensor's key and certificate. The key is made here and never leaves."""

from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sensor_manager.files import write_durably, write_if_changed
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
    key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{key_path} is no elliptic-curve key; remove it and enrol again")
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"sensor {sensor_id}")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def enrolled(key_path: Path, certificate_path: Path, sensor_id: int) -> bool:
    """Tell whether there is a certificate for this key and this sensor that has not expired."""
    try:
        key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
        certificate = x509.load_pem_x509_certificates(certificate_path.read_bytes())[0]
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (FileNotFoundError, ValueError, x509.ExtensionNotFound):
        return False
    own = f"{SENSOR_URI_PREFIX}{sensor_id}" in names.get_values_for_type(x509.UniformResourceIdentifier)
    return own and certificate.public_key() == key.public_key() and certificate.not_valid_after_utc > datetime.now(UTC)


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
