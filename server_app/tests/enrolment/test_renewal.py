"""The next certificate for proof of the old key: never lost, never for anybody else, also after months."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from renewing import age, renew, renewal, with_next
from server_bench import Bench, certificate_request
from sqlalchemy import select

from server_app.app import create_app
from server_app.db import now
from server_app.enrolment import api
from server_app.enrolment.jobs import RENEW
from server_app.pki import authority
from server_app.pki.models import SensorCertificate
from server_app.task_queue import TaskQueue


def certificates(bench: Bench) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = bench.admin.ok("GET", "/certs?kind=sensor")["items"]
    return sorted(items, key=lambda item: item["id"])


def states(bench: Bench) -> list[str]:
    return [item["state"] for item in certificates(bench)]


def test_the_old_one_holds_until_the_new_one_is_used(bench: Bench) -> None:
    old, key = bench.sensor(), authority.new_key()
    assert old.poll().status_code == 200

    new = with_next(old, key, renew(old, key))

    assert old.poll().status_code == 200
    assert states(bench) == ["valid", "valid"]
    assert new.poll().status_code == 200
    assert old.poll().status_code == 403
    assert states(bench) == ["superseded", "valid"]
    assert new.certificate is not None
    assert new.certificate.public_key() == key.public_key()


def test_a_lost_answer_is_given_again_and_another_key_replaces_it(bench: Bench) -> None:
    sensor, key = bench.sensor(), authority.new_key()
    first = renew(sensor, key).json
    assert renew(sensor, key).json == first
    assert len(certificates(bench)) == 2

    other = authority.new_key()
    with_next(sensor, other, renew(sensor, other))

    assert states(bench) == ["valid", "superseded", "valid"]


def test_the_same_key_may_be_kept(bench: Bench) -> None:
    sensor = bench.sensor()
    assert with_next(sensor, sensor.key, renew(sensor, sensor.key)).poll().status_code == 200


def test_a_sensor_that_was_away_for_months_comes_back(bench: Bench) -> None:
    sensor, key = bench.sensor(), authority.new_key()
    age(bench, sensor, timedelta(days=600), now())
    assert sensor.poll().status_code == 403

    assert with_next(sensor, key, renew(sensor, key)).poll().status_code == 200


@pytest.mark.parametrize(("days", "status"), [(9, 200), (11, 403)])
def test_how_long_it_may_be_away_is_a_setting(bench: Bench, days: int, status: int) -> None:
    bench.admin.ok("PATCH", "/settings/certificates", json={"return_days": 10, "sensor_days": 7})
    sensor, key = bench.sensor(), authority.new_key()
    age(bench, sensor, timedelta(days=days), now())

    answer = renew(sensor, key)

    assert answer.status_code == status
    if status == 200:
        made = with_next(sensor, key, answer).certificate
        assert made is not None
        assert timedelta(days=6) < made.not_valid_after_utc - now() <= timedelta(days=7)


def test_revoked_superseded_and_unknown_ones_are_followed_by_none(bench: Bench) -> None:
    sensor, key = bench.sensor(), authority.new_key()
    new = with_next(sensor, key, renew(sensor, key))
    new.poll()
    assert "followed by a newer one" in renew(sensor, authority.new_key()).text

    bench.admin.ok("POST", f"/certs/{certificates(bench)[1]['id']}/revoke?reason=key_compromise")
    assert "revoked" in renew(new, authority.new_key()).text

    removed = bench.sensor("removed")
    bench.admin.ok("DELETE", f"/sensors/{removed.id}")
    assert "not known" in renew(removed, authority.new_key()).text
    assert states(bench) == ["superseded", "revoked"]


def test_a_renewal_that_proves_nothing_names_the_field(bench: Bench) -> None:
    sensor, key = bench.sensor(), authority.new_key()
    stranger = bench.sensor("other")
    assert stranger.certificate is not None
    good = renewal(sensor, key)
    for pointer, change in (
        ("/proof", {"proof": renewal(sensor, authority.new_key())["proof"]}),
        ("/proof", {"certificate": stranger.certificate.public_bytes(Encoding.PEM).decode()}),
        ("/proof", {"csr": certificate_request(authority.new_key())}),
        ("/proof", {"proof": "AAAA"}),
        ("/csr", {"csr": "hello"}),
        ("/certificate", {"certificate": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"}),
    ):
        answer = sensor.call("/api/sensors/certificate", good | change)
        assert answer.status_code == 400, pointer
        assert answer.json is not None
        assert answer.json["errors"][0]["pointer"] == pointer
    assert len(certificates(bench)) == 2


def test_the_worker_checks_the_proof_itself(bench: Bench) -> None:
    """The web process can write to its queue, and still gets no certificate without a sensor's key."""
    sensor, key = bench.sensor(), authority.new_key()
    forged = renewal(sensor, key) | {"proof": renewal(sensor, authority.new_key())["proof"]}

    assert bench.queue.enqueue(RENEW, forged)(1) is not None

    assert len(certificates(bench)) == 1


def test_without_a_worker_nothing_is_lost(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "WAIT_SECONDS", 0.1)
    sensor, key = bench.sensor(), authority.new_key()
    alone = create_app(bench.settings, TaskQueue(bench.settings.data_dir)).test_client()

    assert renew(replace(sensor, client=alone), key).status_code == 503

    assert with_next(sensor, key, renew(sensor, key)).poll().status_code == 200


def test_the_first_use_is_noted_once(bench: Bench) -> None:
    sensor = bench.sensor()
    sensor.poll()
    with bench.database.reading() as session:
        first = session.scalars(select(SensorCertificate.used_at)).one()
    sensor.poll()
    with bench.database.reading() as session:
        assert session.scalars(select(SensorCertificate.used_at)).one() == first is not None
