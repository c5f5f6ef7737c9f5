"""An administrator's own certificate for the server: checked, announced, used, and taken back."""

from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from own_certificates import Own, key_pem, own_certificate, pem
from server_bench import Bench, report
from sqlalchemy import text
from tls_clients import accepts

from server_app.db import now
from server_app.pki import jobs
from server_app.pki.upkeep import Upkeep


def keep(bench: Bench) -> None:
    Upkeep(bench.settings, bench.database).run(now())


def served(bench: Bench) -> bytes:
    return (bench.settings.tls_dir / "server.crt").read_bytes()


def leaf(bench: Bench) -> x509.Certificate:
    return x509.load_pem_x509_certificates(served(bench))[0]


def trust(bench: Bench) -> bytes:
    return bench.settings.trust.read_bytes()


def put(bench: Bench, own: Own) -> dict[str, object]:
    item: dict[str, object] = bench.admin.ok("PUT", "/certs/server", json=own.body)
    return item


def test_it_is_used_when_the_sensors_know_its_authority_and_can_be_taken_back(bench: Bench, tmp_path: Path) -> None:
    sensor, own, internal = bench.sensor(), own_certificate(), trust(bench)
    assert sensor.poll().status_code == 200

    item = put(bench, own)

    assert (item["own"], item["state"]) == (True, "pending")
    assert trust(bench) == internal + own.root.pem.encode()
    assert bench.settings.ca_certificate.read_bytes() == internal, "it signs no sensors"
    assert leaf(bench) != own.leaf
    sensor.poll(report(trust=sha256(trust(bench)).hexdigest()))
    keep(bench)
    assert leaf(bench) == own.leaf
    assert (bench.settings.tls_dir / "server.key").read_text() == key_pem(own.key)
    assert accepts(tmp_path, trust(bench), served(bench))

    assert bench.admin.call("DELETE", "/certs/server").status_code == 204

    assert accepts(tmp_path, internal, served(bench))
    assert trust(bench) == internal
    keep(bench)
    assert not list(bench.settings.ca_dir.glob("server-*"))


def test_the_next_one_of_the_same_authority_is_used_at_once(bench: Bench) -> None:
    first = own_certificate()
    put(bench, first)
    keep(bench)
    sensor = bench.sensor()
    sensor.poll(report(trust=sha256(trust(bench)).hexdigest()))
    second = own_certificate(root=first.root)

    put(bench, second)

    assert leaf(bench) == second.leaf


def test_an_expired_one_gives_way_to_the_internal_authority(bench: Bench) -> None:
    own = own_certificate(days=3)
    put(bench, own)
    keep(bench)
    assert leaf(bench) == own.leaf

    Upkeep(bench.settings, bench.database).run(own.leaf.not_valid_after_utc)

    leaf(bench).verify_directly_issued_by(bench.authority.certificate)


def test_the_key_is_in_no_task_no_table_and_no_answer(bench: Bench) -> None:
    own = own_certificate()
    answer = str(put(bench, own))
    secret = key_pem(own.key).splitlines()[1]
    assert secret not in answer
    assert not list(bench.settings.data_dir.glob(f"{jobs.INCOMING}*"))
    if bench.database.engine.dialect.name == "sqlite":
        with bench.database.engine.connect() as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    for file in bench.settings.data_dir.rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes(), file
    (key,) = bench.settings.ca_dir.glob("server-*.key")
    assert key.stat().st_mode & 0o777 == 0o600


def wrong() -> dict[str, tuple[dict[str, str], str]]:
    good, other = own_certificate(), own_certificate()
    elsewhere, ended = own_certificate("www.example.com"), own_certificate(ended=True)
    body = good.body
    weak = key_pem(ec.generate_private_key(ec.SECP256R1()))
    return {
        "another key": (body | {"key": weak}, "/key"),
        "no key": (body | {"key": "hello"}, "/key"),
        "no chain": (body | {"chain": "hello"}, "/chain"),
        "wrong order": (body | {"chain": good.middle.pem + pem(good.leaf), "key": key_pem(good.middle.key)}, "/chain"),
        "a gap": (body | {"chain": pem(good.leaf)}, "/chain"),
        "another's root": (body | {"authority": other.root.pem}, "/chain"),
        "no root": ({"key": body["key"], "chain": body["chain"]}, "/authority"),
        "a root that is none": (body | {"authority": good.middle.pem}, "/authority"),
        "another name": (elsewhere.body, "/chain"),
        "expired": (ended.body, "/chain"),
    }


@pytest.mark.parametrize("what", wrong())
def test_what_clients_would_refuse_is_refused(bench: Bench, what: str) -> None:
    body, pointer = wrong()[what]
    before = served(bench), trust(bench)

    answer = bench.admin.call("PUT", "/certs/server", json=body)

    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["errors"][0]["pointer"] == pointer, answer.text
    assert body["key"].splitlines()[-1][:40] not in answer.text or what == "no key"
    assert (served(bench), trust(bench)) == before


def test_the_root_may_be_the_end_of_the_chain(bench: Bench) -> None:
    own = own_certificate()
    body = {"key": key_pem(own.key), "chain": pem(own.leaf) + own.middle.pem + own.root.pem}
    assert bench.admin.ok("PUT", "/certs/server", json=body)["own"]
