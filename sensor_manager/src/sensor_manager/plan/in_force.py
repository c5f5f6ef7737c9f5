"""Whether the rules that the kernel has lead attackers to a honeypot as they shall."""

from collections.abc import Iterator

from sensor_manager.model import Forwarding, Pot
from sensor_manager.plan.translation import rules_to

CHAIN, END = "chain ", "}"


def reached(rules: str | None, forwarding: Forwarding, pot: Pot) -> bool:
    """Tell whether a honeypot is reached by all that shall lead to it; what leads to others does not matter.

    Args:
        rules: those in force, as they were rendered; None when there are none of ours, or changed ones.
        forwarding: what shall be let through.
        pot: where the honeypot is.
    """
    return rules is not None and rules_to(pot, forwarding) <= frozenset(_rules(rules))


def _rules(text: str) -> Iterator[tuple[str, str]]:
    """Yield each rule of a rendered table with its chain."""
    chain: str | None = None
    for line in text.splitlines():
        if line.startswith(CHAIN):
            chain = line.split()[1]
        elif line == END:
            chain = None
        elif chain is not None:
            yield chain, line
