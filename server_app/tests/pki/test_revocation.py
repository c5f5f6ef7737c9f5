"""Revoked certificates: refused by the application at once, listed for the proxy, and lists that never run out."""

from datetime import timedelta

import pytest
from cryptography import x509
from server_bench import Bench
from sqlalchemy import select

from server_app.accounts.models import Role
from server_app.db import now
from server_app.pki import revocation_list
from server_app.pki.models import SensorCertificate
from server_app.pki.upkeep import Upkeep


def listed(bench: Bench) -> x509.CertificateRevocationList:
    (only,) = revocation_list.parsed(bench.settings.revocation_lists.read_bytes())
    return only


def serials(bench: Bench) -> set[int]:
    return {entry.serial_number for entry in listed(bench)}


def number_of(bench: Bench, sensor_id: int) -> int:
    number: int = bench.admin.ok("GET", f"/certs?sensor={sensor_id}")["items"][0]["id"]
    return number


def test_the_list_follows_with_its_reason(bench: Bench) -> None:
    sensor = bench.sensor()
    assert serials(bench) == set()

    item = bench.admin.ok("POST", f"/certs/{number_of(bench, sensor.id)}/revoke?reason=key_compromise")

    assert (item["state"], item["revocation_reason"]) == ("revoked", "key_compromise")
    assert sensor.certificate is not None
    assert serials(bench) == {sensor.certificate.serial_number}
    (entry,) = listed(bench)
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.key_compromise
    assert listed(bench).is_signature_valid(bench.authority.key.public_key())


def test_all_of_a_sensor_at_once(bench: Bench) -> None:
    sensor, other = bench.sensor(), bench.sensor("other")
    items = bench.admin.ok("POST", f"/certs/revoke?sensor={sensor.id}")["items"]
    assert [item["state"] for item in items] == ["revoked"]
    assert sensor.poll().status_code == 403
    assert other.poll().status_code == 200


def test_lists_are_made_anew_daily_and_end_weeks_later(bench: Bench) -> None:
    upkeep, start = Upkeep(bench.settings, bench.database), now()
    end = bench.settings.tls_dir / "crl.until"
    first = bench.settings.revocation_lists.read_bytes()
    upkeep.run(start + timedelta(hours=23))
    assert bench.settings.revocation_lists.read_bytes() == first
    upkeep.run(start + timedelta(hours=25))
    assert bench.settings.revocation_lists.read_bytes() != first
    last = listed(bench).next_update_utc
    assert last is not None
    assert last - start > timedelta(days=30)
    assert int(end.read_text()) == int(last.timestamp())


def test_what_has_expired_needs_no_list(bench: Bench) -> None:
    sensor = bench.sensor()
    bench.admin.ok("POST", f"/certs/{number_of(bench, sensor.id)}/revoke")
    assert len(serials(bench)) == 1
    Upkeep(bench.settings, bench.database).run(now() + timedelta(days=91))
    assert serials(bench) == set()


def test_anybody_may_read_authorities_and_lists(bench: Bench) -> None:
    client = bench.app.test_client()
    for path, file in (("authorities", bench.settings.trust), ("crl", bench.settings.revocation_lists)):
        answer = client.get(f"/api/certs/{path}", base_url="https://server.example.com:8443")
        assert answer.data == file.read_bytes()


def test_only_sensors_certificates_are_revoked(bench: Bench) -> None:
    for kind in ("authority", "server"):
        number = bench.admin.ok("GET", f"/certs?kind={kind}")["items"][0]["id"]
        assert bench.admin.call("POST", f"/certs/{number}/revoke").status_code == 409
        manager = bench.user(f"manager-{kind}", Role.MANAGER, 1)
        assert manager.call("POST", f"/certs/{number}/revoke").status_code == 403


def test_the_list_is_paged_and_filtered(bench: Bench) -> None:
    sensors = [bench.sensor(f"s{number}") for number in range(3)]
    bench.admin.ok("POST", f"/certs/revoke?sensor={sensors[0].id}")
    found: list[int] = []
    cursor = ""
    while True:
        page = bench.admin.ok("GET", f"/certs?limit=2{cursor}")
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(found) == len(set(found)) == 5
    assert len(bench.admin.ok("GET", "/certs?kind=sensor&state=valid")["items"]) == 2
    assert len(bench.admin.ok("GET", "/certs?state=revoked")["items"]) == 1
    details = bench.admin.ok("GET", f"/certs/{found[0]}")
    assert details["pem"].startswith("-----BEGIN CERTIFICATE-----")
    assert bench.admin.call("GET", "/certs?state=lost").status_code == 400


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({}, "valid"),
        ({"not_after": now() + timedelta(days=14)}, "expiring"),
        ({"not_after": now() - timedelta(days=1)}, "expired"),
        ({"superseded_at": now()}, "superseded"),
        ({"superseded_at": now(), "revoked_at": now()}, "revoked"),
    ],
)
def test_the_state_shown_is_the_state_filtered(bench: Bench, change: dict[str, object], state: str) -> None:
    bench.sensor()
    with bench.database.writing() as session:
        row = session.scalars(select(SensorCertificate)).one()
        for name, value in change.items():
            setattr(row, name, value)
    for each in ("valid", "expiring", "expired", "superseded", "revoked", "pending"):
        items = bench.admin.ok("GET", f"/certs?kind=sensor&state={each}")["items"]
        assert [item["state"] for item in items] == ([state] if each == state else [])
