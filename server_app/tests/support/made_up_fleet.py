"""Many sensors that the server knows, made at once: enrolling each by itself would take longer than what is tested."""

from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select

from server_app.db import Database, now
from server_app.divisions.models import Division
from server_app.pki import authority, keyring, records
from server_app.pki.models import SensorCertificate
from server_app.sensors.models import Sensor, SensorStatus


@dataclass(frozen=True)
class Member:
    """A sensor's number, and the files of its certificate and key."""

    id: int
    certificate: Path
    key: Path


def made_up_fleet(folder: Path, database_url: str, ca_dir: Path, size: int) -> list[Member]:
    """Sensors with certificates of the server's own authority, each with a key of its own.

    Args:
        folder: for certificates and keys.
        database_url: of a server that has been initialised.
        ca_dir: where that has its authority.
        size: how many.
    """
    signer, moment, database = keyring.load(ca_dir), now(), Database(database_url)
    members = []
    with database.writing() as session:
        division = session.scalars(select(Division)).one()
        sensors = [
            Sensor(name=f"fleet-{number}", location="", division=division, created_at=moment, status=SensorStatus())
            for number in range(size)
        ]
        session.add_all(sensors)
        session.flush()
        issuer = records.issuer_of(session, signer.issue_sensor(authority.new_key().public_key(), 1, moment))
        for sensor in sensors:
            key = authority.new_key()
            certificate = signer.issue_sensor(key.public_key(), sensor.id, moment)
            described = records.described(certificate)
            session.add(SensorCertificate(**described, sensor_id=sensor.id, issuer_id=issuer))
            member = Member(sensor.id, folder / f"{sensor.id}.crt", folder / f"{sensor.id}.key")
            member.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
            member.key.write_bytes(keyring.key_pem(key))
            members.append(member)
    database.close()
    return members
