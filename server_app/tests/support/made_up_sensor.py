"""What a sensor without a key of its own needs to upload past the web: a certificate that is known to the server."""

from datetime import timedelta
from secrets import token_hex

from server_app.db import Database, now
from server_app.pki.client_cert import Proof
from server_app.pki.models import SensorCertificate


def proof_of(database: Database, sensor: int) -> Proof:
    """A certificate in the database that nobody ever made, and what it would prove."""
    begin, end = now() - timedelta(days=1), now() + timedelta(days=1)
    made_up = {"fingerprint": token_hex(32), "serial": token_hex(8), "key_id": token_hex(20), "pem": ""}
    with database.writing() as session:
        session.add(SensorCertificate(sensor_id=sensor, not_before=begin, not_after=end, used_at=begin, **made_up))
    return Proof(sensor, made_up["fingerprint"], begin, end)
