"""The rules are applied as a whole, read back, and nobody else's."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest
from sensor_support import namespaces
from sensor_support.namespaces import SENSOR, SENSOR6, sh
from sensor_support.netfilter_site import (
    FORWARDING,
    RECON_POT,
    Site,
    words,
)

from sensor_manager.effects.errors import NetfilterError
from sensor_manager.effects.nftables import Nftables
from sensor_manager.model import CatchAll
from sensor_manager.plan.netfilter import render_sensor
from sensor_manager.plan.stand_ins import stand_ins

pytestmark = pytest.mark.netns


def test_kernel_lists_what_was_rendered(site: Site) -> None:
    own = (IPv4Address("198.51.100.3"), IPv6Address("2001:db8::3"))
    seen = stand_ins((IPv4Address(SENSOR), own[0], IPv6Address(SENSOR6), own[1]), RECON_POT)
    for forwarding in (FORWARDING, replace(FORWARDING, catch_alls=(CatchAll(RECON_POT, stand_ins=seen),))):
        site.apply(forwarding)
        rendered = render_sensor(forwarding).partition("delete table inet honeysens")[2]
        assert _in_any_order(site.listing()) == _in_any_order(rendered)


def _in_any_order(rules: str) -> list[str]:
    """Elements of sets are listed in the kernel's own order."""
    return sorted(each.rstrip(",") for each in words(rules))


def test_read_back_notices_tampering_and_survives_a_restart(site: Site, tmp_path: Path) -> None:
    sensor = namespaces.path(site.net.sensor)
    rules = render_sensor(FORWARDING)
    assert site.nftables.current(sensor) == rules
    assert Nftables(tmp_path / "book.json").current(sensor) == rules
    site.tcp(22)
    assert site.nftables.current(sensor) == rules, "traffic is no change"
    sh("ip", "netns", "exec", site.net.sensor, "nft", "insert", "rule", "inet", "honeysens", "forward", "accept")
    assert site.nftables.current(sensor) is None
    site.apply(FORWARDING)
    assert site.nftables.current(sensor) == rules
    sh("ip", "netns", "exec", site.net.sensor, "nft", "flush", "ruleset")
    assert site.nftables.current(sensor) is None


def test_bad_rules_change_nothing(site: Site) -> None:
    before = site.listing()
    with pytest.raises(NetfilterError, match="not applied"):
        site.nftables.apply(
            render_sensor(FORWARDING) + "table inet honeysens { nonsense }", namespaces.path(site.net.sensor)
        )
    assert site.listing() == before


def test_other_tables_are_left_alone(site: Site) -> None:
    sh("ip", "netns", "exec", site.net.sensor, "nft", "add", "table", "inet", "foreign")
    site.apply(replace(FORWARDING, forwards=()))
    assert "table inet foreign" in sh("ip", "netns", "exec", site.net.sensor, "nft", "list", "tables")
