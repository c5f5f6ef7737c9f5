"""Who has the database alone has none of the secrets in it; without their keys, only what needs them stops."""

import stat
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from own_certificates import authority
from planted_secrets import LDAP, OIDC, SYSTEM_PROXY, plant, plant_in_sensor
from pydantic import ValidationError
from server_bench import Bench, SensorClient
from sqlalchemy import select, text
from stored_bytes import stored

from sensor_wire.v1.desired import Desired
from server_app.at_rest.hidden import Hidden
from server_app.at_rest.keys import SecretKeys, SecretUnreadable
from server_app.directory.preferences import LdapSection
from server_app.initialise import initialise, renew_secret_keys
from server_app.models import Sensor, SensorStatus
from server_app.preferences import service as preferences

OWN = "planted-proxy-password-of-own"
FILE = "secret.keys"


@pytest.fixture
def sensor(bench: Bench) -> SensorClient:
    """One with secrets, which has polled; the settings have theirs, too."""
    plant(bench.admin)
    sensor = bench.sensor("with-secrets")
    plant_in_sensor(bench.admin, sensor.id, "own")
    assert told(sensor)["proxy"]["password"] == OWN
    return sensor


def told(sensor: SensorClient) -> Any:
    answer = sensor.poll()
    assert answer.status_code == 200, answer.text
    return answer.json


def keys_of(bench: Bench) -> Path:
    return bench.settings.data_dir / FILE


def test_the_database_alone_gives_no_secret_away(bench: Bench, sensor: SensorClient) -> None:
    entry = {"name": "s", "division": 1, "proxy": {"kind": "basic", "host": "p", "port": 1, "user": "u"}}
    entry["proxy"]["password"] = "planted-in-a-repeatable-call"  # type: ignore[index]
    bench.admin.ok("POST", "/sensors", json=entry, headers={"Idempotency-Key": "once"})

    content = stored(bench.database)

    for secret in (LDAP, OIDC, SYSTEM_PROXY, OWN, "planted-in-a-repeatable-call"):
        assert secret not in content
    for key in keys_of(bench).read_text().split():
        assert key not in content
    assert stat.S_IMODE(keys_of(bench).stat().st_mode) == 0o600
    with bench.database.reading() as session:
        ldap = preferences.load(session, LdapSection)
    assert ldap.bind_password is not None
    assert ldap.bind_password.text == LDAP
    assert told(sensor)["network"]["dot1x"]["password"] == OWN


def test_what_was_told_cannot_be_guessed_by_its_hash(bench: Bench, sensor: SensorClient) -> None:
    desired = Desired.model_validate(told(sensor))
    guess = sha256(desired.model_dump_json(exclude={"generation"}).encode()).hexdigest()
    with bench.database.reading() as session:
        assert session.scalar(select(SensorStatus.desired_hash).where(SensorStatus.sensor_id == sensor.id)) != guess


def test_a_secret_goes_nowhere_by_mistake() -> None:
    section = LdapSection.model_validate({"bind_password": LDAP})
    assert LDAP not in f"{section} {section!r} {section.bind_password} {section.bind_password!r} {section.shown()}"
    with pytest.raises(Exception, match="not written out"):
        section.model_dump_json()
    for body in ('{"bind_password": {"sealed": "x"}}', '{"bind_password": ""}'):
        with pytest.raises(ValidationError):
            LdapSection.model_validate_json(body, strict=True)


def test_with_a_new_key_everything_goes_on_without_a_restart(bench: Bench, sensor: SensorClient) -> None:
    generation = told(sensor)["generation"]
    before = keys_of(bench).read_text().split()

    renew_secret_keys(bench.settings)

    newest, *others = keys_of(bench).read_text().split()
    assert others == before
    assert newest not in before
    assert told(sensor)["generation"] == generation, "nothing of it has changed"
    keys_of(bench).write_text(newest + "\n")  # the others were for backups
    bench.admin.ok("PATCH", f"/sensors/{sensor.id}", json={"location": "cellar"})
    assert told(sensor)["proxy"]["password"] == OWN


@pytest.mark.parametrize("lost", [Path.unlink, lambda file: file.write_bytes(b"")], ids=["missing", "empty"])
def test_without_keys_only_what_needs_them_stops(bench: Bench, sensor: SensorClient, lost: Any) -> None:
    saved = keys_of(bench).read_bytes()
    plain = bench.sensor("plain")
    bench.admin.ok("PATCH", f"/sensors/{plain.id}", json={"proxy": {"kind": "none"}})
    lost(keys_of(bench))

    bench.admin.ok("PATCH", f"/sensors/{sensor.id}", json={"location": "cellar"})
    assert bench.admin.ok("PATCH", "/settings/ldap", json={"bind_dn": "cn=other"})["bind_password_set"] is True
    assert bench.admin.ok("GET", "/settings")["oidc"]["client_secret_set"] is True
    assert len(bench.admin.ok("GET", "/sensors")["items"]) == 2
    assert told(plain)["proxy"] is None
    for answer in (sensor.poll(), bench.admin.call("PATCH", "/settings/ldap", json={"bind_password": "another"})):
        assert answer.status_code == 503
        assert answer.json is not None
        assert FILE in answer.json["detail"]
        assert "backup" in answer.json["detail"]
        assert str(bench.settings.data_dir) not in answer.text

    keys_of(bench).write_bytes(saved)
    assert told(sensor)["proxy"]["password"] == OWN


def test_init_tells_which_secrets_a_new_key_cannot_read(
    bench: Bench, sensor: SensorClient, capsys: pytest.CaptureFixture[str]
) -> None:
    keys_of(bench).unlink()
    capsys.readouterr()
    initialise(bench.settings)

    said = capsys.readouterr().out
    for words in ("secrets_unreadable", str(keys_of(bench)), "preferences ldap: bind_password", "dot1x_secret"):
        assert words in said
    assert "not in secret.keys" in sensor.poll().text
    password = plant_in_sensor(bench.admin, sensor.id, "own")
    assert told(sensor)["proxy"]["password"] == password
    with pytest.raises(SecretUnreadable):
        renew_secret_keys(bench.settings)


def test_the_same_secret_is_no_change(bench: Bench, sensor: SensorClient) -> None:
    with bench.database.reading() as session:
        before = session.get_one(Sensor, sensor.id).proxy_password
    assert before == Hidden(OWN)
    assert before != Hidden("another")
    raw = text("SELECT proxy_password FROM sensors WHERE id = :id")
    with bench.database.engine.connect() as connection:
        sealed = connection.scalar(raw, {"id": sensor.id})
    plant_in_sensor(bench.admin, sensor.id, "own")
    with bench.database.engine.connect() as connection:
        assert connection.scalar(raw, {"id": sensor.id}) == sealed


def test_a_key_of_a_certificate_is_sealed_too(bench: Bench) -> None:
    issuer = authority()
    key = issuer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    dot1x = {"method": "tls", "identity": "s", "ca": issuer.pem, "certificate": issuer.pem, "key": key}
    sensor = bench.sensor()
    bench.admin.ok("PATCH", f"/sensors/{sensor.id}", json={"dot1x": dot1x})
    assert key.splitlines()[1] not in stored(bench.database)
    assert told(sensor)["network"]["dot1x"]["key"] == key


def test_keys_are_made_once(tmp_path: Path) -> None:
    keys = SecretKeys(tmp_path / FILE)
    assert keys.create()
    sealed = keys.seal("text")
    assert not SecretKeys(tmp_path / FILE).create()
    assert SecretKeys(tmp_path / FILE).open(sealed) == "text"
    (tmp_path / FILE).write_text("no key\n")
    with pytest.raises(SecretUnreadable, match="is no key"):
        keys.open(sealed)


def test_keys_move_to_a_place_of_their_own_and_open_what_they_did(tmp_path: Path) -> None:
    former, file = tmp_path / "data" / FILE, tmp_path / "keys" / FILE
    for folder in (former.parent, file.parent):
        folder.mkdir()
    SecretKeys(former).create()
    sealed = SecretKeys(former).seal(LDAP)
    moved = SecretKeys(file)
    assert moved.take_over(former)
    assert moved.open(sealed) == LDAP
    assert not former.exists()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    former.write_text("of a backup that was put back\n")
    assert not moved.take_over(former), "keys that are there are not replaced"
    assert not SecretKeys(former).take_over(former)
    assert moved.open(sealed) == LDAP
