"""Netfilter tables: set as a whole, read back, compared."""

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import structlog
from pydantic import BaseModel, TypeAdapter, ValidationError

from sensor_manager.effects.commands import run_tool
from sensor_manager.effects.conntrack import forget_flows
from sensor_manager.effects.errors import EffectError, NetfilterError
from sensor_manager.effects.flow_lookup import addressed
from sensor_manager.effects.listeners import listeners
from sensor_manager.effects.machine import enable_forwarding, hands_on
from sensor_manager.effects.network_namespace import in_network_namespace
from sensor_manager.effects.stand_ins import lead_stand_ins
from sensor_manager.model import Forwarding, Listener
from sensor_manager.plan.destination import Flow
from sensor_manager.plan.netfilter import TABLE
from sensor_manager.plan.stale_flows import FlowsOf, FlowsTo
from sensor_wire.v1.event import Endpoint

VOLATILE_KEYS = frozenset({"handle", "metainfo"})
"""What differs between two listings of the same rules."""


class _Fingerprint(BaseModel):
    """Rules as they were applied, and the hash of what the kernel listed right after."""

    rules: str
    listing: str


log = structlog.get_logger(__name__)

_BOOK = TypeAdapter(dict[str, _Fingerprint])


class Nftables:
    """The manager's table in the sensor's network namespace and in those of containers.

    Args:
        book: file that remembers what was applied, so that a restarted manager recognises its own rules. It must not
            survive the rules themselves, that is a reboot.
    """

    def __init__(self, book: Path) -> None:
        self._path = book
        self._book = _read_book(book)
        self._ipv6 = False

    def let_forward(self, forwarding: Forwarding) -> None:
        """Let the kernel hand packets on, to stand-ins too; raises `NetfilterError` where that is forbidden."""
        enable_forwarding(forwarding.interface if forwarding.ipv6 else None)
        self._ipv6 = forwarding.ipv6
        try:
            lead_stand_ins(forwarding)
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
        self._book[namespace or ""] = _Fingerprint(rules=rules, listing=listing)
        self._write_book()

    def current(self, namespace: str | None = None) -> str | None:
        """Return the rules in force as they were applied.

        None when the table is absent, somebody changed it, or the kernel hands nothing on any more.
        """
        known = self._book.get(namespace or "")
        if known is None:
            return None
        try:
            if namespace is None and not hands_on(ipv6=self._ipv6):
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
        return "" in self._book

    def forget_namespaces(self, living: set[str]) -> None:
        """Drop what is remembered of namespaces that are gone."""
        gone = self._book.keys() - living - {""}
        for namespace in gone:
            del self._book[namespace]
        if gone:
            self._write_book()

    def _write_book(self) -> None:
        temporary = self._path.with_suffix(".new")
        try:
            temporary.write_bytes(_BOOK.dump_json(self._book))
            temporary.replace(self._path)
        except OSError as error:
            log.warning("what was applied is not kept; the next manager applies it again", reason=str(error))
            for each in (temporary, self._path):  # of an old book, the next one would think somebody had meddled
                each.unlink(missing_ok=True)


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


def _read_book(path: Path) -> dict[str, _Fingerprint]:
    try:
        return _BOOK.validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return {}
