from apiflask import APIBlueprint
from flask import Response

from sensor_wire.sensor_config import SensorConfig
from sensor_wire.v1.enrolment import EnrolmentAnswer, EnrolmentRequest, RenewalRequest
from server_app.accounts.principal import Principal
from server_app.api_base.auth import login_required
from server_app.api_base.body import receives
from server_app.api_base.described import makes, refuses, shows_secret
from server_app.audit import service as audit
from server_app.context import context
from server_app.db import now
from server_app.enrolment import renewal, service
from server_app.enrolment.config_archive import packed
from server_app.enrolment.jobs import RENEW, SIGN
from server_app.enrolment.proof import Proof, proven
from server_app.enrolment.requests import public_key_of
from server_app.errors import Unavailable
from server_app.pki.models import SensorCertificate
from server_app.preferences import service as preferences
from server_app.sensors import service as sensors
from server_app.sensors.effective import effective
from server_app.sensors.environment import environment
from server_app.sensors.handed_out import network_of, proxy_of, url_of
from server_app.sensors.preferences import SensorSection
from server_app.task_queue import TaskFailed

WAIT_SECONDS = 15
RETRY_SECONDS = 30
MAX_RENEWAL_BYTES = 512 * 1024
"""More than the longest fields need with every character escaped."""


def make_blueprint() -> APIBlueprint:
    """`/api/sensors/<id>/config` for people; `/api/sensors/enrol` and `/certificate` for sensors in need of one."""
    blueprint = APIBlueprint("enrolment", __name__, url_prefix="/api/sensors")

    @blueprint.post("/<int:sensor_id>/config")
    @blueprint.output({}, content_type="application/gzip")
    @login_required
    @makes
    @shows_secret
    @refuses(503)
    def config(sensor_id: int, principal: Principal) -> Response:
        """Make the sensor's configuration archive with a fresh single-use token; one that was not used is void.

        The archive is not kept: sent again with the same Idempotency-Key, this is refused and the first one holds.
        """
        settings = context().settings
        with context().database.writing() as session:
            sensor = sensors.writable_sensor(session, principal, sensor_id)
            fresh = service.make_token(session, sensor_id, now())
            until = {"token_expires_at": fresh.expires_at.isoformat()}
            audit.record(session, "config-made", "sensor", sensor_id, None, until, label=sensor.name)
            values = effective(sensor, preferences.load(session, SensorSection), environment())
            network, proxy = network_of(sensor, values), proxy_of(values)
        archive = packed(
            SensorConfig(
                sensor_id=sensor_id,
                sensor_name=sensor.name,
                server_url=url_of(values.server),
                server_address=values.server.address,
                ca_chain=settings.trust.read_text(encoding="ascii"),
                token=fresh.token,
                token_expires=fresh.expires_at,
                network=network,
                proxy=proxy,
            )
        )
        response = Response(archive, mimetype="application/gzip")
        response.headers["Content-Disposition"] = f'attachment; filename="sensor-{sensor_id}.tar.gz"'
        response.headers["Cache-Control"] = "no-store"
        return response

    @blueprint.post("/enrol")
    @blueprint.output(EnrolmentAnswer)
    @refuses(403, 503)
    @receives(EnrolmentRequest)
    def enrol(body: EnrolmentRequest) -> EnrolmentAnswer:
        """Exchange a single-use token and a certificate request for a certificate."""
        key = public_key_of(body.csr)  # a bad request does not cost the token
        database = context().database
        certificate = service.issued_for(database, body.token, key, now())
        if certificate is None:
            certificate = _signed(service.claim(database, body.token, now()), body.csr)
        return _answer(certificate)

    @blueprint.post("/certificate")
    @blueprint.output(EnrolmentAnswer)
    @refuses(403, 503)
    @receives(RenewalRequest, MAX_RENEWAL_BYTES)
    def renew(body: RenewalRequest) -> EnrolmentAnswer:
        """Get the next certificate for proof of the key of the last one, whether that has expired or not."""
        proof = proven(body)
        database = context().database
        certificate = renewal.ready(database, proof, now())
        if certificate is None:
            certificate = _renewed(body, proof)
        return _answer(certificate)

    return blueprint


def _answer(certificate: SensorCertificate) -> EnrolmentAnswer:
    return EnrolmentAnswer(
        sensor_id=certificate.sensor_id,
        certificate=certificate.pem,
        ca_chain=context().settings.trust.read_text(encoding="ascii"),
    )


def _renewed(body: RenewalRequest, proof: Proof) -> SensorCertificate:
    try:
        reason = context().queue.enqueue(RENEW, body.model_dump(), urgent=True)(WAIT_SECONDS)
    except (TimeoutError, TaskFailed) as error:
        reason = str(error)
    certificate = renewal.ready(context().database, proof, now())
    if certificate is None:
        raise Unavailable(f"The certificate could not be signed: {reason}. Try again.", RETRY_SECONDS)
    return certificate


def _signed(claim: str, csr: str) -> SensorCertificate:
    try:
        reason = context().queue.enqueue(SIGN, claim, csr, urgent=True)(WAIT_SECONDS)
    except (TimeoutError, TaskFailed) as error:
        reason = str(error)
    certificate = None
    if reason is None or not service.release(context().database, claim):
        certificate = service.issued(context().database, claim)
    if certificate is None:
        raise Unavailable(
            f"The certificate could not be signed: {reason}. The token stays valid; try again.", RETRY_SECONDS
        )
    return certificate
