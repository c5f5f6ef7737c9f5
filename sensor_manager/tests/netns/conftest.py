"""What tests of netfilter have in common."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sensor_support import namespaces
from sensor_support.netfilter_site import FORWARDING, Site

from sensor_manager.effects.nftables import Nftables


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        net = stack.enter_context(namespaces.lan(ipv6=True))
        pots = stack.enter_context(namespaces.honeypot(net, 0)), stack.enter_context(namespaces.honeypot(net, 1))
        made = Site(net, pots, Nftables(tmp_path / "book.json"))
        made.serve(stack, pots[0], "cowrie", "tcp:2222,tcp:9,udp:6969")
        made.serve(stack, pots[1], "recon", "tcp:22,tcp:4711,udp:69,udp:5353")
        made.apply(FORWARDING)
        yield made
