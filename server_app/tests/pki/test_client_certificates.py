"""Who is heard as a sensor: only one whose certificate holds, at each request, whatever headers say."""

import base64
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from server_bench import URL, Bench, SensorClient, header_of, start

from server_app.db import now
from server_app.pki import authority
from server_app.pki import service as pki
from server_app.pki.authority import Authority

PATHS = [("POST", "/api/sensors/status"), ("POST", "/api/events"), ("GET", "/internal/registry-access")]


def codes(sensor: SensorClient, **headers: str) -> set[int]:
    return {
        sensor.call(path, {"events": []} if method == "POST" else None, method=method, headers=headers).status_code
        for method, path in PATHS
    }


def foreign_authority(bench: Bench) -> Authority:
    """Another authority that even has the name of ours."""
    key = authority.new_key()
    ours = bench.authority.certificate
    builder = x509.CertificateBuilder(
        ours.subject, ours.subject, key.public_key(), 1, ours.not_valid_before_utc, ours.not_valid_after_utc
    )
    for extension in (
        x509.BasicConstraints(ca=True, path_length=0),
        ours.extensions.get_extension_for_class(x509.KeyUsage).value,
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
    ):
        builder = builder.add_extension(extension, critical=not isinstance(extension, x509.SubjectKeyIdentifier))
    return Authority(builder.sign(key, SHA256()), key)


def issued(bench: Bench, issue: Callable[[Authority, SensorClient], x509.Certificate], *, known: bool) -> SensorClient:
    """A sensor with a certificate that was not got by enrolling, in the database or not."""
    sensor = bench.sensor("made")
    sensor.certificate = issue(bench.authority, sensor)
    if known:
        with bench.database.writing() as session:
            pki.store_certificate(session, sensor.id, sensor.certificate)
    return sensor


def sensor_certificate(moment: datetime) -> Callable[[Authority, SensorClient], x509.Certificate]:
    return lambda ca, sensor: ca.issue_sensor(sensor.key.public_key(), sensor.id, moment)


def server_certificate(ca: Authority, sensor: SensorClient) -> x509.Certificate:
    return ca.issue_server(sensor.key.public_key(), ("urn.example.com",), now())


def other_sensors(ca: Authority, sensor: SensorClient) -> x509.Certificate:
    return ca.issue_sensor(sensor.key.public_key(), sensor.id + 1000, now())


def any_purpose(ca: Authority, sensor: SensorClient) -> x509.Certificate:
    """Right in all but its extended key usage."""
    wish = authority._Wish(
        "sensor",
        [x509.UniformResourceIdentifier(f"urn:honeysens:sensor:{sensor.id}")],
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
        timedelta(days=1),
    )
    return ca._issue(wish, sensor.key.public_key(), now())


def test_an_enrolled_sensor_is_heard(bench: Bench) -> None:
    sensor = bench.sensor()
    assert sensor.poll().status_code == 200
    assert sensor.upload([]).status_code == 200
    assert sensor.call("/internal/registry-access", method="GET").status_code == 204


def test_without_a_certificate_nobody_is_heard(bench: Bench) -> None:
    assert codes(bench.stranger()) == {401}


@pytest.mark.parametrize(
    ("issue", "known"),
    [
        (sensor_certificate(now()), False),
        (sensor_certificate(now() - timedelta(days=100)), True),
        (sensor_certificate(now() + timedelta(days=1)), True),
        (server_certificate, True),
        (other_sensors, True),
        (any_purpose, True),
    ],
    ids=["not in the database", "expired", "not yet valid", "a server's", "another sensor's", "for any purpose"],
)
def test_a_certificate_with_one_thing_wrong_is_refused(
    bench: Bench,
    issue: Callable[[Authority, SensorClient], x509.Certificate],
    known: bool,  # noqa: FBT001 - pytest passes parameters by name
) -> None:
    assert codes(issued(bench, issue, known=known)) == {403}


def test_a_foreign_authority_of_our_name_is_refused(bench: Bench) -> None:
    foreign = foreign_authority(bench)
    sensor = issued(
        bench, lambda _, sensor: foreign.issue_sensor(sensor.key.public_key(), sensor.id, now()), known=True
    )
    assert codes(sensor) == {403}


def test_a_revoked_certificate_is_refused_at_the_very_next_request(bench: Bench) -> None:
    sensor = bench.sensor()
    assert sensor.poll().status_code == 200
    number = bench.admin.ok("GET", f"/certs?sensor={sensor.id}")["items"][0]["id"]

    first = bench.admin.ok("POST", f"/certs/{number}/revoke")["revoked_at"]

    assert codes(sensor) == {403}
    assert bench.admin.ok("POST", f"/certs/{number}/revoke")["revoked_at"] == first


def test_a_certificate_that_was_good_is_refused_once_its_time_is_over(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    sensor = bench.sensor()
    assert 403 not in codes(sensor)
    assert sensor.certificate is not None
    over = sensor.certificate.not_valid_after_utc + timedelta(seconds=1)
    monkeypatch.setattr("server_app.api_base.sensor_auth.now", lambda: over)
    assert codes(sensor) == {403}


def test_a_certificate_that_was_good_is_refused_once_its_authority_is_not_trusted(bench: Bench) -> None:
    sensor = bench.sensor()
    assert 403 not in codes(sensor)
    bench.settings.ca_certificate.write_bytes(foreign_authority(bench).certificate.public_bytes(Encoding.PEM))
    assert codes(sensor) == {403}


def test_a_removed_sensor_is_refused(bench: Bench) -> None:
    sensor = bench.sensor()
    bench.admin.ok("DELETE", f"/sensors/{sensor.id}")
    assert codes(sensor) == {403}


def test_the_header_is_believed_from_the_trusted_proxy_only(bench: Bench) -> None:
    sensor = bench.sensor()
    elsewhere = start(bench.settings.model_copy(update={"trusted_tls_proxy": ()}))
    sensor.client = elsewhere.app.test_client()
    assert codes(sensor) == {401}
    elsewhere.database.close()


@pytest.mark.parametrize("address", ["192.0.2.1", "127.0.0.2", "::1", ""])
def test_other_peers_are_not_believed(bench: Bench, address: str) -> None:
    sensor = bench.sensor()
    answer = sensor.call("/api/events", {"events": []}, environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == 401


def test_a_header_that_is_no_certificate_is_refused(bench: Bench) -> None:
    good = bench.sensor().certificate
    assert good is not None
    pem = base64.b64encode(good.public_bytes(Encoding.PEM)).decode()
    inner = header_of(good).strip(":")
    for value in (
        ":",
        "::",
        ":!:",
        "hello",
        inner,
        f":{inner}",
        f":{inner}:, :{inner}:",
        f":{pem}:",
        f":{inner[:-40]}:",
        ":" + "A" * 20_000 + ":",
        ":ä:",
    ):
        answer = bench.app.test_client().post(
            "/api/events", base_url=URL, json={"events": []}, headers={"Client-Cert": value}
        )
        assert answer.status_code == 403, value[:40]
        assert answer.mimetype == "application/problem+json"


def test_the_address_of_a_login_comes_from_the_trusted_proxy_only(bench: Bench) -> None:
    """Else a guesser would have as many addresses as they can type."""
    client = bench.app.test_client()
    for number in range(7):
        answer = client.post(
            "/api/sessions",
            base_url=URL,
            json={"username": "admin", "password": "wrong"},
            headers={"X-Forwarded-For": f"198.51.100.{number}"},
            environ_base={"REMOTE_ADDR": "192.0.2.66"},
        )
    assert answer.status_code == 429
