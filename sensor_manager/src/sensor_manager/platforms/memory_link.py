"""An interface that exists in memory only: what the kernel and the files would make of each step."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sensor_manager.effects.errors import EffectError
from sensor_manager.plan.dot1x import fingerprint
from sensor_manager.plan.link import (
    AddAddress,
    Lease,
    NetworkAction,
    ObservedLink,
    RemoveAddress,
    RemoveGateway,
    SetGateway,
    SetMac,
    SetUp,
    StartDhcp,
    StartSupplicant,
    StopDhcp,
    StopSupplicant,
    WriteDnsServers,
    WriteHostsEntry,
)

NOTHING = ObservedLink(mac="02:00:00:00:00:01", own_mac="02:00:00:00:00:01", up=True)


class MemoryLink:
    """Remembers what it is told.

    Attributes:
        state: what is observed.
        refuses: why nothing can be changed; None when it can.
        authorized: the switch has let it in.
        lease: what the DHCP server gives; None: there is no such server.
    """

    def __init__(self, state: ObservedLink = NOTHING, lease: Lease | None = None) -> None:
        self.state = state
        self.lease = lease
        self.refuses: str | None = None
        self.authorized = True

    def observe(self) -> ObservedLink:
        """Return the state."""
        return self.state

    def act(self, action: NetworkAction) -> None:
        """Change the state."""
        if self.refuses is not None:
            raise EffectError(self.refuses)
        self.state = after(self.state, action)
        if isinstance(action, StartDhcp):
            self.state = replace(self.state, lease=self.lease)


def after(observed: ObservedLink, action: NetworkAction) -> ObservedLink:
    """Return what the kernel and the files make of a step."""
    return replace(observed, **_changes(observed, action))


def _changes(observed: ObservedLink, action: NetworkAction) -> dict[str, Any]:
    changes: dict[type[NetworkAction], Callable[[Any], dict[str, Any]]] = {
        StartSupplicant: lambda step: {"supplicant": fingerprint(step.dot1x)},
        StopSupplicant: lambda _: {"supplicant": None},
        SetMac: lambda step: {"mac": step.mac, "up": True, "gateways": frozenset()},
        SetUp: lambda _: {"up": True},
        AddAddress: lambda step: {
            "addresses": observed.addresses | {step.address},
            "additional": observed.additional | ({step.address} if step.additional else frozenset()),
        },
        RemoveAddress: lambda step: {
            "addresses": observed.addresses - {step.address},
            "additional": observed.additional - {step.address},
            "gateways": frozenset(each for each in observed.gateways if each not in step.address.network),
        },
        SetGateway: lambda step: {
            "gateways": frozenset(each for each in observed.gateways if each.version != step.gateway.version)
            | {step.gateway}
        },
        RemoveGateway: lambda step: {"gateways": observed.gateways - {step.gateway}},
        StartDhcp: lambda _: {"dhcp_client": True, "lease": None},
        StopDhcp: lambda _: {"dhcp_client": False},
        WriteDnsServers: lambda step: {"dns_servers": step.servers},
        WriteHostsEntry: lambda step: {"hosts_entry": step.entry},
    }
    return changes[type(action)](action)
