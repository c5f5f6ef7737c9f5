"""The plan as properties: from anywhere it arrives and rests, touches only what is ours, and lets nothing out."""

from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, ip_address
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st
from sensor_support.builders import SITE, desired, service
from sensor_support.model_sensor import ModelSensor
from sensor_support.rules import Packet, read_rules

from sensor_manager.model import (
    Action,
    ApplyNetfilter,
    Attempts,
    CreateContainer,
    CreateNetwork,
    Listener,
    Observed,
    ObservedContainer,
    ObservedNetwork,
    PrepareNamespace,
    PullImage,
    RemoveContainer,
    RemoveImage,
    RemoveNetwork,
    Site,
    StartContainer,
    StopContainer,
)
from sensor_manager.plan.containers import plan
from sensor_manager.plan.contract import contract_hash, image_reference
from sensor_manager.plan.netfilter import render_sensor
from sensor_manager.plan.report import report_services
from sensor_wire.base import PortRange
from sensor_wire.v1.desired import Desired
from sensor_wire.v1.poll import ServiceState

ADDRESSES = [ip_address(each) for each in ("192.0.2.1", "192.0.2.2", "2001:db8::2", "2001:db8::1", "192.0.2.3")]
SITES = st.sampled_from(
    [
        SITE,
        replace(SITE, pool6=None),
        replace(SITE, host_network=True),
        replace(SITE, host_network=True, pool6=None, management=(ADDRESSES[0],)),
    ]
)
LISTENERS = st.builds(
    Listener, st.sampled_from(["tcp", "udp"]), st.sampled_from([22, 25, 53]), st.none() | st.sampled_from(ADDRESSES)
)
NAMES = st.sampled_from(["cowrie", "recon", "web", "smb"])
SERVICES = st.builds(
    service,
    NAMES,
    st.sampled_from("abc"),
    ports=st.dictionaries(st.sampled_from(["22/tcp", "53/udp", "80/tcp"]), st.sampled_from([22, 53, 80]), max_size=2),
    catch_all=st.booleans(),
    revision=st.sampled_from(["1", "2"]),
    port_ranges=st.just([]) | st.just([PortRange(protocol="tcp", first=20, last=30)]),
    address=st.none() | st.sampled_from(ADDRESSES[:3]),
    raw=st.sampled_from([False, False, False, True]),
)
DESIRED = st.lists(SERVICES, max_size=4, unique_by=lambda each: each.name).map(lambda each: desired(*each))
SUBNETS6 = st.sampled_from([None, IPv6Network("fd68:6f6e:6579::/64"), IPv6Network("fd68:6f6e:6579:7::/64")])
SUBNETS = st.sampled_from([*islice(SITE.pool.subnets(new_prefix=30), 6), IPv4Network("172.30.0.0/16")])
NETWORKS = st.lists(
    st.builds(ObservedNetwork, st.uuids().map(str), NAMES | st.just("gone"), SUBNETS, SUBNETS6),
    max_size=6,
    unique_by=lambda each: each.subnet,
)


@st.composite
def situations(draw: st.DrawFn) -> tuple[Desired, Observed]:
    """A desired state, and a sensor in any state: half done, of yesterday, or meddled with."""
    wanted = draw(DESIRED)
    known = [*wanted.services, *draw(DESIRED).services]
    images = {image_reference(SITE, each) for each in known} | {f"{SITE.registry}/old@sha256:{'f' * 64}"}
    contracts = [("cowrie", "", "elsewhere/x@sha256:0"), ("gone", "other", min(images))]
    contracts += [(each.name, contract_hash(each), image_reference(SITE, each)) for each in known]
    containers = []
    for identifier in draw(st.lists(st.uuids().map(str), max_size=5, unique=True)):
        name, contract, image = draw(st.sampled_from(contracts))
        running, prepared = draw(st.booleans()), draw(st.booleans())
        made = ObservedContainer(identifier, name, contract, "1", image, running=running, started=running or prepared)
        made = replace(made, sandbox=identifier if running else "", prepared=running and prepared)
        containers.append(replace(made, half_removed=not running and draw(st.booleans())))
    tries = st.builds(Attempts, st.integers(0, 9), st.sampled_from([0.0, 150.0]), st.sampled_from([None, "why"]))
    return wanted, Observed(
        now=100.0,
        containers=tuple(containers),
        networks=tuple(draw(NETWORKS)),
        images=frozenset(draw(st.sets(st.sampled_from(sorted(images)))) | {each.image for each in containers}),
        pulling=dict.fromkeys(draw(st.sets(st.sampled_from(sorted(images))))),
        netfilter=draw(st.sampled_from([None, "others"])),
        netfilter_error=draw(st.sampled_from([None, "nft is missing"])),
        attempts=draw(st.dictionaries(st.sampled_from([contract for _, contract, _ in contracts]), tries)),
        addresses=tuple(draw(st.lists(st.sampled_from(ADDRESSES), max_size=5, unique=True))),
        listeners=tuple(draw(st.lists(LISTENERS, max_size=2))),
    )


@given(situations(), SITES)
def test_from_any_state_the_plan_arrives_and_rests(situation: tuple[Desired, Observed], site: Site) -> None:
    wanted, observed = situation
    sensor = ModelSensor(observed, site=site)
    sensor.settle(wanted)
    seen = sensor.observed
    report = report_services(replace(seen, attempts={}), wanted, site)
    refused = {each.name for each in report.services if each.state is ServiceState.FAILED}
    runs = {each.name: each for each in wanted.services if each.name not in refused}
    assert {each.service: each.contract for each in seen.containers} == {
        name: contract_hash(each) for name, each in runs.items()
    }
    assert len(seen.containers) == len(runs)
    assert all(each.running for each in seen.containers)
    assert seen.images == {image_reference(site, each) for each in runs.values()}
    assert sorted(each.service for each in seen.networks) == sorted(runs)
    assert all(each.subnet.subnet_of(site.pool) for each in seen.networks)
    assert {each.subnet6 is not None for each in seen.networks} <= {site.pool6 is not None}
    assert report.complete == (not refused)
    assert plan(seen, wanted, site) == ()


def _touches_what_is_there(action: Action, observed: Observed, site: Site) -> bool:
    """Tell whether an action is about something that has been seen as ours, and of that very service, or is new."""
    containers = {(each.id, each.service) for each in observed.containers}
    networks = {(each.id, each.service) for each in observed.networks}
    match action:
        case StartContainer() | PrepareNamespace() | StopContainer() | RemoveContainer():
            holds = (action.id, action.service) in containers
        case RemoveNetwork():
            holds = (action.id, action.service) in networks
        case RemoveImage(image):
            holds = image in observed.images
        case PullImage(image=image):
            holds = image.startswith(f"{site.registry}/")
        case CreateNetwork(subnet=subnet, bridge=bridge):
            holds = bridge.startswith("hs-pot") and subnet.subnet_of(site.pool)
        case ApplyNetfilter() | CreateContainer():
            holds = True
    return holds


@given(situations(), SITES)
def test_only_what_is_ours_is_touched(situation: tuple[Desired, Observed], site: Site) -> None:
    """On all of the way. That nothing else is seen as ours is shown on a real engine (test_foreign_things.py)."""
    wanted, observed = situation
    sensor = ModelSensor(observed, site=site)
    for _ in range(10):
        actions = plan(sensor.observed, wanted, site)
        for action in actions:
            assert _touches_what_is_there(action, sensor.observed, site), action
            sensor.carry_out(action)


@given(situations(), SITES)
def test_what_is_as_desired_is_left_alone(situation: tuple[Desired, Observed], site: Site) -> None:
    """However odd everything around it is: honeypots go on through restarts of the manager."""
    wanted, observed = situation
    settled = ModelSensor(replace(observed, containers=(), networks=(), listeners=()), site=site)
    settled.settle(wanted)
    good = settled.observed
    kept = {each.id for each in good.containers}
    known = {each.service for each in good.containers}
    ours = tuple(each for each in observed.containers if each.service not in known)
    around = tuple(
        each for each in observed.networks if not any(each.subnet.overlaps(own.subnet) for own in good.networks)
    )
    odd = replace(
        observed,
        containers=(*ours, *good.containers),
        networks=(*(each for each in around if each.service not in known), *good.networks),
        images=observed.images | good.images,
        netfilter_error=None,
        listeners=(),
    )
    sensor = ModelSensor(odd, site=site)
    sensor.settle(wanted)
    assert not sensor.removed & kept
    assert {each.id for each in sensor.observed.containers if each.running} == kept


def _as_kernels_have_it(packet: Packet) -> Packet:
    """Neighbours' talk belongs to no connection."""
    made = replace(packet, ipv6=":" in packet.source)
    return replace(made, state="new", reply=False, dnat=False) if made.neighbour else made


POTS = [f"hs-pot{number}" for number in range(4)]
SOURCES = ["10.10.10.2", "10.10.10.6", "192.0.2.9", "fd68:6f6e:6579::2", "fd68:6f6e:6579:1::2", "2001:db8::9"]
SOURCES += ["198.18.10.1", "fd68:6f6e:6579:ffff::1"]
PACKETS = st.builds(
    Packet,
    come_by=st.sampled_from([*POTS, "eth0", "eth1", "docker0"]),
    into=st.sampled_from([None, *POTS, "eth0", "eth1", "docker0"]),
    source=st.sampled_from(SOURCES),
    neighbour=st.booleans(),
    state=st.sampled_from(["new", "established"]),
    reply=st.booleans(),
    dnat=st.booleans(),
).map(_as_kernels_have_it)


@given(situations(), st.lists(PACKETS, min_size=20, max_size=40), SITES)
def test_nothing_but_answers_leaves_a_honeypot(
    situation: tuple[Desired, Observed], packets: list[Packet], site: Site
) -> None:
    wanted, observed = situation
    applied = [each for each in plan(observed, wanted, site) if isinstance(each, ApplyNetfilter)]
    for action in applied:
        assert action.rules == render_sensor(action.forwarding)
        rules = read_rules(action.rules)
        places = {
            (bridge, str(address))
            for bridge, pot in action.forwarding.bridges
            for address in (pot.address, pot.address6)
        } | {(bridge, str(seen)) for bridge, _, seen in action.forwarding.stand_ins}
        targets = {each.pot for each in action.forwarding.forwards}
        targets |= {each.pot for each in action.forwarding.catch_alls}
        assert site.pool6 is not None or not action.forwarding.ipv6
        assert targets <= {pot for _, pot in action.forwarding.bridges}, "honeypots only are forwarded to"
        for packet in packets:
            if not rules.passes(packet):
                continue
            if packet.come_by in POTS and packet.ipv6 and packet.neighbour and packet.into is None:
                continue  # the honeypot and its bridge find each other
            if packet.come_by in POTS:
                assert packet.state == "established"
                assert packet.reply
                assert packet.into in {None, SITE.interface}
                assert (packet.come_by, packet.source) in places
            elif packet.into is not None and (packet.into in POTS or not site.host_network):
                assert packet.dnat
                assert (packet.come_by, packet.into[:6]) == (SITE.interface, "hs-pot")
