"""A sensor that asks for its next certificate, as the sensor manager does."""

import base64
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from server_bench import Bench, SensorClient, certificate_request
from sqlalchemy import update
from werkzeug.test import TestResponse

from sensor_wire.v1.enrolment import renewal_statement
from server_app.pki.models import SensorCertificate


def renewal(sensor: SensorClient, key: ec.EllipticCurvePrivateKey, **changes: Any) -> dict[str, Any]:
    """The body of a renewal for another key, signed by the sensor's present one."""
    assert sensor.certificate is not None
    certificate = sensor.certificate.public_bytes(Encoding.PEM).decode()
    csr = certificate_request(key)
    signature = sensor.key.sign(renewal_statement(certificate, csr), ec.ECDSA(hashes.SHA256()))
    return {"certificate": certificate, "csr": csr, "proof": base64.b64encode(signature).decode()} | changes


def renew(sensor: SensorClient, key: ec.EllipticCurvePrivateKey, **changes: Any) -> TestResponse:
    """Ask; a renewal needs no client certificate."""
    body = renewal(sensor, key, **changes)
    return SensorClient(sensor.client, sensor.id, sensor.key).call("/api/sensors/certificate", body)


def with_next(sensor: SensorClient, key: ec.EllipticCurvePrivateKey, answer: TestResponse) -> SensorClient:
    """The same sensor with what it was answered."""
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    certificate = x509.load_pem_x509_certificate(answer.json["certificate"].encode())
    return SensorClient(sensor.client, sensor.id, key, certificate)


def age(bench: Bench, sensor: SensorClient, ago: timedelta, moment: datetime) -> None:
    """Give the sensor a certificate that ended some time ago instead of its own."""
    certificate = bench.authority.issue_sensor(sensor.key.public_key(), sensor.id, moment - ago - timedelta(days=90))
    sensor.certificate = certificate
    described = {
        "fingerprint": certificate.fingerprint(hashes.SHA256()).hex(),
        "pem": certificate.public_bytes(Encoding.PEM).decode(),
        "not_before": certificate.not_valid_before_utc,
        "not_after": certificate.not_valid_after_utc,
    }
    with bench.database.writing() as session:
        session.execute(update(SensorCertificate).where(SensorCertificate.sensor_id == sensor.id).values(**described))
