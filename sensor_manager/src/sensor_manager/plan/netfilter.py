"""The sensor's netfilter rules as text, rendered from data.

Attackers reach honeypots through the port map of the address they speak to, then through its catch-all, with their own
source address, by IPv4 and IPv6. Honeypots answer and open nothing: no new connection leaves a bridge, whatever the
protocol and its version.
"""

from collections.abc import Iterator

from sensor_manager.model import CatchAll, Forward, Forwarding, IpAddress
from sensor_manager.plan.addresses import BRIDGE_PREFIX

TABLE = "honeysens"
IPV4, IPV6 = 4, 6
FAMILY = {IPV4: "ip", IPV6: "ip6"}
PROTOCOL = {IPV4: "meta nfproto ipv4", IPV6: "ip6 daddr != fe80::/10"}
"""Packets to link-local addresses cannot be handed on: they stay with the sensor itself."""
ECHO = {IPV4: "icmp type echo-request", IPV6: "icmpv6 type echo-request"}
NEIGHBOURS = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept"
"""How a honeypot and its bridge find each other; it goes no further than the bridge."""
POTS = f'"{BRIDGE_PREFIX}*"'


def render_sensor(forwarding: Forwarding) -> str:
    """Return the sensor's table; loading it replaces an older one in one step."""
    return _replace(_sensor_table(forwarding))


def _sensor_table(forwarding: Forwarding) -> Iterator[str]:
    outside = f'"{forwarding.interface}"'
    yield from _honeypots(forwarding)
    # A honeypot with a raw socket could otherwise answer in the name of another.
    yield "chain spoofing {"
    yield "type filter hook prerouting priority raw; policy accept;"
    yield f"iifname {POTS} {NEIGHBOURS}"
    yield f"iifname {POTS} iifname . ip6 saddr != @honeypots6 drop"
    yield f"iifname {POTS} iifname . ip saddr != @honeypots drop"
    yield "}"
    yield from _translation(forwarding)
    yield "chain forward {"
    yield f"type filter hook forward priority filter; policy {'accept' if forwarding.host_network else 'drop'};"
    yield f"iifname {outside} oifname {POTS} ct status dnat accept"
    yield f"iifname {POTS} oifname {outside} ct state established ct direction reply accept"
    if forwarding.host_network:
        yield f"iifname {POTS} drop"
        yield f"oifname {POTS} drop"
    yield "}"
    yield "chain input {"
    yield "type filter hook input priority filter; policy accept;"
    yield f"iifname {POTS} {NEIGHBOURS}"
    yield f"iifname {POTS} ct state established ct direction reply accept"
    yield f"iifname {POTS} drop"
    yield "}"


def _honeypots(forwarding: Forwarding) -> Iterator[str]:
    members = [(bridge, pot.address) for bridge, pot in forwarding.bridges]
    members6 = [(bridge, pot.address6) for bridge, pot in forwarding.bridges if pot.address6 is not None]
    for name, kind, pairs in (("honeypots", "ipv4_addr", members), ("honeypots6", "ipv6_addr", members6)):
        yield f"set {name} {{"
        yield f"type ifname . {kind}"
        if pairs:
            elements = ", ".join(f'"{bridge}" . {address}' for bridge, address in pairs)
            yield f"elements = {{ {elements} }}"
        yield "}"


def _translation(forwarding: Forwarding) -> Iterator[str]:
    """A chain for each address that has a set of its own, and one of each version for all others."""
    outside = f'iifname "{forwarding.interface}"'
    here = "fib daddr . iif type local"
    entries: list[str] = []
    if forwarding.host_network:
        # Somebody of the machine listens there.
        entries.append(f"{outside} socket wildcard {{ 0, 1 }} accept")
    entries += [f"{outside} {FAMILY[each.version]} daddr {each} accept" for each in forwarding.management]
    for number, address in enumerate(_own_sets(forwarding)):
        rules = _rules_at(forwarding, address.version, address)
        yield from _chain(f"address{number}", rules)
        verdict = f"goto address{number}" if rules else "accept"
        entries.append(f"{outside} {FAMILY[address.version]} daddr {address} {here} {verdict}")
    for version in FAMILY:
        if rules := _rules_at(forwarding, version, None):
            yield from _chain(f"others{version}", rules)
            entries.append(f"{outside} {PROTOCOL[version]} {here} goto others{version}")
    yield "chain prerouting {"
    yield "type nat hook prerouting priority dstnat; policy accept;"
    yield from entries
    yield "}"


def _own_sets(forwarding: Forwarding) -> list[IpAddress]:
    named = {each.at for each in forwarding.forwards} | {each.at for each in forwarding.catch_alls}
    return sorted((each for each in named - {*forwarding.management} if each is not None), key=str)


def _chain(name: str, rules: list[str]) -> Iterator[str]:
    if rules:
        yield f"chain {name} {{"
        yield from rules
        yield "}"


def _rules_at(forwarding: Forwarding, version: int, at: IpAddress | None) -> list[str]:
    rules = [rule for each in forwarding.forwards if each.at == at for rule in _forward(each, version)]
    by_address = {each.at: each for each in forwarding.catch_alls}
    catch_all = by_address.get(at) or by_address.get(None)
    return rules + (list(_catch_all(catch_all, version)) if catch_all is not None else [])


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


def _catch_all(catch_all: CatchAll, version: int) -> Iterator[str]:
    address = catch_all.pot.address if version == IPV4 else catch_all.pot.address6
    if address is not None:
        for what in ("meta l4proto tcp", "meta l4proto udp", ECHO[version]):
            yield f"{what} dnat {FAMILY[version]} to {address}"


def render_catch_all(listener_port: int) -> str:
    """Return the table of a catch-all container's own namespace.

    Every TCP port leads to one listening socket of each version. UDP is kept from the kernel, which would answer "port
    unreachable"; the packet sockets have seen it by then. Echo requests are answered by the kernel.
    """
    return _replace(_catch_all_table(listener_port))


def _catch_all_table(listener_port: int) -> Iterator[str]:
    yield "chain prerouting {"
    yield "type nat hook prerouting priority dstnat; policy accept;"
    yield f'iifname != "lo" meta l4proto tcp redirect to :{listener_port}'
    yield "}"
    yield "chain input {"
    yield "type filter hook input priority filter; policy accept;"
    yield 'iifname != "lo" meta l4proto udp drop'
    yield "}"


def _replace(lines: Iterator[str]) -> str:
    """Wrap the table's lines so that one transaction makes, empties and fills it."""
    body = "\n".join(lines)
    return f"table inet {TABLE}\ndelete table inet {TABLE}\ntable inet {TABLE} {{\n{body}\n}}\n"
