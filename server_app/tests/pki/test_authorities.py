"""The authority changes and no sensor is lost: those in contact are waited for, the others find back."""

from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from renewing import renew, with_next
from server_bench import Bench, SensorClient, report
from tls_clients import accepts

from server_app.accounts.models import Role
from server_app.db import now
from server_app.pki import authority, revocation_list
from server_app.pki.upkeep import Upkeep


def keep(bench: Bench, days: float = 0) -> None:
    """What the worker does each minute."""
    Upkeep(bench.settings, bench.database).run(now() + timedelta(days=days))


def change(bench: Bench) -> int:
    """Ask for another authority; the bench's worker has made it when this returns."""
    task = bench.admin.ok("POST", "/certs/authority")["task"]
    done = bench.admin.ok("GET", f"/tasks/{task}")
    assert done["state"] == "done", done
    number: int = done["result"]["certificate"]
    return number


def phases(bench: Bench) -> list[str]:
    items = bench.admin.ok("GET", "/certs?kind=authority")["items"]
    return [item["phase"] for item in sorted(items, key=lambda item: item["id"])]


def poll(sensor: SensorClient) -> str:
    """Poll as a sensor that trusts what it was told last; returns what it is told now."""
    told = sensor.poll().json
    assert told is not None
    chain: str = told["ca_chain"]
    return chain


def tell(sensor: SensorClient, trusted: str) -> None:
    assert sensor.poll(report(trust=sha256(trusted.encode()).hexdigest())).status_code == 200


def files(bench: Bench) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in bench.settings.tls_dir.iterdir()}


def signer_of(chain: bytes, trusted: bytes) -> int:
    """Which of the trusted has signed the server's certificate."""
    leaf = x509.load_pem_x509_certificates(chain)[0]
    wanted = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    keys = [
        each.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.key_identifier
        for each in x509.load_pem_x509_certificates(trusted)
    ]
    assert wanted is not None
    return keys.index(wanted)


def test_the_new_authority_is_used_when_every_sensor_in_contact_knows_it(bench: Bench) -> None:
    sensor, silent = bench.sensor(), bench.sensor("silent")
    old = poll(sensor)
    tell(sensor, old)

    change(bench)

    assert phases(bench) == ["active", "next"]
    assert files(bench)["ca.crt"].startswith(old.encode())
    new = poll(sensor)
    assert new.encode() == files(bench)["trust.crt"] != old.encode()
    keep(bench)
    assert phases(bench) == ["active", "next"], "it has not said that it trusts the new one"
    tell(sensor, new)
    keep(bench)
    assert phases(bench) == ["retiring", "active"]
    assert signer_of(files(bench)["server.crt"], new.encode()) == 1
    assert poll(sensor) == new, "that another is used is no news for sensors"
    assert silent.poll().status_code == 200


def test_archives_that_still_work_are_waited_for(bench: Bench) -> None:
    unused = bench.stranger(bench.sensor_row())
    token = bench.token(unused.id)
    change(bench)
    keep(bench)
    assert phases(bench) == ["active", "next"]

    assert unused.enrol(token).status_code == 200
    keep(bench)

    assert phases(bench) == ["retiring", "active"]


def test_nobody_is_waited_for_longer_than_the_overlap(bench: Bench) -> None:
    bench.sensor().poll()
    change(bench)
    bench.admin.ok("PATCH", "/settings/certificates", json={"overlap_days": 0})
    keep(bench)
    assert phases(bench) == ["retiring", "active"]


def test_who_missed_several_changes_still_trusts_the_server(bench: Bench, tmp_path: Path) -> None:
    """By the links in the server's chain; without them it would not."""
    at_first = files(bench)["trust.crt"]
    for count in (1, 2):
        change(bench)
        keep(bench)
        assert phases(bench)[count] == "active"
        chain, trusted = files(bench)["server.crt"], files(bench)["trust.crt"]
        assert accepts(tmp_path, at_first, chain)
        assert accepts(tmp_path, trusted, chain)
        leaf = chain[: chain.index(b"-----END CERTIFICATE-----") + 26]
        assert not accepts(tmp_path, at_first, leaf)


def test_certificates_of_both_hold_until_the_old_one_ends(bench: Bench) -> None:
    sensor = bench.sensor()
    tell(sensor, poll(sensor))
    change(bench)
    tell(sensor, poll(sensor))
    keep(bench)
    keep(bench)
    assert phases(bench) == ["retiring", "active"]
    assert sensor.poll().status_code == 200

    key = authority.new_key()
    new = with_next(sensor, key, renew(sensor, key))
    assert new.poll().status_code == 200
    keep(bench)

    assert phases(bench) == ["ended", "active"]
    keep(bench)
    assert len(list(bench.settings.ca_dir.glob("*.key"))) == 1
    assert len(x509.load_pem_x509_certificates(files(bench)["ca.crt"])) == 1
    assert new.poll().status_code == 200


def test_an_authority_ended_early_costs_no_sensor(bench: Bench) -> None:
    sensor = bench.sensor()
    change(bench)
    bench.admin.ok("PATCH", "/settings/certificates", json={"overlap_days": 0})
    keep(bench)
    old = bench.admin.ok("GET", "/certs?kind=authority")["items"][-1]["id"]

    assert bench.admin.ok("POST", f"/certs/authority/{old}/end")["state"] == "superseded"

    assert sensor.poll().status_code == 403
    key = authority.new_key()
    assert with_next(sensor, key, renew(sensor, key)).poll().status_code == 200


def test_it_renews_itself_long_before_its_end(bench: Bench) -> None:
    keep(bench, days=8 * 365 - 10)
    assert phases(bench) == ["active"]
    keep(bench, days=8 * 365 + 10)
    assert phases(bench) == ["active", "next"]
    keep(bench, days=8 * 365 + 10)
    assert phases(bench)[1] == "active"


def test_there_is_a_list_of_revoked_certificates_for_each(bench: Bench) -> None:
    change(bench)
    lists = revocation_list.parsed(files(bench)["crl.pem"])
    trusted = x509.load_pem_x509_certificates(files(bench)["ca.crt"])
    assert [sum(each.is_signature_valid(ca.public_key()) for each in lists) for ca in trusted] == [1, 1]  # type: ignore[arg-type] # both are on P-256


def test_only_one_is_on_its_way_and_it_can_be_called_off(bench: Bench) -> None:
    bench.sensor().poll()
    number = change(bench)
    task = bench.admin.ok("POST", "/certs/authority")["task"]
    assert "on its way" in bench.admin.ok("GET", f"/tasks/{task}")["reason"]

    assert bench.admin.call("POST", "/certs/authority/1/end").status_code == 409
    bench.admin.ok("POST", f"/certs/authority/{number}/end")

    assert phases(bench) == ["active", "ended"]
    assert len(x509.load_pem_x509_certificates(files(bench)["trust.crt"])) == 1


@pytest.mark.parametrize(
    "call", [("POST", "/certs/authority"), ("POST", "/certs/authority/1/end"), ("DELETE", "/certs/server")]
)
def test_only_administrators_touch_what_all_share(bench: Bench, call: tuple[str, str]) -> None:
    manager = bench.user("manager", Role.MANAGER, 1)
    assert manager.call(*call).status_code == 403
    assert phases(bench) == ["active"]


def test_a_missing_key_is_said(bench: Bench) -> None:
    (bench.settings.ca_dir / "ca.key").unlink()
    with pytest.raises(RuntimeError, match="Restore a backup"):
        keep(bench)
