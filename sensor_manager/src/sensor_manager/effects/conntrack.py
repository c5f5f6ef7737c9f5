"""Forgetting tracked connections that follow rules of yesterday."""

from collections.abc import Iterable

import structlog

from sensor_manager.effects.commands import run_tool
from sensor_manager.effects.errors import EffectError
from sensor_manager.plan.stale_flows import FlowsOf, FlowsTo

NOTHING_MATCHED = "0 flow entries"

log = structlog.get_logger(__name__)


def forget_flows(flows: Iterable[FlowsTo | FlowsOf]) -> None:
    """Delete these flows from the kernel's table; the next packet is translated anew. Failures are logged only."""
    for each in flows:
        for selected in _filters(each):
            try:
                run_tool("conntrack", "-D", *selected)
            except EffectError as error:
                if NOTHING_MATCHED not in str(error):
                    log.warning(
                        "old flows stay with their honeypot until they end", flows=repr(each), reason=str(error)
                    )


def _filters(flows: FlowsTo | FlowsOf) -> list[list[str]]:
    if isinstance(flows, FlowsTo):
        return [["-f", f"ipv{flows.address.version}", "--reply-src", str(flows.address)]]
    port = ["--orig-port-dst", str(flows.port)] if flows.port is not None else []
    six = "icmpv6" if flows.protocol == "icmp" else flows.protocol
    return [["-f", "ipv4", "-p", flows.protocol, *port], ["-f", "ipv6", "-p", six, *port]]
