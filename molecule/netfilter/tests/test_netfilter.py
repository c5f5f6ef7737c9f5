"""What arrives at the host's outer interface goes to the sensor, source addresses kept; the rest is left alone."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from scenario_testing.netfilter import ATTACKER, HOST, HOST_INSIDE, PING, SENSOR, ask, inside, ip_command, serve


@pytest.fixture(scope="module", autouse=True)
def servers() -> None:
    serve("sensor", "22/tcp", "2323/tcp", "40000/tcp", "5353/udp")
    serve("host", "2323/tcp", "5353/udp", "22/tcp")
    serve("attacker", "8080/tcp")


@contextmanager
def without_the_rule_for_docker() -> Iterator[None]:
    rules = inside("host", "iptables", "-S", "DOCKER-USER").splitlines()
    (ours,) = [rule.split()[1:] for rule in rules if "honeysens" in rule]
    inside("host", "iptables", "-D", *ours)
    try:
        yield
    finally:
        inside("host", "iptables", "-I", *ours)


def test_host_drops_what_nobody_accepts_as_docker_hosts_do() -> None:
    assert "-P FORWARD DROP" in inside("host", "iptables", "-S", "FORWARD")


@pytest.mark.parametrize("port", ["2323/tcp", "40000/tcp", "5353/udp"])
def test_traffic_goes_to_the_sensor_and_keeps_its_source(port: str) -> None:
    assert ask("attacker", HOST, port) == ["sensor", ATTACKER, int(port.partition("/")[0]), HOST]


def test_ping_is_answered_by_the_sensor_in_the_hosts_name() -> None:
    def echoes() -> int:
        names, values = [line.split() for line in inside("sensor", "grep", "^Icmp:", "/proc/net/snmp").splitlines()]
        return int(values[names.index("InEchos")])

    before = echoes()
    assert inside("attacker", "python3", "-c", PING, HOST) == HOST
    assert echoes() == before + 1


def test_closed_port_is_refused_by_the_sensor_in_the_hosts_name() -> None:
    assert ask("attacker", HOST, "9/tcp") == "ConnectionRefusedError"


def test_management_port_stays_with_the_host() -> None:
    assert ask("attacker", HOST, "22/tcp") == ["host", ATTACKER, 22, HOST]


def test_other_interfaces_stay_with_the_host() -> None:
    assert ask("sensor", HOST_INSIDE, "2323/tcp") == ["host", SENSOR, 2323, HOST_INSIDE]


def test_connections_of_the_host_itself_are_left_alone() -> None:
    assert ask("host", ATTACKER, "8080/tcp") == ["attacker", HOST, 8080, ATTACKER]


def test_connection_that_the_kernel_did_not_see_begin_is_left_alone() -> None:
    rules = inside("host", "nft", "list", "table", "ip", "honeysens_host")
    assert rules.index("!= syn accept") < rules.index("dnat to")


def test_without_the_rule_for_docker_nothing_would_pass() -> None:
    with without_the_rule_for_docker():
        assert ask("attacker", HOST, "40000/tcp") == "TimeoutError"
    assert ask("attacker", HOST, "40000/tcp")[0] == "sensor"


def test_nobody_gets_past_the_translation_to_the_sensors_network() -> None:
    ip_command("attacker", "route", "add", f"{SENSOR}/32", "via", HOST)
    try:
        assert ask("attacker", SENSOR, "2323/tcp") == "TimeoutError"
    finally:
        ip_command("attacker", "route", "del", f"{SENSOR}/32")


def test_file_alone_makes_the_table_again() -> None:
    before = inside("host", "nft", "list", "table", "ip", "honeysens_host")
    inside("host", "nft", "delete", "table", "ip", "honeysens_host")
    assert ask("attacker", HOST, "40000/tcp") == "ConnectionRefusedError"
    inside("host", "nft", "-f", "/etc/nftables.d/honeysens-host.nft")
    assert inside("host", "nft", "list", "table", "ip", "honeysens_host") == before


def test_this_machine_has_got_none_of_it() -> None:
    assert "honeysens_host" not in subprocess.check_output(["nft", "list", "tables", "ip"], text=True)
