"""A container engine and netfilter that exist in memory only, and refuse what real ones refuse."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from sensor_manager.effects.errors import EffectError
from sensor_manager.model import ContainerSpec, CreateNetwork, Forwarding, Listener, ObservedContainer, ObservedNetwork
from sensor_manager.plan.destination import Flow
from sensor_manager.plan.last_lines import MAX_LINES
from sensor_manager.plan.stale_flows import FlowsOf, FlowsTo


class MemoryEngine:
    """Containers as records: those that are started run until they are stopped."""

    def __init__(self) -> None:
        self._containers: dict[str, ObservedContainer] = {}
        self._networks: dict[str, ObservedNetwork] = {}
        self._images: frozenset[str] = frozenset()
        self._number = 0

    def containers(self) -> tuple[ObservedContainer, ...]:
        """Return all containers."""
        return tuple(self._containers.values())

    def networks(self) -> tuple[ObservedNetwork, ...]:
        """Return all networks."""
        return tuple(self._networks.values())

    def images(self, registries: Collection[str]) -> frozenset[str]:
        """Return the images that came from these registries."""
        return frozenset(image for image in self._images if image.partition("/")[0] in registries)

    def layers(self) -> frozenset[str]:
        """Return none: every pull begins with nothing."""
        return frozenset()

    def free_bytes(self) -> int | None:
        """Say that there is no disk."""
        return None

    def pull(self, reference: str) -> Iterator[Mapping[str, Any]]:
        """Have the image at once."""
        self._images |= {reference}
        yield {}

    def last_lines(self, identifier: str, count: int = MAX_LINES) -> tuple[str, ...]:
        """Return one line: nobody writes."""
        return (f"{self._container(identifier).service} exists in memory only",)[:count]

    def remove_image(self, reference: str) -> None:
        """Delete an image that no container uses."""
        if any(each.image == reference for each in self._containers.values()):
            raise EffectError(f"{reference} is in use")
        self._images -= {reference}

    def create_network(self, network: CreateNetwork) -> None:
        """Make a network that overlaps with none."""
        if any(network.subnet.overlaps(each.subnet) for each in self._networks.values()):
            raise EffectError(f"{network.subnet} overlaps with another network")
        identifier = self._new("network")
        self._networks[identifier] = ObservedNetwork(identifier, network.service, network.subnet, network.subnet6)

    def remove_network(self, identifier: str) -> None:
        """Delete a network that no container uses."""
        network = self._networks.get(identifier)
        if network is not None and any(each.service == network.service for each in self._containers.values()):
            raise EffectError(f"the network of {network.service} is in use")
        self._networks.pop(identifier, None)

    def create_container(self, spec: ContainerSpec) -> None:
        """Make a container of an image that is there, on a network that is there."""
        if spec.image not in self._images:
            raise EffectError(f"{spec.image} is not there")
        if not any(each.service == spec.service and spec.address in each.subnet for each in self._networks.values()):
            raise EffectError(f"{spec.service} has no network with {spec.address}")
        if any(each.service == spec.service for each in self._containers.values()):
            raise EffectError(f"a container of {spec.service} exists already")
        identifier = self._new("container")
        self._containers[identifier] = ObservedContainer(
            identifier, spec.service, spec.contract, spec.revision, spec.image, running=False, started=False
        )

    def start(self, identifier: str) -> None:
        """Start a container; it gets a new network namespace."""
        container = self._container(identifier)
        sandbox = self._new("memory:namespace")
        self._containers[identifier] = replace(container, running=True, started=True, sandbox=sandbox, ended="")

    def stop(self, identifier: str) -> None:
        """Stop a container."""
        container = self._container(identifier)
        self._containers[identifier] = replace(container, running=False, sandbox="", ended=self._new("end"))

    def remove_container(self, identifier: str) -> None:
        """Delete a container, whether it runs or not."""
        self._containers.pop(identifier, None)

    def _container(self, identifier: str) -> ObservedContainer:
        if identifier not in self._containers:
            raise EffectError(f"there is no container {identifier}")
        return self._containers[identifier]

    def _new(self, kind: str) -> str:
        self._number += 1
        return f"{kind}-{self._number}"


class MemoryNetfilter:
    """Rules that nobody enforces."""

    def __init__(self) -> None:
        self._rules: dict[str, str] = {}

    def let_forward(self, forwarding: Forwarding) -> None:
        """Do nothing."""

    def apply(self, rules: str, namespace: str | None = None) -> None:
        """Remember the rules."""
        self._rules[namespace or ""] = rules

    def current(self, namespace: str | None = None) -> str | None:
        """Return the remembered rules."""
        return self._rules.get(namespace or "")

    def listeners(self, interface: str) -> tuple[Listener, ...]:  # noqa: ARG002 - as the kernel's
        """Return none: there is no machine."""
        return ()

    def addressed(self, flow: Flow) -> None:
        """Know nothing: nobody comes."""

    def applied_before(self) -> bool:
        """Tell whether there have been rules."""
        return "" in self._rules

    def forget_namespaces(self, living: set[str]) -> None:
        """Drop the rules of namespaces that are gone."""
        self._rules = {name: rules for name, rules in self._rules.items() if name in living | {""}}

    def forget_flows(self, flows: Iterable[FlowsTo | FlowsOf]) -> None:
        """Do nothing: nothing flows."""
