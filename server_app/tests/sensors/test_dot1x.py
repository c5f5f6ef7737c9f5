"""What switches with IEEE 802.1X ask of a sensor: set by people, told to the sensor alone."""

from typing import Any

import pytest
from own_certificates import authority, key_pem, own_certificate
from server_bench import Bench

from sensor_wire.v1.desired import Desired
from server_app.api_base.body import parsed
from server_app.errors import Invalid
from server_app.sensors.schemas import SensorChange

OWN, OTHER = own_certificate(), own_certificate()
CA = authority().pem
PEAP = {"method": "peap", "identity": "EXAMPLE\\sensor", "ca": CA, "server_name": "radius.example.com"}
PASSWORD = "hush-hush"
TLS = {"method": "tls", "identity": "sensor", "ca": CA, "certificate": OWN.body["chain"]}
KEY = key_pem(OWN.key)


@pytest.mark.parametrize(
    ("place", "secret"), [(PEAP, {"password": PASSWORD}), (TLS, {"key": KEY})], ids=["password", "certificate"]
)
def test_only_the_sensor_is_told_the_secret(bench: Bench, place: dict[str, Any], secret: dict[str, str]) -> None:
    sensor = bench.sensor()
    path = f"/sensors/{sensor.id}"
    answer = bench.admin.call("PATCH", path, json={"dot1x": place | secret})
    shown = (answer.json or {})["dot1x"]
    assert {name: shown[name] for name in place} == place
    assert shown["secret_set"] is True
    told = Desired.parse_strict(sensor.poll().json)
    assert told.network is not None
    assert told.network.dot1x is not None
    assert told.network.dot1x.model_dump(mode="json", exclude_none=True) == place | secret
    (value,) = secret.values()
    everywhere = (answer, bench.admin.call("GET", "/sensors"), bench.admin.call("GET", "/audit?object=sensor"))
    assert [each for each in everywhere if value in each.text or "PRIVATE KEY" in each.text] == []


def test_the_secret_stays_with_its_settings_and_goes_with_them(bench: Bench) -> None:
    sensor = bench.sensor()
    path = f"/sensors/{sensor.id}"
    bench.admin.ok("PATCH", path, json={"dot1x": PEAP | {"password": PASSWORD}})
    assert bench.admin.ok("PATCH", path, json={"dot1x": PEAP})["dot1x"]["secret_set"] is True
    for other in ({"ca": authority().pem}, {"identity": "another"}, {"server_name": "attacker.example.com"}):
        answer = bench.admin.call("PATCH", path, json={"dot1x": PEAP | other})
        assert (answer.status_code, (answer.json or {})["errors"][0]["pointer"]) == (400, "/dot1x/password")
    answer = bench.admin.call("PATCH", path, json={"dot1x": TLS})
    assert (answer.json or {})["errors"][0]["pointer"] == "/dot1x/key"
    assert bench.admin.ok("PATCH", path, json={"dot1x": None})["dot1x"] is None
    answer = bench.admin.call("PATCH", path, json={"dot1x": PEAP})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        (PEAP | {"method": "md5"}, "/dot1x/method"),
        (PEAP | {"identity": "a\nb"}, "/dot1x/identity"),
        (PEAP | {"ca": "no certificate"}, "/dot1x/ca"),
        (PEAP | {"certificate": OWN.body["chain"]}, "/dot1x/certificate"),
        (PEAP | {"key": KEY}, "/dot1x/key"),
        (PEAP | {"secret_set": True}, "/dot1x/secret_set"),
        (TLS | {"certificate": None}, "/dot1x/certificate"),
        (TLS | {"password": PASSWORD}, "/dot1x/password"),
        (TLS | {"key": "no key"}, "/dot1x/key"),
        (TLS | {"key": key_pem(OTHER.key)}, "/dot1x/key"),
    ],
)
def test_what_cannot_be_is_refused_with_the_field(changes: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        parsed(SensorChange, {"dot1x": changes})
    assert [error.pointer for error in refused.value.errors] == [pointer]
    assert "PRIVATE KEY" not in str(refused.value.errors)
