"""What the attacker addressed, from what the honeypot saw behind netfilter's translation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from sensor_wire.v1.event import Endpoint, EventBody


@dataclass(frozen=True, slots=True)
class Exposure:
    """How a honeypot is reached from outside.

    Attributes:
        sensor_address: the sensor's address on the observed interface; None while it has none.
        container_address: the honeypot's own address, which nobody outside ever sees.
        ports: container port with protocol (`2222/tcp`) to the sensor's port.
    """

    sensor_address: IPv4Address | None = None
    container_address: IPv4Address | None = None
    ports: Mapping[str, int] = field(default_factory=dict)


def addressed_destination(body: EventBody, exposure: Exposure) -> Endpoint:
    """Return the event's destination as the attacker addressed it.

    Destinations other than the container's address or the unspecified one are kept: they were not translated.
    """
    seen = body.destination
    if seen.ip != exposure.container_address and not seen.ip.is_unspecified:
        return seen
    port = seen.port
    if port is not None:
        port = exposure.ports.get(f"{port}/{body.protocol.value}", port)
    return Endpoint(ip=exposure.sensor_address or seen.ip, port=port)
