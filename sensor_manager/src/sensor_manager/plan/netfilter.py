"""The sensor's netfilter rules as text, rendered from data.

Attackers reach honeypots through the port map of the address they speak to, then through its catch-all, with their own
source address, by IPv4 and IPv6. Honeypots answer and open nothing: no new connection leaves a bridge, whatever the
protocol and its version.
"""

from collections.abc import Iterator

from sensor_manager.model import Forwarding, IpAddress
from sensor_manager.plan.addresses import BRIDGE_PREFIX
from sensor_manager.plan.translation import ECHO, IPV4, translation

TABLE = "honeysens"
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
    yield from translation(forwarding)
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
    members: list[tuple[str, IpAddress]] = [(bridge, pot.address) for bridge, pot in forwarding.bridges]
    members6: list[tuple[str, IpAddress]] = [
        (bridge, pot.address6) for bridge, pot in forwarding.bridges if pot.address6 is not None
    ]
    for bridge, _, seen in forwarding.stand_ins:
        (members if seen.version == IPV4 else members6).append((bridge, seen))
    for name, kind, pairs in (("honeypots", "ipv4_addr", members), ("honeypots6", "ipv6_addr", members6)):
        yield f"set {name} {{"
        yield f"type ifname . {kind}"
        if pairs:
            elements = ", ".join(f'"{bridge}" . {address}' for bridge, address in pairs)
            yield f"elements = {{ {elements} }}"
        yield "}"


def render_catch_all(listener_port: int) -> str:
    """Return the table of a catch-all container's own namespace.

    Every TCP port leads to one listening socket of each version. UDP is kept from the kernel, which would answer "port
    unreachable"; the packet sockets have seen it by then. Echo requests are answered by the kernel. All of that at
    whatever address, for stand-ins are addresses of nobody.
    """
    return _replace(_catch_all_table(listener_port))


def _catch_all_table(listener_port: int) -> Iterator[str]:
    yield "chain prerouting {"
    yield "type nat hook prerouting priority dstnat; policy accept;"
    yield f'iifname != "lo" meta l4proto tcp redirect to :{listener_port}'
    yield from (f'iifname != "lo" {echo} redirect' for echo in ECHO.values())
    yield "}"
    yield "chain datagrams {"
    yield "type filter hook prerouting priority filter; policy accept;"
    yield 'iifname != "lo" meta l4proto udp drop'
    yield "}"


def _replace(lines: Iterator[str]) -> str:
    """Wrap the table's lines so that one transaction makes, empties and fills it."""
    body = "\n".join(lines)
    return f"table inet {TABLE}\ndelete table inet {TABLE}\ntable inet {TABLE} {{\n{body}\n}}\n"
