"""Which of the desired services can be had together on one sensor."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from sensor_manager.model import Observed, Site, TransportProtocol
from sensor_manager.plan.addresses import Place, allocate
from sensor_wire.v1.desired import Desired, DesiredService


@dataclass(frozen=True, slots=True)
class Wanted:
    """A service that shall run, and where."""

    service: DesiredService
    place: Place


@dataclass(frozen=True, slots=True)
class Selection:
    """The services that shall run, and why others cannot."""

    wanted: Mapping[str, Wanted]
    refused: Mapping[str, str]


def select(observed: Observed, desired: Desired | None, site: Site) -> Selection:
    """Refuse what contradicts itself, service by service, so that the rest runs. The order of names decides."""
    accepted: dict[str, DesiredService] = {}
    refused: dict[str, str] = {}
    ports: dict[tuple[TransportProtocol, int], str] = {}
    catch_all: str | None = None
    for service in sorted(desired.services if desired else (), key=lambda each: each.name):
        taken = next((port for port in _public_ports(service) if port in ports), None)
        if service.name in accepted:
            refused[service.name] = "the service is desired twice; one of the two runs"
        elif service.raw:
            refused[service.name] = "raw network access is not supported by this sensor; choose another service"
        elif service.catch_all and catch_all is not None:
            refused[service.name] = f"{catch_all} is the catch-all already; take {catch_all} or {service.name} away"
        elif taken is not None:
            protocol, number = taken
            refused[service.name] = (
                f"{protocol} port {number} is used by {ports[taken]} already; change {ports[taken]} or {service.name}"
            )
        elif len(set(_public_ports(service))) < len(service.ports):
            refused[service.name] = "two of its ports lead to the same port of the sensor; change the port map"
        else:
            accepted[service.name] = service
            ports |= dict.fromkeys(_public_ports(service), service.name)
            catch_all = service.name if service.catch_all else catch_all
    places = allocate(site.pool, accepted, [(network.service, network.subnet) for network in observed.networks])
    refused |= dict.fromkeys(accepted.keys() - places.keys(), f"no free network is left in {site.pool}")
    return Selection({name: Wanted(accepted[name], place) for name, place in places.items()}, refused)


def container_port(name: str) -> tuple[TransportProtocol, int]:
    """Split a container port such as `2222/tcp`."""
    number, protocol = name.split("/")
    return cast("TransportProtocol", protocol), int(number)


def _public_ports(service: DesiredService) -> list[tuple[TransportProtocol, int]]:
    return [(container_port(inner)[0], outer) for inner, outer in service.ports.items()]
