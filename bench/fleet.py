"""The simulated sensors: made and enrolled through the API like real ones, each with a key of its own."""

import io
import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bench.admin import Admin
from bench.errors import BenchError
from bench.progress import Progress
from bench.target import Identity
from sensor_wire.sensor_config import CONFIG_FILE_NAME, SensorConfig
from sensor_wire.v1.enrolment import EnrolmentAnswer, EnrolmentRequest

AT_A_TIME = 8
PREFIX = "bench-"


@contextmanager
def fleet(admin: Admin, size: int, folder: Path, progress: Progress, *, remove: bool) -> Iterator[list[Identity]]:
    """Enrolled sensors.

    Args:
        admin: who makes them.
        size: how many.
        folder: where keys and certificates go; nobody else may read it.
        progress: what to tell.
        remove: afterwards, with all they sent; of no use where the whole server is removed.
    """
    division = _division(admin)
    known = {item["name"]: item["id"] for item in admin.items("/sensors", {"text": PREFIX})}
    names = [f"{PREFIX}{number:04}" for number in range(1, size + 1)]
    made: list[int] = []

    def make(name: str) -> Identity:
        sensor = known.get(name) or admin.call("POST", "/sensors", {"name": name, "division": division}).json()["id"]
        made.append(sensor)
        return enrol(admin, sensor, folder)

    try:
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            yield list(progress.each("Enrolling sensors", pool.map(make, names), size))
    finally:
        for sensor in progress.each("Removing sensors", iter(made), len(made)) if remove else ():
            admin.call("DELETE", f"/sensors/{sensor}")


def enrol(admin: Admin, sensor: int, folder: Path) -> Identity:
    """Make a key, fetch the sensor's configuration, and exchange its token for a certificate."""
    archive = admin.call("POST", f"/sensors/{sensor}/config").content
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        member = tar.extractfile(CONFIG_FILE_NAME)
        if member is None:
            raise BenchError(f"The configuration archive of sensor {sensor} holds no {CONFIG_FILE_NAME}.")
        config = SensorConfig.model_validate_json(member.read())
    key = ec.generate_private_key(ec.SECP256R1())
    request = EnrolmentRequest(token=config.token, csr=_csr(key))
    answer = EnrolmentAnswer.model_validate(
        admin.call("POST", "/sensors/enrol", request.model_dump(mode="json", exclude_defaults=True)).json()
    )
    identity = Identity(sensor, folder / f"{sensor}.crt", folder / f"{sensor}.key")
    identity.certificate.write_text(answer.certificate, encoding="ascii")
    identity.key.touch(mode=0o600)
    identity.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return identity


def _csr(key: ec.EllipticCurvePrivateKey) -> str:
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    return request.public_bytes(Encoding.PEM).decode()


def divisions(admin: Admin, size: int) -> list[int]:
    """So many divisions, made where they are missing."""
    known = {item["name"]: item["id"] for item in admin.get("/divisions")["items"]}
    names = [f"{PREFIX}{number:02}" for number in range(1, size + 1)]
    return [known.get(name) or admin.call("POST", "/divisions", {"name": name}).json()["id"] for name in names]


def _division(admin: Admin) -> int:
    divisions = admin.get("/divisions")["items"]
    if not divisions:
        raise BenchError("The server has no division to put sensors into: make one by POST /api/divisions.")
    number: int = divisions[0]["id"]
    return number
