"""A certificate authority for one test."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sensor_wire.v1.enrolment import SENSOR_URI_PREFIX

DAY = timedelta(days=1)


class Authority:
    """Signs a server's certificate and those of sensors."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        self._certificate = (
            self._builder(self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.chain = _pem(self._certificate)

    def server_files(
        self, folder: Path, address: str, *, start: timedelta = -DAY, end: timedelta = 90 * DAY
    ) -> tuple[Path, Path]:
        """Write certificate and key of a server with this address or name, for a time from now; returns their paths."""
        key = ec.generate_private_key(ec.SECP256R1())
        try:
            names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        except ValueError:
            names = x509.SubjectAlternativeName([x509.DNSName(address)])
        certificate = (
            self._builder(x509.Name([]), key.public_key(), start, end)
            .add_extension(names, critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        certificate_path, key_path = folder / "server.crt", folder / "server.key"
        certificate_path.write_text(_pem(certificate))
        key_path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return certificate_path, key_path

    def sign_sensor(self, request: str, sensor_id: int, *, start: timedelta = -DAY, end: timedelta = 90 * DAY) -> str:
        """Sign a sensor's request for a time from now."""
        csr = x509.load_pem_x509_csr(request.encode())
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(f"{SENSOR_URI_PREFIX}{sensor_id}")])
        return _pem(
            self._builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sensor")]), csr.public_key(), start, end)
            .add_extension(names, critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def _builder(
        self,
        subject: x509.Name,
        public_key: CertificatePublicKeyTypes,
        start: timedelta = -DAY,
        end: timedelta = 90 * DAY,
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + start)
            .not_valid_after(now + end)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
