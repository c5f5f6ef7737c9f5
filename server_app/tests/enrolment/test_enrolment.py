"""A token becomes exactly one certificate, and only for a key the sensor holds."""

import base64
import io
import json
import tarfile
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from server_bench import URL, Bench, SensorClient, certificate_request
from sqlalchemy import Update, select, update

from sensor_wire.sensor_config import SensorConfig
from server_app.app import create_app
from server_app.context import KEY, Context
from server_app.db import now
from server_app.enrolment import api, service
from server_app.enrolment.models import EnrolmentToken
from server_app.errors import Forbidden
from server_app.pki import authority, keyring
from server_app.pki.models import Certificate, SensorCertificate
from server_app.task_queue import TaskQueue


def certificates(bench: Bench) -> int:
    with bench.database.reading() as session:
        return len(session.scalars(select(SensorCertificate)).all())


def test_the_archive_holds_all_a_sensor_needs(bench: Bench) -> None:
    sensor = bench.sensor_row("one")
    answer = bench.admin.call("POST", f"/sensors/{sensor}/config")

    assert answer.mimetype == "application/gzip"
    assert answer.headers["Cache-Control"] == "no-store"
    with tarfile.open(fileobj=io.BytesIO(answer.data)) as tar:
        assert tar.getnames() == ["sensor.json"]
        member = tar.extractfile("sensor.json")
        assert member is not None
        config = json.load(member)
    assert (config["sensor_id"], config["sensor_name"], config["server_url"]) == (sensor, "one", URL)
    assert config["ca_chain"] == bench.settings.trust.read_text()


def test_the_archive_says_how_to_get_to_the_server(bench: Bench) -> None:
    sensor = bench.sensor_row("one")
    bench.admin.ok(
        "PATCH",
        f"/sensors/{sensor}",
        json={
            "server": {"host": "inside.example.com", "address": "192.0.2.9"},
            "network": {"mode": "static", "address": "192.0.2.7", "prefix": 24, "gateway": "192.0.2.1"},
            "dns_servers": ["192.0.2.53"],
            "proxy": {"kind": "basic", "host": "proxy", "port": 3128, "user": "u", "password": "p"},
        },
    )
    archive = bench.admin.ok("POST", f"/sensors/{sensor}/config")
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        member = tar.extractfile("sensor.json")
        assert member is not None
        config = SensorConfig.parse_strict(json.load(member))
    assert (config.server_url, str(config.server_address)) == ("https://inside.example.com", "192.0.2.9")
    assert config.network is not None
    assert (str(config.network.address), config.network.prefix) == ("192.0.2.7", 24)
    assert [str(each) for each in config.network.dns_servers] == ["192.0.2.53"]
    assert config.proxy is not None
    assert (config.proxy.kind, config.proxy.host, config.proxy.password) == ("basic", "proxy", "p")


def test_the_database_holds_no_token(bench: Bench) -> None:
    sensor = bench.sensor_row()
    token = bench.token(sensor)
    with bench.database.reading() as session:
        row = session.scalars(select(EnrolmentToken)).one()
        assert token not in str(vars(row))


def test_the_certificate_is_for_the_sensors_own_key_and_number(bench: Bench) -> None:
    sensor = bench.sensor()
    assert sensor.certificate is not None
    assert sensor.certificate.public_key() == sensor.key.public_key()
    names = sensor.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(names) == [x509.UniformResourceIdentifier(f"urn:honeysens:sensor:{sensor.id}")]
    lifetime = sensor.certificate.not_valid_after_utc - now()
    assert timedelta(days=89) < lifetime <= timedelta(days=90)


def test_a_lost_answer_is_given_again_to_the_same_key(bench: Bench) -> None:
    sensor = bench.stranger(bench.sensor_row())
    token = bench.token(sensor.id)
    first = sensor.enrol(token)

    assert sensor.enrol(token).json == first.json
    assert certificates(bench) == 1


@pytest.mark.parametrize(
    "change",
    [
        update(Certificate).values(revoked_at=now()),
        update(EnrolmentToken).values(expires_at=now() - timedelta(seconds=1)),
    ],
    ids=["revoked", "out of time"],
)
def test_a_lost_answer_is_not_given_again_for_ever(bench: Bench, change: Update) -> None:
    sensor = bench.stranger(bench.sensor_row())
    token = bench.token(sensor.id)
    assert sensor.enrol(token).status_code == 200
    with bench.database.writing() as session:
        session.execute(change)

    assert sensor.enrol(token).status_code == 403


def test_a_token_works_once(bench: Bench) -> None:
    sensor = bench.stranger(bench.sensor_row())
    token = bench.token(sensor.id)
    assert sensor.enrol(token).status_code == 200

    again = bench.stranger(sensor.id).enrol(token)

    assert again.status_code == 403
    assert again.mimetype == "application/problem+json"
    assert certificates(bench) == 1


def test_an_unknown_token_is_refused(bench: Bench) -> None:
    assert bench.stranger().enrol("x" * 43).status_code == 403


def test_an_expired_token_is_refused(bench: Bench) -> None:
    sensor = bench.stranger(bench.sensor_row())
    token = bench.token(sensor.id)
    with bench.database.writing() as session:
        session.execute(update(EnrolmentToken).values(expires_at=now() - timedelta(seconds=1)))
    assert sensor.enrol(token).status_code == 403


def test_a_new_archive_makes_the_last_one_worthless(bench: Bench) -> None:
    sensor = bench.stranger(bench.sensor_row())
    old, new = bench.token(sensor.id), bench.token(sensor.id)
    assert sensor.enrol(old).status_code == 403
    assert sensor.enrol(new).status_code == 200


def pem(der: bytes) -> str:
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{text}-----END CERTIFICATE REQUEST-----\n"


def requests_of_wrong_kinds() -> dict[str, str]:
    other_curve = ec.generate_private_key(ec.SECP384R1())
    rsa_key = rsa.generate_private_key(65537, 2048)
    rsa_request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(rsa_key, SHA256())
    good = certificate_request(authority.new_key())
    broken = bytearray(x509.load_pem_x509_csr(good.encode()).public_bytes(Encoding.DER))
    broken[-1] ^= 1
    return {
        "no request at all": "hello",
        "another curve": certificate_request(other_curve),
        "another kind of key": rsa_request.public_bytes(Encoding.PEM).decode(),
        "a signature that is wrong": pem(bytes(broken)),
        "cut off": good[:100],
        "not ASCII": good.replace("A", "ä"),
    }


def test_a_bad_request_names_the_field_and_does_not_cost_the_token(bench: Bench) -> None:
    sensor = bench.stranger(bench.sensor_row())
    token = bench.token(sensor.id)
    for what, request in requests_of_wrong_kinds().items():
        answer = sensor.enrol(token, request)
        assert answer.status_code == 400, what
        assert answer.json is not None
        assert answer.json["errors"][0]["pointer"] == "/csr", what

    assert sensor.enrol(token).status_code == 200


def without_worker(bench: Bench) -> SensorClient:
    """A sensor that talks to a server whose worker is away."""
    queue = TaskQueue(bench.settings.data_dir)
    client = create_app(bench.settings, queue).test_client()
    return SensorClient(client, bench.sensor_row(), authority.new_key())


def test_without_a_worker_the_token_stays_usable(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "WAIT_SECONDS", 0.1)
    sensor = without_worker(bench)
    token = bench.token(sensor.id)

    answer = sensor.enrol(token)

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    sensor.client = bench.app.test_client()
    assert sensor.enrol(token).status_code == 200
    assert certificates(bench) == 1


def test_a_failing_worker_leaves_the_token_usable(bench: Bench) -> None:
    sensor = bench.stranger(bench.sensor_row())
    token = bench.token(sensor.id)
    broken = TaskQueue(bench.settings.data_dir, immediate=True)  # runs a handler that only raises
    sensor.client = create_app(bench.settings, broken).test_client()
    assert sensor.enrol(token).status_code == 503

    sensor.client = bench.app.test_client()
    assert sensor.enrol(token).status_code == 200


def test_a_worker_that_comes_late_signs_nothing(bench: Bench) -> None:
    sensor = bench.stranger(bench.sensor_row())
    claim = service.claim(bench.database, bench.token(sensor.id), now())
    assert service.release(bench.database, claim)

    certificate = bench.authority.issue_sensor(sensor.key.public_key(), sensor.id, now())
    with pytest.raises(Forbidden):
        service.complete(bench.database, claim, certificate, now())

    assert certificates(bench) == 0
    sensor.certificate = certificate
    assert sensor.poll().status_code == 403


def test_a_claim_that_nobody_released_runs_out(bench: Bench) -> None:
    token = bench.token(bench.sensor_row())
    service.claim(bench.database, token, now())
    later = now() + service.CLAIM_LIFETIME + timedelta(seconds=1)
    assert service.claim(bench.database, token, later)


def test_many_at_once_get_one_certificate(bench: Bench) -> None:
    sensor_id = bench.sensor_row()
    token = bench.token(sensor_id)

    def enrol(_: int) -> int:
        return bench.stranger(sensor_id).enrol(token).status_code

    with ThreadPoolExecutor(8) as pool:
        codes = sorted(pool.map(enrol, range(8)))

    assert codes.count(200) == 1
    assert set(codes) <= {200, 403, 503}
    assert certificates(bench) == 1


def test_the_web_application_never_reads_the_authoritys_key(bench: Bench) -> None:
    (bench.settings.ca_dir / keyring.KEY_FILE).unlink()
    app = create_app(bench.settings, TaskQueue(bench.settings.data_dir))
    context: Context = app.extensions[KEY]
    assert app.test_client().get("/api/system/identify", base_url=URL).data == b"HoneySens"
    context.database.close()
