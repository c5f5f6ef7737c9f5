"""What the sensor sees and what it can do about it, as frozen data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network
from typing import Literal

from sensor_wire.v1.poll import PullProgress


class Phase(StrEnum):
    """What the manager does over and over; platforms are told when one begins and how it ended."""

    NETWORK = "network"
    ENROLMENT = "enrolment"
    POLL = "poll"
    SERVICES = "services"


type TransportProtocol = Literal["tcp", "udp"]


@dataclass(frozen=True, slots=True)
class ObservedContainer:
    """A honeypot container, known by its labels.

    Attributes:
        contract: hash of the run contract it was made from.
        image: reference of the image it was made from.
        started: it has run before.
        error: what the engine says about its end.
        ended: when it ended, in the engine's words; differs between any two ends.
        sandbox: path of its network namespace; empty while it does not run.
        prepared: its network namespace carries the rules of a catch-all service.
    """

    id: str
    service: str
    contract: str
    revision: str
    image: str
    running: bool
    started: bool = True
    exit_code: int = 0
    error: str | None = None
    ended: str = ""
    sandbox: str = ""
    prepared: bool = False


@dataclass(frozen=True, slots=True)
class ObservedNetwork:
    """The bridge network of one honeypot."""

    id: str
    service: str
    subnet: IPv4Network


@dataclass(frozen=True, slots=True)
class Attempts:
    """What has been tried under one contract.

    Attributes:
        count: starts and failures since it last ran well.
        retry_at: monotonic time in seconds before which nothing is tried again.
        error: why the last try failed.
        restarts: how often it had to be started again.
        ending: how the container last ended, since it last ran well.
        log: the last lines it wrote before that end.
    """

    count: int = 0
    retry_at: float = 0.0
    error: str | None = None
    restarts: int = 0
    ending: str | None = None
    log: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Observed:
    """One look at the sensor.

    Attributes:
        now: monotonic time in seconds.
        images: references (`registry/repository@digest`) of present images that came from the server's registry.
        pulling: images on their way by reference, and how much of them has come as soon as that is known.
        netfilter: rules the kernel has, exactly as they were applied; None when there are none or others.
        netfilter_error: why the last attempt to apply rules failed; None when it did not.
        attempts: by contract, which no two services share.
    """

    now: float
    containers: tuple[ObservedContainer, ...] = ()
    networks: tuple[ObservedNetwork, ...] = ()
    images: frozenset[str] = frozenset()
    pulling: Mapping[str, PullProgress | None] = field(default_factory=dict)
    netfilter: str | None = None
    netfilter_error: str | None = None
    attempts: Mapping[str, Attempts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Site:
    """Facts of the sensor that decisions depend on.

    Attributes:
        registry: `host:port` of the server, where images come from.
        interface: where attackers arrive.
        pool: addresses of the honeypots' networks.
    """

    registry: str
    interface: str
    pool: IPv4Network


@dataclass(frozen=True, slots=True)
class Forward:
    """One port of the sensor that leads to a honeypot."""

    protocol: TransportProtocol
    port: int
    address: IPv4Address
    container_port: int


@dataclass(frozen=True, slots=True)
class Forwarding:
    """Everything netfilter shall let through.

    Attributes:
        interface: where attackers arrive.
        bridges: the honeypots' bridges and the one address that may speak on each.
        forwards: the port map.
        catch_all: the honeypot that gets everything else.
    """

    interface: str
    bridges: tuple[tuple[str, IPv4Address], ...] = ()
    forwards: tuple[Forward, ...] = ()
    catch_all: IPv4Address | None = None


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
