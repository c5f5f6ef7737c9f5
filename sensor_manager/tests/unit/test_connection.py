"""A change that loses the server is undone, whatever happens meanwhile."""

from dataclasses import replace
from ipaddress import IPv4Interface, ip_address, ip_interface
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from sensor_manager.connection import ConnectionKeeper
from sensor_manager.interface_keeper import NO_LEASE, NOT_AUTHORIZED
from sensor_manager.plan.dot1x import fingerprint
from sensor_manager.plan.link import Lease, ObservedLink
from sensor_manager.plan.trial import AWAY_SECONDS, MAX_RETRIES, MAX_STARTS, TRIAL_SECONDS
from sensor_manager.plan.way import Connection, fault
from sensor_manager.platforms.memory_link import MemoryLink
from sensor_wire.v1.network import Dot1x, EapMethod, Network, NetworkMode, Proxy, ProxyKind, ServerEndpoint
from sensor_wire.v1.poll import ConnectionState

MAC = "02:00:00:00:00:01"
FOUND = ObservedLink(
    mac=MAC,
    own_mac=MAC,
    up=True,
    addresses=frozenset({ip_interface("198.51.100.2/24")}),
    gateways=frozenset({ip_address("198.51.100.1")}),
)


NOTHING = Connection()
DHCP = Connection(network=Network(mode=NetworkMode.DHCP))
LEASE = Lease(IPv4Interface("198.51.100.50/24"))


def static(address: str) -> Connection:
    return Connection(network=Network(mode=NetworkMode.STATIC, address=address, prefix=24))


class Sensor:
    """A keeper with a clock and a link of the test's own, that can be restarted."""

    def __init__(self, folder: Path) -> None:
        self.now = 1000.0
        self.changes = 0
        self.link = MemoryLink(FOUND)
        self.kept = folder / "connection.json"
        self.start()

    def start(self, configured: Connection = NOTHING) -> None:
        self.keeper = ConnectionKeeper(
            self.link, self.kept, configured, on_change=self._changed, clock=lambda: self.now
        )

    def _changed(self) -> None:
        self.changes += 1

    def tries(self, connection: Connection) -> None:
        self.keeper.want(connection)
        self.keeper.cycle()

    def waits(self, seconds: float) -> None:
        self.now += seconds
        self.keeper.cycle()

    def is_answered(self) -> None:
        self.now += 1
        self.keeper.note_answer()
        self.keeper.cycle()

    @property
    def addresses(self) -> list[str]:
        return sorted(map(str, self.link.state.addresses))

    @property
    def state(self) -> ConnectionState:
        return self.keeper.report().state


@pytest.fixture
def sensor(tmp_path: Path) -> Sensor:
    return Sensor(tmp_path)


def test_what_leads_to_the_server_stays(sensor: Sensor) -> None:
    sensor.tries(static("198.51.100.9"))
    assert (sensor.addresses, sensor.state, sensor.changes) == (["198.51.100.9/24"], ConnectionState.TRYING, 1)
    sensor.is_answered()
    sensor.waits(10 * TRIAL_SECONDS)
    assert (sensor.addresses, sensor.state) == (["198.51.100.9/24"], ConnectionState.CONFIRMED)


def test_what_does_not_is_undone_in_time_and_told(sensor: Sensor) -> None:
    sensor.tries(static("203.0.113.9"))
    sensor.waits(TRIAL_SECONDS - 1)
    assert sensor.addresses == ["203.0.113.9/24"]
    sensor.waits(1)
    assert (sensor.addresses, set(sensor.link.state.gateways)) == (["198.51.100.2/24"], set(FOUND.gateways))
    report = sensor.keeper.report()
    assert (report.state, report.reason) == (ConnectionState.UNDONE, "the server did not answer within 180 s")
    sensor.tries(static("203.0.113.9"))  # it is what the server still asks for
    sensor.waits(10 * TRIAL_SECONDS)
    assert (sensor.addresses, sensor.changes) == (["198.51.100.2/24"], 2)


def test_a_trial_that_the_servers_absence_has_spoilt_is_repeated_when_it_is_back(sensor: Sensor) -> None:
    sensor.tries(static("198.51.100.9"))
    sensor.waits(TRIAL_SECONDS)
    assert sensor.state is ConnectionState.UNDONE
    sensor.waits(AWAY_SECONDS)
    assert sensor.state is ConnectionState.UNDONE, "nothing is known yet"
    sensor.is_answered()
    assert (sensor.state, sensor.addresses) == (ConnectionState.TRYING, ["198.51.100.9/24"])
    sensor.is_answered()
    assert sensor.keeper.report().state is ConnectionState.CONFIRMED


def test_what_was_undone_beside_a_server_that_answers_is_not_repeated(sensor: Sensor) -> None:
    sensor.tries(static("203.0.113.9"))
    sensor.waits(TRIAL_SECONDS)
    sensor.is_answered()
    for _ in range(5):
        sensor.waits(10 * TRIAL_SECONDS)
        sensor.is_answered()
    assert (sensor.state, sensor.changes) == (ConnectionState.UNDONE, 2)


def test_repeating_ends(sensor: Sensor) -> None:
    sensor.tries(static("203.0.113.9"))
    for _ in range(10):
        sensor.waits(TRIAL_SECONDS)
        sensor.waits(AWAY_SECONDS)
        sensor.start()  # the count survives
        sensor.waits(AWAY_SECONDS)
        sensor.is_answered()
    assert (sensor.state, sensor.addresses) == (ConnectionState.UNDONE, ["198.51.100.2/24"])
    assert sensor.changes <= 2 * (1 + MAX_RETRIES)


def test_it_goes_back_to_what_was_confirmed_last(sensor: Sensor) -> None:
    sensor.tries(static("198.51.100.9"))
    sensor.is_answered()
    sensor.tries(static("203.0.113.9"))
    sensor.waits(TRIAL_SECONDS)
    assert sensor.addresses == ["198.51.100.9/24"]


def test_something_else_is_tried_after_an_undone_one(sensor: Sensor) -> None:
    sensor.tries(static("203.0.113.9"))
    sensor.waits(TRIAL_SECONDS)
    sensor.tries(static("198.51.100.9"))
    assert (sensor.addresses, sensor.state) == (["198.51.100.9/24"], ConnectionState.TRYING)


def test_an_undone_one_that_is_taken_back_is_forgotten(sensor: Sensor) -> None:
    sensor.tries(static("198.51.100.9"))
    sensor.is_answered()
    sensor.tries(static("203.0.113.9"))
    sensor.waits(TRIAL_SECONDS)
    sensor.tries(static("198.51.100.9"))
    assert (sensor.state, sensor.keeper.report().reason) == (ConnectionState.CONFIRMED, None)


def test_an_answer_from_before_the_change_confirms_nothing(sensor: Sensor) -> None:
    sensor.keeper.note_answer()
    sensor.now += 1
    sensor.tries(static("203.0.113.9"))
    sensor.waits(TRIAL_SECONDS)
    assert sensor.state is ConnectionState.UNDONE


def test_a_restart_goes_on_with_the_trial_but_not_for_ever(sensor: Sensor) -> None:
    sensor.tries(static("203.0.113.9"))
    for _ in range(MAX_STARTS - 1):
        assert sensor.state is ConnectionState.TRYING
        sensor.start()
    sensor.keeper.cycle()
    sensor.start()
    sensor.keeper.cycle()
    assert (sensor.state, sensor.addresses) == (ConnectionState.UNDONE, ["198.51.100.2/24"])
    assert "restarted 3 times" in (sensor.keeper.report().reason or "")


def test_a_restart_keeps_what_was_confirmed(sensor: Sensor) -> None:
    sensor.tries(static("198.51.100.9"))
    sensor.is_answered()
    sensor.link = MemoryLink(FOUND)  # a machine that has forgotten all
    sensor.start()
    sensor.keeper.cycle()
    assert (sensor.addresses, sensor.state, sensor.changes) == (["198.51.100.9/24"], ConnectionState.CONFIRMED, 1)


def test_a_kept_file_that_is_broken_is_no_reason_not_to_start(sensor: Sensor) -> None:
    sensor.kept.write_text("{")
    sensor.start()
    sensor.keeper.cycle()
    assert (sensor.addresses, sensor.state) == (["198.51.100.2/24"], ConnectionState.CONFIRMED)


def test_what_is_configured_holds_however_long_the_server_is_away(sensor: Sensor) -> None:
    sensor.start(static("198.51.100.9"))
    sensor.waits(100 * TRIAL_SECONDS)
    assert (sensor.addresses, sensor.state) == (["198.51.100.9/24"], ConnectionState.CONFIRMED)
    sensor.tries(static("203.0.113.9"))
    sensor.waits(TRIAL_SECONDS)
    assert sensor.addresses == ["198.51.100.9/24"]
    sensor.start(static("198.51.100.9"))
    sensor.keeper.cycle()
    assert sensor.state is ConnectionState.UNDONE


def test_another_configuration_counts_more_than_all_before(sensor: Sensor) -> None:
    sensor.tries(static("198.51.100.9"))
    sensor.is_answered()
    sensor.start(static("198.51.100.20"))
    sensor.keeper.cycle()
    assert sensor.addresses == ["198.51.100.20/24"]


def test_what_cannot_be_applied_is_told_and_undone(sensor: Sensor) -> None:
    sensor.link.refuses = "ip failed: no"
    sensor.tries(static("198.51.100.9"))
    assert sensor.keeper.report().reason == "ip failed: no"
    sensor.link.refuses = None
    sensor.waits(TRIAL_SECONDS)
    assert sensor.state is ConnectionState.UNDONE


def test_dhcp_without_a_lease_is_never_confirmed_and_undone_in_time(sensor: Sensor) -> None:
    sensor.tries(DHCP)
    sensor.is_answered()  # by the address it had before
    assert (sensor.keeper.report().state, sensor.keeper.report().reason) == (ConnectionState.TRYING, NO_LEASE)
    sensor.waits(TRIAL_SECONDS)
    report = sensor.keeper.report()
    assert (report.state, report.reason) == (ConnectionState.UNDONE, f"{NO_LEASE} (tried for 180 s)")
    assert (sensor.addresses, sensor.link.state.dhcp_client) == (["198.51.100.2/24"], False)


def test_dhcp_is_confirmed_by_an_answer_after_the_lease_and_by_none_before(sensor: Sensor) -> None:
    sensor.tries(DHCP)
    sensor.is_answered()
    sensor.link.state = replace(sensor.link.state, lease=LEASE)
    sensor.waits(1)
    sensor.waits(1)
    assert (sensor.state, sensor.addresses) == (ConnectionState.TRYING, ["198.51.100.50/24"])
    sensor.is_answered()
    assert sensor.keeper.report().state is ConnectionState.CONFIRMED
    sensor.link.state = replace(sensor.link.state, lease=replace(LEASE, lost=True))
    sensor.waits(1)
    assert (sensor.keeper.report().state, sensor.keeper.report().reason) == (ConnectionState.CONFIRMED, NO_LEASE)


def test_what_cannot_be_applied_is_not_confirmed_by_the_old_way(sensor: Sensor) -> None:
    sensor.link.refuses = "ip failed: no"
    sensor.tries(static("198.51.100.9"))
    sensor.is_answered()
    assert sensor.state is ConnectionState.TRYING
    sensor.link.refuses = None
    sensor.waits(1)
    sensor.is_answered()
    assert (sensor.keeper.report().state, sensor.addresses) == (ConnectionState.CONFIRMED, ["198.51.100.9/24"])


def test_a_switch_that_lets_nobody_in_is_the_reason(sensor: Sensor) -> None:
    dot1x = Dot1x(method=EapMethod.PEAP, identity="u", password="p", ca="CA")
    sensor.link.authorized = False
    sensor.tries(Connection(network=Network(dot1x=dot1x)))
    assert sensor.keeper.report().reason == NOT_AUTHORIZED
    sensor.link.authorized = True
    sensor.is_answered()
    assert (sensor.state, sensor.keeper.report().reason) == (ConnectionState.CONFIRMED, None)


@pytest.mark.parametrize("found", [FOUND, replace(FOUND, addresses=frozenset(), gateways=frozenset())])
def test_an_interface_that_is_left_alone_keeps_its_802_1x_when_another_is_undone(
    sensor: Sensor, found: ObservedLink
) -> None:
    right = Dot1x(method=EapMethod.PEAP, identity="u", password="p", ca="CA")
    sensor.link = MemoryLink(found)
    sensor.start(Connection(network=Network(dot1x=right)))
    sensor.keeper.cycle()
    sensor.tries(Connection(network=Network(dot1x=right.model_copy(update={"password": "another"}))))
    sensor.waits(TRIAL_SECONDS)
    assert sensor.state is ConnectionState.UNDONE
    assert sensor.link.state.supplicant == fingerprint(right)
    assert sensor.link.state.addresses == found.addresses


@pytest.mark.parametrize("method", EapMethod)
def test_incomplete_settings_of_802_1x_are_not_even_tried(method: EapMethod) -> None:
    reason = fault(Connection(network=Network(dot1x=Dot1x(method=method, identity="u", ca="CA"))))
    assert reason is not None
    assert method.value.upper() in reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"address": None}, "static mode needs an address and a prefix"),
        ({"prefix": 33}, "an address of IPv4 has no prefix of 33"),
        ({"gateway": ip_address("2001:db8::1")}, "address and gateway are of different families"),
    ],
)
def test_what_makes_no_sense_is_not_even_tried(sensor: Sensor, changes: dict[str, object], reason: str) -> None:
    network = static("198.51.100.9").network
    assert network is not None
    wrong = Connection(network=network.model_copy(update=changes))
    assert fault(wrong) == reason
    sensor.tries(wrong)
    assert (sensor.addresses, sensor.keeper.report().reason) == (["198.51.100.2/24"], reason)


def test_neither_log_nor_report_shows_a_password(sensor: Sensor) -> None:
    proxy = Proxy(kind=ProxyKind.BASIC, host="proxy.example", port=3128, user="u", password="planted-secret")
    dot1x = Dot1x(method=EapMethod.TLS, identity="u", ca="CA", certificate="CERT", key="planted-secret")
    network = Network(mode=NetworkMode.DHCP, dot1x=dot1x)
    with capture_logs() as logs:
        sensor.tries(Connection(network=network, server=ServerEndpoint(host="other.example"), proxy=proxy))
        sensor.waits(TRIAL_SECONDS)
    assert "proxy.example" in repr(logs)
    assert "planted-secret" not in repr(logs) + sensor.keeper.report().model_dump_json()
    assert sensor.kept.stat().st_mode & 0o077 == 0
