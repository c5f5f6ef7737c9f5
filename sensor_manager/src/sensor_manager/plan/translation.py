"""Which honeypot gets what is sent to the sensor: the chains of translation, as lines of netfilter rules."""

from collections.abc import Iterator

from sensor_manager.model import CatchAll, Forward, Forwarding, IpAddress, Pot

IPV4, IPV6 = 4, 6
FAMILY = {IPV4: "ip", IPV6: "ip6"}
PROTOCOL = {IPV4: "meta nfproto ipv4", IPV6: "ip6 daddr != fe80::/10"}
"""Packets to link-local addresses cannot be handed on: they stay with the sensor itself."""
ECHO = {IPV4: "icmp type echo-request", IPV6: "icmpv6 type echo-request"}


type Led = tuple[Pot, str]
"""A rule, and the honeypot that it leads to."""


def translation(forwarding: Forwarding) -> Iterator[str]:
    """A chain for each address that has a set of its own, and one of each version for all others."""
    outside = f'iifname "{forwarding.interface}"'
    here = "fib daddr . iif type local"
    chains = _chains(forwarding)
    for name, rules in chains.items():
        if rules:
            yield f"chain {name} {{"
            yield from (rule for _, rule in rules)
            yield "}"
    yield "chain prerouting {"
    yield "type nat hook prerouting priority dstnat; policy accept;"
    if forwarding.host_network:
        # Somebody of the machine listens there.
        yield f"{outside} socket wildcard {{ 0, 1 }} accept"
    yield from (f"{outside} {FAMILY[each.version]} daddr {each} accept" for each in forwarding.management)
    for address in _own_sets(forwarding):
        verdict = f"goto {_name(address)}" if chains[_name(address)] else "accept"
        yield f"{outside} {FAMILY[address.version]} daddr {address} {here} {verdict}"
    for version in FAMILY:
        if chains[_others(version)]:
            yield f"{outside} {PROTOCOL[version]} {here} goto {_others(version)}"
    yield "}"


def rules_to(pot: Pot, forwarding: Forwarding) -> frozenset[tuple[str, str]]:
    """Return chain and text of each rule that leads to this honeypot."""
    return frozenset((name, rule) for name, rules in _chains(forwarding).items() for to, rule in rules if to == pot)


def _chains(forwarding: Forwarding) -> dict[str, list[Led]]:
    chains = {_name(each): _rules_at(forwarding, each.version, each) for each in _own_sets(forwarding)}
    return chains | {_others(version): _rules_at(forwarding, version, None) for version in FAMILY}


def _name(address: IpAddress) -> str:
    """Name the chain of an address, whichever other addresses there are."""
    return "address_" + str(address).replace(".", "_").replace(":", "_")


def _others(version: int) -> str:
    return f"others{version}"


def _own_sets(forwarding: Forwarding) -> list[IpAddress]:
    named = {each.at for each in forwarding.forwards} | {each.at for each in forwarding.catch_alls}
    return sorted((each for each in named - {*forwarding.management} if each is not None), key=str)


def _rules_at(forwarding: Forwarding, version: int, at: IpAddress | None) -> list[Led]:
    rules = [(each.pot, rule) for each in forwarding.forwards if each.at == at for rule in _forward(each, version)]
    by_address = {each.at: each for each in forwarding.catch_alls}
    catch_all = by_address.get(at) or by_address.get(None)
    return rules + ([(catch_all.pot, rule) for rule in _catch_all(catch_all, version, at)] if catch_all else [])


def _forward(forward: Forward, version: int) -> Iterator[str]:
    target = _target(forward, version)
    if target is not None:
        ports = f"{forward.port}-{forward.last}" if forward.last not in (None, forward.port) else f"{forward.port}"
        yield f"{forward.protocol} dport {ports} dnat {FAMILY[version]} to {target}"


def _target(forward: Forward, version: int) -> str | None:
    address = forward.pot.address if version == IPV4 else forward.pot.address6
    if address is None or forward.container_port is None:
        return None if address is None else str(address)
    return f"{address}:{forward.container_port}" if version == IPV4 else f"[{address}]:{forward.container_port}"


def _catch_all(catch_all: CatchAll, version: int, at: IpAddress | None) -> Iterator[str]:
    """Yield the rules of one address, or of all others: those with a stand-in first."""
    address = catch_all.pot.address if version == IPV4 else catch_all.pot.address6
    if address is None:
        return
    seen = {own: stand_in for own, stand_in in catch_all.stand_ins if own.version == version}
    targets = [str(seen.get(at, address)) if at is not None else str(address)]
    if at is None and seen:
        pairs = ", ".join(f"{own} : {stand_in}" for own, stand_in in sorted(seen.items()))
        targets.insert(0, f"{FAMILY[version]} daddr map {{ {pairs} }}")
    for target in targets:
        for what in ("meta l4proto tcp", "meta l4proto udp", ECHO[version]):
            yield f"{what} dnat {FAMILY[version]} to {target}"
