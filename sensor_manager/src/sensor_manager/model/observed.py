"""What the sensor sees, as frozen data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network

from sensor_manager.model.site import IpAddress, TransportProtocol
from sensor_wire.v1.poll import PullProgress


class Phase(StrEnum):
    """What the manager does over and over; platforms are told when one begins and how it ended."""

    NETWORK = "network"
    ENROLMENT = "enrolment"
    POLL = "poll"
    SERVICES = "services"


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
        half_removed: the engine began to remove it and did not finish; nothing but removing it helps.
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
    half_removed: bool = False


@dataclass(frozen=True, slots=True)
class ObservedNetwork:
    """The bridge network of one honeypot."""

    id: str
    service: str
    subnet: IPv4Network
    subnet6: IPv6Network | None = None


@dataclass(frozen=True, slots=True)
class Listener:
    """A port on which a program of the machine itself listens.

    Attributes:
        address: at which; None: at all, of IPv4 and IPv6.
        process: the program's name; empty while it is not known.
    """

    protocol: TransportProtocol
    port: int
    address: IpAddress | None = None
    process: str = ""

    def __str__(self) -> str:
        where = "all addresses" if self.address is None else str(self.address)
        return f"{self.process or 'a program'} of the machine itself ({where})"


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
        images: references (`registry/repository@digest`) of present images that came from the server, wherever it was.
        pulling: images on their way by reference, and how much of them has come as soon as that is known.
        netfilter: rules the kernel has, exactly as they were applied; None when there are none or others.
        netfilter_error: why the last attempt to apply rules failed; None when it did not.
        attempts: by contract, which no two services share.
        addresses: the sensor's, the main one of each version first.
        listeners: of the machine itself, at the interface's addresses; none where the namespace is the sensor's own.
    """

    now: float
    containers: tuple[ObservedContainer, ...] = ()
    networks: tuple[ObservedNetwork, ...] = ()
    images: frozenset[str] = frozenset()
    pulling: Mapping[str, PullProgress | None] = field(default_factory=dict)
    netfilter: str | None = None
    netfilter_error: str | None = None
    attempts: Mapping[str, Attempts] = field(default_factory=dict)
    addresses: tuple[IpAddress, ...] = ()
    listeners: tuple[Listener, ...] = ()
