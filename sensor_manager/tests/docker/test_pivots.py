"""A honeypot that has been taken over reaches nothing: the table of `sensor_support.pivots`, on a running sensor."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import pytest
from sensor_support import namespaces
from sensor_support.builders import eventually
from sensor_support.ears import Ear
from sensor_support.engine import DOCKER
from sensor_support.namespaces import ATTACKER, ATTACKER6, sh
from sensor_support.pivots import Cell, Surroundings, ears, opened, pivots
from sensor_support.sensor_process import Sensor

pytestmark = [pytest.mark.docker, pytest.mark.netns]

MODES = {"mapped": ("pot", "sleeper"), "catch-all": ("sleeper", "pot")}
"""By mode, the honeypot and its peer."""


@dataclass
class TakenOver:
    """A honeypot as its network namespace, all ways out of it, and who listens there."""

    sensor: Sensor
    name: str
    cells: tuple[Cell, ...]
    listening: list[Ear]

    @property
    def place(self) -> str:
        return _sandbox(self.sensor, self.name)

    def opened(self) -> set[Cell]:
        return opened(self.place, self.cells, self.listening)

    def say(self, command: str) -> str:
        return sh(DOCKER, "-H", self.sensor.docker, "exec", f"honeysens-{self.name}", "bash", "-c", command)


def _sandbox(sensor: Sensor, name: str) -> str:
    return str(sensor.inspect(name)["NetworkSettings"]["SandboxKey"])


def _network(sensor: Sensor, name: str) -> dict[str, str]:
    (network,) = sensor.inspect(name)["NetworkSettings"]["Networks"].values()
    return dict(network)


@contextmanager
def taken_over(sensor: Sensor, name: str, peer: str) -> Iterator[TakenOver]:
    own, other = _network(sensor, name), _network(sensor, peer)
    (bridge,) = json.loads(sh("ip", "-n", sensor.net.sensor, "-j", "addr", "show", "to", f"{own['Gateway']}/32"))
    links = json.loads(sh("ip", "-n", sensor.net.sensor, "-j", "-6", "addr", "show", "dev", bridge["ifname"]))
    (link_local,) = [
        each["local"] for each in links[0]["addr_info"] if each["scope"] == "link" and each["local"] != "fe80::1"
    ]
    bridges = (own["Gateway"], own["IPv6Gateway"], f"{link_local}%eth0")
    cells = pivots(Surroundings(bridges, (other["IPAddress"], other["GlobalIPv6Address"])))
    with ears(sensor.net, _sandbox(sensor, peer)) as listening:
        yield TakenOver(sensor, name, cells, listening)


def _assert_closed(sensor: Sensor) -> None:
    for name, peer in MODES.values():
        with taken_over(sensor, name, peer) as pot:
            assert pot.opened() == set(), name
            assert pot.say("timeout 2 getent hosts sensor.example || echo no answer").strip() == "no answer"
            told = pot.say("find / -xdev -type s; ls /run/honeysens").split()
            assert told == ["addresses", "events.sock", "identity"], name
    for source in (ATTACKER, ATTACKER6):
        assert "hello" in sensor.connect(source=source), "an attacker's session works all the while"


@pytest.mark.parametrize("arguments", [(), ("--host-network",)], ids=["own network", "host network"])
def test_taken_over_honeypots_reach_nothing_also_after_restarts(sensor: Sensor, arguments: tuple[str, ...]) -> None:
    sensor.kill()
    sensor.start(*arguments)
    sensor.want("pot", "sleeper")
    sensor.runs("pot", "sleeper")
    _assert_closed(sensor)
    sh("ip", "netns", "exec", sensor.net.sensor, "nft", "delete", "table", "inet", "honeysens")
    eventually(lambda: "honeysens" in sensor.rules(), "the rules are back")
    repairs = eventually(lambda: sensor.server.reports[-1].netfilter, "the repair is reported")
    assert repairs.repairs == 1
    for setting in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
        forget = f"echo 0 >/proc/sys/net/{setting}"
        sh("ip", "netns", "exec", sensor.net.sensor, "sh", "-c", forget)
        eventually(lambda: "hello" in sensor.connect(source=ATTACKER6), "the kernel hands packets on again")
        eventually(lambda: "hello" in sensor.connect(), "by IPv4, too")
    sensor.engine.restart()
    sensor.kill(signal.SIGTERM)
    sensor.start(*arguments)
    sensor.server.reports.clear()
    sensor.runs("pot", "sleeper")
    _assert_closed(sensor)
    _assert_every_cell_can_fail(sensor)


def _assert_every_cell_can_fail(sensor: Sensor) -> None:
    sensor.kill()
    for place in (namespaces.path(sensor.net.sensor), _sandbox(sensor, "sleeper")):
        sh("nsenter", f"--net={place}", "nft", "delete", "table", "inet", "honeysens")
    for name, peer in MODES.values():
        with taken_over(sensor, name, peer) as pot:
            eventually(partial(_all_have_been_open, pot, set(pot.cells)), "every cell is open")
    sensor.start()


def _all_have_been_open(pot: TakenOver, closed: set[Cell]) -> bool:
    closed.difference_update(pot.opened())
    return not closed
