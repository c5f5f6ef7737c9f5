"""Write a configuration archive as the server would, for a server that does not exist."""

import io
import secrets
import sys
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sensor_wire.sensor_config import CONFIG_FILE_NAME, SensorConfig


def authority(now: datetime) -> str:
    """A self-signed certificate in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Molecule")])
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1)
    )
    certificate = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return certificate.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def main(path: Path) -> None:
    now = datetime.now(UTC)
    config = SensorConfig(
        sensor_id=1,
        sensor_name="molecule",
        server_url="https://10.213.201.1:9",
        ca_chain=authority(now),
        token=secrets.token_urlsafe(32),
        token_expires=now + timedelta(hours=72),
    )
    content = config.model_dump_json().encode()
    member = tarfile.TarInfo(CONFIG_FILE_NAME)
    member.size = len(content)
    with tarfile.open(path, "w:gz") as archive:
        archive.addfile(member, io.BytesIO(content))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
