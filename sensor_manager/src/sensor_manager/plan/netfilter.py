"""The sensor's netfilter rules as text, rendered from data.

Attackers reach honeypots through the port map, then through the catch-all, with their own source address. Honeypots
answer and open nothing: no new connection leaves a bridge, whatever the protocol and its version.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address

from sensor_manager.model import Forward, Forwarding, Observed, Site
from sensor_manager.plan.addresses import BRIDGE_PREFIX
from sensor_manager.plan.contract import contract_hash
from sensor_manager.plan.services import Selection, container_port

TABLE = "honeysens"


def forwarding(observed: Observed, selection: Selection, site: Site) -> Forwarding:
    """Return what to let through: to honeypots that run, and to catch-alls only once their namespace is prepared.

    A running container of an older revision keeps its ports until it is replaced.
    """
    running = {each.service: each for each in observed.containers if each.running}
    forwards: list[Forward] = []
    catch_all: IPv4Address | None = None
    for name, wanted in sorted(selection.wanted.items()):
        container = running.get(name)
        if container is None:
            continue
        for inner, public in wanted.service.ports.items():
            protocol, port = container_port(inner)
            forwards.append(Forward(protocol, public, wanted.place.address, port))
        if wanted.service.catch_all and container.prepared and container.contract == contract_hash(wanted.service):
            catch_all = wanted.place.address
    return Forwarding(
        interface=site.interface,
        bridges=tuple(sorted((each.place.bridge, each.place.address) for each in selection.wanted.values())),
        forwards=tuple(sorted(forwards, key=lambda each: (each.protocol, each.port))),
        catch_all=catch_all,
    )


def render_sensor(forwarding: Forwarding) -> str:
    """Return the sensor's table; loading it replaces an older one in one step."""
    return _replace(_sensor_table(forwarding))


def _sensor_table(forwarding: Forwarding) -> Iterator[str]:
    pots = f'"{BRIDGE_PREFIX}*"'
    outside = f'"{forwarding.interface}"'
    yield "set honeypots {"
    yield "type ifname . ipv4_addr"
    if forwarding.bridges:
        elements = ", ".join(f'"{bridge}" . {address}' for bridge, address in forwarding.bridges)
        yield f"elements = {{ {elements} }}"
    yield "}"
    # A honeypot with a raw socket could otherwise answer in the name of another.
    yield "chain spoofing {"
    yield "type filter hook prerouting priority raw; policy accept;"
    yield f"iifname {pots} meta nfproto ipv6 drop"
    yield f"iifname {pots} iifname . ip saddr != @honeypots drop"
    yield "}"
    yield "chain prerouting {"
    yield "type nat hook prerouting priority dstnat; policy accept;"
    arriving = f"iifname {outside} meta nfproto ipv4 fib daddr type local"
    for each in forwarding.forwards:
        yield f"{arriving} {each.protocol} dport {each.port} dnat ip to {each.address}:{each.container_port}"
    if forwarding.catch_all is not None:
        yield f"{arriving} meta l4proto tcp dnat ip to {forwarding.catch_all}"
        yield f"{arriving} meta l4proto udp dnat ip to {forwarding.catch_all}"
        yield f"iifname {outside} fib daddr type local icmp type echo-request dnat ip to {forwarding.catch_all}"
    yield "}"
    yield "chain forward {"
    yield "type filter hook forward priority filter; policy drop;"
    yield f"iifname {outside} oifname {pots} meta nfproto ipv4 ct status dnat accept"
    yield f"iifname {pots} oifname {outside} meta nfproto ipv4 ct state established ct direction reply accept"
    yield "}"
    yield "chain input {"
    yield "type filter hook input priority filter; policy accept;"
    yield f"iifname {pots} meta nfproto ipv4 ct state established ct direction reply accept"
    yield f"iifname {pots} drop"
    yield "}"


def render_catch_all(listener_port: int) -> str:
    """Return the table of a catch-all container's own namespace.

    Every TCP port leads to one listening socket. UDP is kept from the kernel, which would answer "port unreachable";
    the packet socket has seen it by then. Echo requests are answered by the kernel.
    """
    return _replace(_catch_all_table(listener_port))


def _catch_all_table(listener_port: int) -> Iterator[str]:
    yield "chain prerouting {"
    yield "type nat hook prerouting priority dstnat; policy accept;"
    yield f'iifname != "lo" meta nfproto ipv4 meta l4proto tcp redirect to :{listener_port}'
    yield "}"
    yield "chain input {"
    yield "type filter hook input priority filter; policy accept;"
    yield 'iifname != "lo" meta l4proto udp drop'
    yield "}"


def _replace(lines: Iterator[str]) -> str:
    """Wrap the table's lines so that one transaction makes, empties and fills it."""
    body = "\n".join(lines)
    return f"table inet {TABLE}\ndelete table inet {TABLE}\ntable inet {TABLE} {{\n{body}\n}}\n"
