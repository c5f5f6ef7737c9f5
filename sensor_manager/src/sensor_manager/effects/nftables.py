"""Netfilter tables: set as a whole, read back, compared."""

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path

from sensor_manager.effects.commands import run_tool
from sensor_manager.effects.conntrack import forget_flows
from sensor_manager.effects.errors import EffectError, NetfilterError
from sensor_manager.effects.flow_lookup import addressed
from sensor_manager.effects.listeners import listeners
from sensor_manager.effects.machine import enable_forwarding, hands_on
from sensor_manager.effects.network_namespace import in_network_namespace
from sensor_manager.effects.rules_book import Fingerprint, RulesBook
from sensor_manager.effects.stand_ins import are_led, lead, ways_of
from sensor_manager.model import Forwarding, Listener
from sensor_manager.plan.destination import Flow
from sensor_manager.plan.netfilter import TABLE
from sensor_manager.plan.stale_flows import FlowsOf, FlowsTo
from sensor_wire.v1.event import Endpoint

VOLATILE_KEYS = frozenset({"handle", "metainfo"})
"""What differs between two listings of the same rules."""


class Nftables:
    """The manager's table in the sensor's network namespace and in those of containers.

    Args:
        book: file that remembers what was applied, so that a restarted manager recognises its own rules. It must not
            survive the rules themselves, that is a reboot.
    """

    def __init__(self, book: Path) -> None:
        self._book = RulesBook(book)
        own = self._book.get(None)
        self._ipv6, self._ways = (own.ipv6, own.ways) if own else (False, ())

    def let_forward(self, forwarding: Forwarding) -> None:
        """Let the kernel hand packets on, to stand-ins too; raises `NetfilterError` where that is forbidden."""
        enable_forwarding(forwarding.interface if forwarding.ipv6 else None)
        self._ipv6, self._ways = forwarding.ipv6, ways_of(forwarding)
        try:
            lead(self._ways)
        except EffectError as error:
            raise NetfilterError(f"further addresses cannot be led to the catch-all: {error}") from error

    def forget_flows(self, flows: Iterable[FlowsTo | FlowsOf]) -> None:
        """Delete these flows from the kernel's table; failures are logged only."""
        forget_flows(flows)

    def apply(self, rules: str, namespace: str | None = None) -> None:
        """Check the rules, replace the table in one transaction, and remember what the kernel then lists.

        Args:
            rules: text for `nft -f`.
            namespace: path of a network namespace; None for the sensor's own.

        Raises:
            NetfilterError: the rules are not in force.
        """

        def load() -> str:
            run_tool("nft", "-c", "-f", "-", stdin=rules)
            run_tool("nft", "-f", "-", stdin=rules)
            return _listing()

        try:
            listing = _within(namespace, load)
        except (EffectError, OSError) as error:
            raise NetfilterError(f"netfilter rules not applied: {error}") from error
        fingerprint = Fingerprint(rules=rules, listing=listing, ipv6=self._ipv6, ways=self._ways)
        self._book.note(namespace, fingerprint)

    def current(self, namespace: str | None = None) -> str | None:
        """Return the rules in force as they were applied.

        None when the table is absent, somebody changed it, or the kernel hands nothing on, to stand-ins neither.
        """
        known = self._book.get(namespace)
        if known is None:
            return None
        try:
            if namespace is None and not (hands_on(ipv6=self._ipv6) and are_led(self._ways)):
                return None
            listing = _within(namespace, _listing)
        except (EffectError, OSError):
            return None
        return known.rules if listing == known.listing else None

    def listeners(self, interface: str) -> tuple[Listener, ...]:
        """Return who of the machine listens at the interface's addresses; raises `EffectError` if that is not told."""
        return listeners(interface)

    def addressed(self, flow: Flow) -> Endpoint | None:
        """Return where the attacker sent a connection's first packet; None when the kernel does not know (any more)."""
        return addressed(flow)

    def applied_before(self) -> bool:
        """Tell whether the sensor's own rules have been applied since the machine started."""
        return self._book.get(None) is not None

    def forget_namespaces(self, living: set[str]) -> None:
        """Drop what is remembered of namespaces that are gone."""
        self._book.forget_all_but(living)


def _within(namespace: str | None, action: Callable[[], str]) -> str:
    return action() if namespace is None else in_network_namespace(namespace, action)


def _listing() -> str:
    """Return a hash of the table as the kernel has it."""
    listed = json.loads(run_tool("nft", "-j", "list", "table", "inet", TABLE))
    return hashlib.sha256(json.dumps(_stable(listed), sort_keys=True).encode()).hexdigest()


def _stable(value: object) -> object:
    if isinstance(value, dict):
        return {key: _stable(inner) for key, inner in value.items() if key not in VOLATILE_KEYS}
    if isinstance(value, list):
        return [_stable(inner) for inner in value]
    return value
