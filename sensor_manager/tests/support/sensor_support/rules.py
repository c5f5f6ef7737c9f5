"""What the sensor's rules do with a packet: a reading of the few expressions that are rendered, and of no other."""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Packet:
    """A packet on its way through the sensor; `into` is None when the sensor itself is meant.

    Attributes:
        state: "new" or "established".
        reply: it goes back to whoever opened the connection.
        neighbour: it looks for, or is, the next on the link (IPv6).
        dnat: its connection has been translated to a honeypot.
    """

    come_by: str
    into: str | None
    source: str
    ipv6: bool = False
    neighbour: bool = False
    state: str = "new"
    reply: bool = False
    dnat: bool = False


@dataclass(frozen=True)
class Rules:
    """Chains of the rendered table: policy and rules by name, and the honeypots' bridges with their addresses."""

    chains: dict[str, tuple[str, list[str]]]
    honeypots: frozenset[tuple[str, str]]

    def passes(self, packet: Packet) -> bool:
        """Tell whether the packet gets where it is bound for."""
        chain = "input" if packet.into is None else "forward"
        return all(self._verdict(name, packet) == "accept" for name in ("spoofing", chain))

    def _verdict(self, chain: str, packet: Packet) -> str:
        policy, rules = self.chains[chain]
        for rule in rules:
            *conditions, verdict = re.split(r" (?=accept$|drop$)", rule)
            assert verdict in {"accept", "drop"}, rule
            if all(self._holds(condition, packet) for condition in _conditions(" ".join(conditions))):
                return verdict
        return policy

    def _holds(self, condition: str, packet: Packet) -> bool:
        match condition.split():
            case ["iifname", name]:
                holds = fnmatchcase(packet.come_by, name.strip('"'))
            case ["oifname", name]:
                holds = packet.into is not None and fnmatchcase(packet.into, name.strip('"'))
            case ["iifname", ".", "ip", "saddr", "!=", "@honeypots"]:
                holds = not packet.ipv6 and (packet.come_by, packet.source) not in self.honeypots
            case ["iifname", ".", "ip6", "saddr", "!=", "@honeypots6"]:
                holds = packet.ipv6 and (packet.come_by, packet.source) not in self.honeypots
            case ["icmpv6", "type", "{", "nd-neighbor-solicit,", "nd-neighbor-advert", "}"]:
                holds = packet.ipv6 and packet.neighbour
            case ["ct", "state", state]:
                holds = packet.state == state
            case ["ct", "direction", "reply"]:
                holds = packet.reply
            case ["ct", "status", "dnat"]:
                holds = packet.dnat
            case _:
                raise AssertionError(f"unknown expression: {condition}")
        return holds


def _conditions(rule: str) -> list[str]:
    return re.split(r" (?=(?:iifname|oifname|icmpv6|ct) )", rule) if rule else []


def read_rules(text: str) -> Rules:
    """Read the filter chains of a rendered table; translation is left out."""
    chains: dict[str, tuple[str, list[str]]] = {}
    for name, body in re.findall(r"chain (\w+) \{\n(.*?)\n\}", text, re.DOTALL):
        kind, *rules = body.splitlines()
        if "type filter" in kind:
            policy = re.search(r"policy (\w+);", kind)
            assert policy, kind
            chains[name] = (policy[1], rules)
    elements = re.findall(r'"(hs-pot\d+)" \. ([\da-f.:]+)', text.partition("chain")[0])
    return Rules(chains, frozenset(elements))
