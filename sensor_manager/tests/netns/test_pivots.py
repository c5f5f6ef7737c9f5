"""The rules alone, against all ways out of a honeypot: the table of `sensor_support.pivots`."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest
from sensor_support import namespaces
from sensor_support.builders import eventually
from sensor_support.ears import Ear
from sensor_support.namespaces import Lan, sh
from sensor_support.pivots import Cell, Surroundings, ears, opened, pivots

from sensor_manager.effects.nftables import Nftables
from sensor_manager.model import CatchAll, Forward, Forwarding, Pot
from sensor_manager.plan.netfilter import render_sensor

pytestmark = pytest.mark.netns

MAPPED = Pot(IPv4Address("10.10.10.2"), IPv6Address("fd00::2"))
CAUGHT = Pot(IPv4Address("10.10.10.6"), IPv6Address("fd00:0:0:1::2"))
BRIDGES = (("10.10.10.1", "fd00::1"), ("10.10.10.5", "fd00:0:0:1::1"))
FORWARDING = Forwarding(
    interface="eth0",
    bridges=(("hs-pot0", MAPPED), ("hs-pot1", CAUGHT)),
    forwards=(Forward("tcp", 22, MAPPED, 2222),),
    catch_alls=(CatchAll(CAUGHT),),
)


@dataclass
class Site:
    """A honeypot, all ways out of it, and who listens there."""

    net: Lan
    pot: str
    cells: tuple[Cell, ...]
    listening: list[Ear]

    def opened(self) -> set[Cell]:
        return opened(namespaces.path(self.pot), self.cells, self.listening)


@pytest.fixture(params=[0, 1], ids=["mapped", "catch-all"])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    number: int = request.param
    with ExitStack() as stack:
        net = stack.enter_context(namespaces.lan(ipv6=True))
        pots = [stack.enter_context(namespaces.honeypot(net, each)) for each in range(2)]
        links = json.loads(sh("ip", "-n", net.sensor, "-j", "-6", "addr", "show", "dev", f"hs-pot{number}"))
        (own,) = [each["local"] for each in links[0]["addr_info"] if each["scope"] == "link"]
        peer = (MAPPED, CAUGHT)[1 - number]
        around = Surroundings((*BRIDGES[number], f"{own}%eth0"), (str(peer.address), str(peer.address6)))
        listening = stack.enter_context(ears(net, namespaces.path(pots[1 - number])))
        yield Site(net, pots[number], pivots(around), listening)


@pytest.mark.parametrize("host_network", [False, True], ids=["own network", "host network"])
def test_no_way_out_is_open_and_without_the_rules_all_are(site: Site, tmp_path: Path, *, host_network: bool) -> None:
    rules = render_sensor(replace(FORWARDING, host_network=host_network))
    Nftables(tmp_path / "book.json").apply(rules, namespaces.path(site.net.sensor))
    assert site.opened() == set()
    sh("ip", "netns", "exec", site.net.sensor, "nft", "delete", "table", "inet", "honeysens")
    closed = set(site.cells)

    def all_have_been_open() -> bool:
        closed.difference_update(site.opened())
        return not closed

    eventually(all_have_been_open, "every cell of the table can fail")
