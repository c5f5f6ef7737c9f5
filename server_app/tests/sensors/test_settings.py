"""All settings of a sensor: its own, the system's where it has none, and what is refused."""

from typing import Any

import pytest
from server_bench import Bench

from sensor_wire.v1.desired import Desired
from server_app.api_base.body import parsed
from server_app.errors import Invalid
from server_app.sensors.preferences import SensorSection
from server_app.sensors.schemas import SensorChange

STATIC = {"mode": "static", "address": "192.0.2.10", "prefix": 24, "gateway": "192.0.2.1"}
NTLM = {"kind": "ntlm", "host": "proxy.example.com", "port": 3128, "user": "EXAMPLE\\sensor", "password": "hush-hush"}
PLACE = {name: value for name, value in NTLM.items() if name != "password"}
SERVER = {"host": "honeysens.example.com", "port": 9443, "address": "192.0.2.2"}
OWN = {
    "poll_interval": 5,
    "server": SERVER,
    "network": STATIC,
    "dns_servers": ["192.0.2.53", "2001:db8::53"],
    "mac_address": "02-00-5E-00-53-01",
    "proxy": NTLM,
}


def desired(bench: Bench, **settings: Any) -> Desired:
    """What a sensor with these settings is told."""
    sensor = bench.sensor()
    bench.admin.ok("PATCH", f"/sensors/{sensor.id}", json=settings)
    return Desired.parse_strict(sensor.poll().json)


def test_every_setting_has_a_system_default(bench: Bench) -> None:
    shown = bench.admin.ok("GET", f"/sensors/{bench.sensor_row()}")
    del shown["effective"]["persona"]  # its host name is made by chance

    assert [shown[name] for name in OWN] == [None] * len(OWN)
    assert shown["effective"] == {
        "poll_interval": 60,
        "server": {"host": "server.example.com", "port": 8443, "address": None},
        "network": {"mode": "unconfigured", "address": None, "prefix": None, "gateway": None, "additional": []},
        "dns_servers": [],
        "proxy": {"kind": "none", "host": None, "port": None, "user": None, "password_set": False},
    }


def test_the_systems_values_hold_where_a_sensor_has_none(bench: Bench) -> None:
    system = {
        "server": SERVER,
        "network_mode": "dhcp",
        "dns_servers": ["192.0.2.53"],
        "proxy": PLACE,
        "proxy_password": "hush-hush",
    }
    bench.admin.ok("PATCH", "/settings/sensors", json=system)

    told = desired(bench)
    shown = bench.admin.ok("GET", "/sensors")["items"][0]["effective"]

    assert shown["server"] == SERVER
    assert shown["network"]["mode"] == "dhcp"
    assert shown["proxy"] == PLACE | {"password_set": True}
    assert told.proxy is not None
    assert (told.proxy.host, told.proxy.password) == ("proxy.example.com", "hush-hush")
    assert told.network is not None
    assert (told.network.mode, [str(server) for server in told.network.dns_servers]) == ("dhcp", ["192.0.2.53"])


def test_a_sensors_own_values_go_before_the_systems(bench: Bench) -> None:
    bench.admin.ok("PATCH", "/settings/sensors", json={"dns_servers": ["198.51.100.53"], "poll_interval": 9})

    told = desired(bench, **OWN).model_dump(mode="json")

    assert told["poll_interval"] == 5
    assert told["server"] == SERVER
    assert told["proxy"] == NTLM
    assert told["network"] == STATIC | {
        "dns_servers": ["192.0.2.53", "2001:db8::53"],
        "mac_address": "02:00:5e:00:53:01",
        "dot1x": None,
        "additional": [],
    }


def test_a_sensor_can_say_none_where_the_system_has_a_proxy(bench: Bench) -> None:
    bench.admin.ok("PATCH", "/settings/sensors", json={"proxy": {"kind": "basic", "host": "proxy", "port": 1}})
    assert desired(bench, proxy={"kind": "none"}).proxy is None


def test_null_gives_the_systems_value_back(bench: Bench) -> None:
    sensor = bench.sensor_row()
    before = bench.admin.ok("GET", f"/sensors/{sensor}")
    bench.admin.ok("PATCH", f"/sensors/{sensor}", json=OWN)
    assert bench.admin.ok("PATCH", f"/sensors/{sensor}", json=dict.fromkeys(OWN)) == before


def test_a_sensor_can_be_made_with_all_settings(bench: Bench) -> None:
    shown = bench.admin.ok("POST", "/sensors", json={"name": "one", "division": 1} | OWN)
    assert (shown["server"], shown["poll_interval"], shown["proxy"]["password_set"]) == (SERVER, 5, True)


def test_the_password_is_never_shown(bench: Bench) -> None:
    sensor = bench.sensor_row()
    answers = [
        bench.admin.call("PATCH", f"/sensors/{sensor}", json={"proxy": NTLM}),
        bench.admin.call("PATCH", "/settings/sensors", json={"proxy": PLACE, "proxy_password": "hush-hush"}),
        bench.admin.call("GET", f"/sensors/{sensor}"),
        bench.admin.call("GET", "/sensors"),
        bench.admin.call("GET", "/settings"),
    ]
    for answer in answers:
        assert "hush-hush" not in answer.text
    assert (answers[0].json or {})["proxy"]["password_set"] is True


def test_the_password_stays_with_its_proxy_and_user(bench: Bench) -> None:
    sensor = bench.sensor()
    path = f"/sensors/{sensor.id}"
    bench.admin.ok("PATCH", path, json={"proxy": NTLM})

    assert bench.admin.ok("PATCH", path, json={"proxy": PLACE})["proxy"]["password_set"] is True
    for other in ({"host": "attacker.example.com"}, {"port": 1}, {"user": "EXAMPLE\\other"}, {"kind": "basic"}):
        answer = bench.admin.call("PATCH", path, json={"proxy": PLACE | other})
        assert answer.status_code == 400
        assert (answer.json or {})["errors"][0]["pointer"] == "/proxy/password"
    assert (sensor.poll().json or {})["proxy"] == NTLM
    anonymous = bench.admin.ok("PATCH", path, json={"proxy": {"kind": "basic", "host": "proxy", "port": 1}})
    assert anonymous["proxy"]["password_set"] is False


@pytest.mark.parametrize(
    ("settings", "pointer"),
    [
        ({"network": {"mode": "manual"}}, "/network/mode"),
        ({"network": {}}, "/network/mode"),
        ({"network": {"mode": "static", "prefix": 24}}, "/network/address"),
        ({"network": {"mode": "static", "address": "192.0.2.10"}}, "/network/prefix"),
        ({"network": {"mode": "dhcp", "address": "192.0.2.10"}}, "/network/address"),
        ({"network": {"mode": "dhcp", "gateway": "192.0.2.1"}}, "/network/gateway"),
        ({"network": STATIC | {"gateway": "192.0.3.1"}}, "/network/gateway"),
        ({"network": STATIC | {"gateway": "192.0.2.10"}}, "/network/gateway"),
        ({"network": STATIC | {"gateway": "2001:db8::1"}}, "/network/gateway"),
        ({"network": STATIC | {"prefix": 33}}, "/network/prefix"),
        ({"network": STATIC | {"prefix": 0}}, "/network/prefix"),
        ({"network": STATIC | {"address": "192.0.2.255"}}, "/network/prefix"),
        ({"network": STATIC | {"address": "192.0.2.0"}}, "/network/prefix"),
        ({"network": STATIC | {"address": "224.0.0.1"}}, "/network/address"),
        ({"network": STATIC | {"address": "127.0.0.1"}}, "/network/address"),
        ({"network": STATIC | {"address": "::"}}, "/network/address"),
        ({"network": STATIC | {"address": "300.0.0.1"}}, "/network/address"),
        ({"network": STATIC | {"vlan": 7}}, "/network/vlan"),
        ({"network": {"mode": "unconfigured", "additional": ["192.0.2.7/24"]}}, "/network/additional"),
        ({"network": STATIC | {"additional": ["192.0.2.10/24"]}}, "/network/additional"),
        ({"network": STATIC | {"additional": ["192.0.2.7/24", "192.0.2.7/25"]}}, "/network/additional"),
        ({"network": STATIC | {"additional": ["192.0.2.0/24"]}}, "/network/additional/0"),
        ({"network": STATIC | {"additional": ["fe80::1/64"]}}, "/network/additional/0"),
        ({"network": STATIC | {"additional": ["somewhere"]}}, "/network/additional/0"),
        ({"dns_servers": ["192.0.2.53", "0.0.0.0"]}, "/dns_servers/1"),
        ({"dns_servers": ["192.0.2.53"] * 9}, "/dns_servers"),
        ({"mac_address": "02:00:5e:00:53"}, "/mac_address"),
        ({"mac_address": "01:00:5e:00:53:01"}, "/mac_address"),
        ({"mac_address": "00:00:00:00:00:00"}, "/mac_address"),
        ({"server": {"port": 443}}, "/server/host"),
        ({"server": {"host": "https://server"}}, "/server/host"),
        ({"server": {"host": "a b"}}, "/server/host"),
        ({"server": {"host": "server", "port": 65536}}, "/server/port"),
        ({"server": {"host": "192.0.2.1", "address": "192.0.2.2"}}, "/server/address"),
        ({"proxy": {"kind": "socks"}}, "/proxy/kind"),
        ({"proxy": {"kind": "basic", "port": 1}}, "/proxy/host"),
        ({"proxy": {"kind": "basic", "host": "proxy"}}, "/proxy/port"),
        ({"proxy": {"kind": "ntlm", "host": "proxy", "port": 1}}, "/proxy/user"),
        ({"proxy": {"kind": "none", "host": "proxy"}}, "/proxy/host"),
        ({"proxy": {"kind": "basic", "host": "proxy", "port": 1, "password": "x"}}, "/proxy/password"),
        ({"proxy": {"kind": "none", "password": "x"}}, "/proxy/password"),
        ({"proxy": NTLM | {"user": "a\nb"}}, "/proxy/user"),
        ({"proxy": NTLM | {"password_set": True}}, "/proxy/password_set"),
    ],
)
def test_what_cannot_be_is_refused_with_the_field(settings: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        parsed(SensorChange, settings)
    assert [error.pointer for error in refused.value.errors] == [pointer]


def test_a_refused_change_changes_nothing(bench: Bench) -> None:
    sensor = bench.sensor_row()
    before = bench.admin.ok("GET", f"/sensors/{sensor}")
    for part in ({"network": STATIC | {"gateway": "192.0.3.1"}}, {"division": 4711}, {"name": ""}):
        assert bench.admin.call("PATCH", f"/sensors/{sensor}", json=OWN | part).status_code == 400
    assert bench.admin.ok("GET", f"/sensors/{sensor}") == before


@pytest.mark.parametrize(
    ("settings", "pointer"),
    [
        ({"proxy_password": "x"}, "/proxy_password"),
        ({"proxy": {"kind": "basic", "host": "a", "port": 1}, "proxy_password": "x"}, "/proxy_password"),
        ({"proxy": {"kind": "basic", "port": 1}}, "/proxy/host"),
        ({"network_mode": "static"}, "/network_mode"),
        ({"server": {"host": "a/b"}}, "/server/host"),
        ({"history_days": 0}, "/history_days"),
    ],
)
def test_what_the_system_cannot_be_is_refused_too(settings: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        parsed(SensorSection, settings)
    assert [error.pointer for error in refused.value.errors] == [pointer]


@pytest.mark.parametrize("network", [STATIC | {"prefix": 31, "gateway": None}, {"mode": "dhcp"}])
def test_what_can_be_is_accepted(network: dict[str, Any]) -> None:
    change = parsed(SensorChange, {"network": network})
    assert change.network is not None
    assert change.network.model_dump(mode="json", exclude_unset=True) == network


def test_ipv6_is_as_good(bench: Bench) -> None:
    network = {"mode": "static", "address": "2001:db8::10", "prefix": 64, "gateway": "2001:db8::1"}
    told = desired(bench, network=network, server={"host": "2001:db8::2"})
    assert told.network is not None
    assert told.server is not None
    assert (str(told.network.address), told.server.host) == ("2001:db8::10", "2001:db8::2")


def test_a_sensor_moves_to_another_division(bench: Bench) -> None:
    other = bench.division("other")
    shown = bench.admin.ok("PATCH", f"/sensors/{bench.sensor_row()}", json={"division": other})
    assert (shown["division"], shown["division_name"]) == (other, "other")


def test_changes_are_recorded_without_the_password(bench: Bench) -> None:
    sensor = bench.sensor_row()
    bench.admin.ok("PATCH", f"/sensors/{sensor}", json={"proxy": NTLM})

    answer = bench.admin.call("GET", f"/audit?object=sensor&object_id={sensor}&action=changed")

    assert "hush-hush" not in answer.text
    (entry,) = (answer.json or {})["items"]
    assert entry["after"] == {"proxy": PLACE, "proxy_password": "changed"}
