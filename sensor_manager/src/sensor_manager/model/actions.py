"""What the sensor can do, as frozen data."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from sensor_manager.model.site import Forwarding


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """A honeypot container as it shall be made; everything not said here is denied (see `effects.docker_engine`)."""

    service: str
    contract: str
    revision: str
    image: str
    address: IPv4Address
    options: str
    memory_mb: int
    pids: int
    address6: IPv6Address | None = None


@dataclass(frozen=True, slots=True)
class ApplyNetfilter:
    """Replace the sensor's rules; connections that would still follow the old ones are forgotten."""

    forwarding: Forwarding
    rules: str


@dataclass(frozen=True, slots=True)
class PullImage:
    """Begin to fetch the image; its arrival is observed later."""

    service: str
    contract: str
    image: str


@dataclass(frozen=True, slots=True)
class RemoveImage:
    """Delete an image nobody wants."""

    image: str


@dataclass(frozen=True, slots=True)
class CreateNetwork:
    """Make the bridge network of a service."""

    service: str
    contract: str
    subnet: IPv4Network
    gateway: IPv4Address
    bridge: str
    subnet6: IPv6Network | None = None
    gateway6: IPv6Address | None = None


@dataclass(frozen=True, slots=True)
class RemoveNetwork:
    """Delete the bridge network of a service."""

    service: str
    id: str


@dataclass(frozen=True, slots=True)
class CreateContainer:
    """Make, but do not start, a honeypot's container."""

    service: str
    contract: str
    spec: ContainerSpec


@dataclass(frozen=True, slots=True)
class StartContainer:
    """Start a honeypot's container for the first time or again."""

    service: str
    contract: str
    id: str
    again: bool


@dataclass(frozen=True, slots=True)
class PrepareNamespace:
    """Set the rules of a catch-all service in its container's network namespace, which is new after each start."""

    service: str
    contract: str
    id: str
    sandbox: str


@dataclass(frozen=True, slots=True)
class StopContainer:
    """Stop a honeypot that must not run; it is kept."""

    service: str
    id: str


@dataclass(frozen=True, slots=True)
class RemoveContainer:
    """Stop and delete a honeypot's container."""

    service: str
    id: str


type Action = (
    ApplyNetfilter
    | PullImage
    | RemoveImage
    | CreateNetwork
    | RemoveNetwork
    | CreateContainer
    | StartContainer
    | PrepareNamespace
    | StopContainer
    | RemoveContainer
)
