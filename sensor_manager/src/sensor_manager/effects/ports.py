"""What the manager needs of a container engine, netfilter and a network; platforms say who provides it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Protocol

from sensor_manager.model import ContainerSpec, CreateNetwork, Forwarding, Listener, ObservedContainer, ObservedNetwork
from sensor_manager.plan.destination import Flow
from sensor_manager.plan.last_lines import MAX_LINES
from sensor_manager.plan.link import NetworkAction, ObservedLink
from sensor_manager.plan.stale_flows import FlowsOf, FlowsTo
from sensor_wire.v1.event import Endpoint


class Engine(Protocol):
    """Our objects in one container engine; everything raises `EffectError` where it does not work."""

    def containers(self) -> tuple[ObservedContainer, ...]:
        """Return our containers, running or not."""

    def networks(self) -> tuple[ObservedNetwork, ...]:
        """Return our bridge networks."""

    def images(self, registries: Collection[str]) -> frozenset[str]:
        """Return the images that came from these registries, by `registry/repository@digest`."""

    def layers(self) -> frozenset[str]:
        """Return the contents of all layers that are there, whatever image they belong to."""

    def free_bytes(self) -> int | None:
        """Return the free bytes of the disk that images are kept on; None when that cannot be known."""

    def pull(self, reference: str) -> Iterator[Mapping[str, Any]]:
        """Fetch an image by its digest; yields what the engine says on the way."""

    def last_lines(self, identifier: str, count: int = MAX_LINES) -> tuple[str, ...]:
        """Return the last lines a honeypot wrote."""

    def remove_image(self, reference: str) -> None:
        """Delete an image, or its name only where something else still uses the content."""

    def create_network(self, network: CreateNetwork) -> None:
        """Make a bridge network without the engine's own netfilter rules."""

    def remove_network(self, identifier: str) -> None:
        """Delete a network; its container must be gone."""

    def create_container(self, spec: ContainerSpec) -> None:
        """Make a honeypot's container under the run contract, whatever its image says."""

    def start(self, identifier: str) -> None:
        """Start a container; it gets a new network namespace."""

    def stop(self, identifier: str) -> None:
        """Stop a container within the grace period."""

    def remove_container(self, identifier: str) -> None:
        """Stop and delete a container."""


class Netfilter(Protocol):
    """The manager's rules in the sensor's network namespace and in those of containers."""

    def let_forward(self, forwarding: Forwarding) -> None:
        """Have packets handed on to the honeypots' bridges, of IPv6 where honeypots have it, and to stand-ins.

        Raises `NetfilterError` where that is forbidden.
        """

    def apply(self, rules: str, namespace: str | None = None) -> None:
        """Replace the rules as a whole; raises `NetfilterError` when they are not in force afterwards."""

    def current(self, namespace: str | None = None) -> str | None:
        """Return the rules in force as they were applied; None when there are none or somebody changed them."""

    def listeners(self, interface: str) -> tuple[Listener, ...]:
        """Return who of the machine listens at the interface's addresses; raises `EffectError` if that is not told."""

    def addressed(self, flow: Flow) -> Endpoint | None:
        """Return where the attacker sent a connection's first packet; None when nobody knows (any more)."""

    def applied_before(self) -> bool:
        """Tell whether the sensor's own rules have been applied since the machine started, by whatever manager."""

    def forget_namespaces(self, living: set[str]) -> None:
        """Drop what is remembered of namespaces that are gone."""

    def forget_flows(self, flows: Iterable[FlowsTo | FlowsOf]) -> None:
        """Have the next packet of these flows translated anew; failures are logged only."""


class Link(Protocol):
    """One interface and the machine's files of names; everything but `authorized` raises `EffectError`."""

    @property
    def authorized(self) -> bool:
        """Whether the switch has let the sensor in, by 802.1X."""

    def observe(self) -> ObservedLink:
        """Look at everything."""

    def act(self, action: NetworkAction) -> None:
        """Carry out one step."""
