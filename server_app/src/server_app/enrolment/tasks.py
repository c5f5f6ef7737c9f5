"""What the worker does for enrolments and renewals: it alone has the authority's key."""

from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy.orm import Session

from sensor_wire.v1.enrolment import RenewalRequest
from server_app.db import Database, now
from server_app.enrolment import renewal, service
from server_app.enrolment.jobs import RENEW, SIGN
from server_app.enrolment.proof import proven
from server_app.enrolment.requests import public_key_of
from server_app.errors import Refusal
from server_app.pki import service as pki
from server_app.pki.preferences import CertificateSection
from server_app.pki.upkeep import Upkeep
from server_app.preferences import service as preferences
from server_app.task_queue import TaskQueue


class EnrolmentTasks:
    """Signs for who has a claimed token, and for who proves the key of the certificate before."""

    def __init__(self, database: Database, upkeep: Upkeep) -> None:
        self._database = database
        self._upkeep = upkeep

    def register(self, queue: TaskQueue) -> None:
        """Let the worker sign."""
        queue.handle(SIGN, self.sign)
        queue.handle(RENEW, self.renew)

    def sign(self, claim: str, csr: str) -> str | None:
        """Sign for whoever the claimed token says; returns why not, or None."""
        try:
            key = public_key_of(csr)  # checked again: the queue is writable for others
            sensor_id = service.sensor_of_claim(self._database, claim)
            with self._database.reading() as session:
                certificate = self._issued(session, key, sensor_id, now())
            service.complete(self._database, claim, certificate, now())
        except Refusal as refusal:
            return refusal.detail
        return None

    def renew(self, given: dict[str, Any]) -> str | None:
        """Sign the next certificate of who proves the key of the last one; returns why not, or None.

        The proof is checked here again: not even the web process gets a certificate without a sensor's key.
        """
        moment = now()
        try:
            proof = proven(RenewalRequest.parse_strict(given))
            with self._database.writing() as session:
                old = renewal.renewable(session, proof.fingerprint, moment, lock=True)
                if renewal.successor(session, old, proof, moment) is not None:
                    return None
                renewal.drop_unused(session, old, moment)
                certificate = self._issued(session, proof.key, old.sensor_id, moment)
                renewal.note(pki.store_certificate(session, old.sensor_id, certificate, old.id), old, moment)
        except Refusal as refusal:
            return refusal.detail
        return None

    def _issued(
        self, session: Session, key: ec.EllipticCurvePublicKey, sensor_id: int, moment: datetime
    ) -> x509.Certificate:
        lifetime = preferences.load(session, CertificateSection).sensor
        return self._upkeep.active(session).issue_sensor(key, sensor_id, moment, lifetime)
