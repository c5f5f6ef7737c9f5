"""A honeypot's container together with the events of its visitors, sorted by sessions."""

from honeypot_testing.container import HoneypotContainer
from honeypot_testing.sensor_end import SensorEnd
from honeypot_testing.waiting import wait_for
from sensor_wire.v1.event import EventBody


class Visited:
    """A running container and the sensor that takes its events."""

    def __init__(self, container: HoneypotContainer, sensor: SensorEnd) -> None:
        self.container = container
        self.sensor = sensor

    def sessions(self, port: int) -> list[list[EventBody]]:
        """Give the events of a port by their sessions, without those in which nothing was said."""
        grouped: dict[str, list[EventBody]] = {}
        for event in self.sensor.events:
            if event.destination.port == port:
                grouped.setdefault(event.session, []).append(event)
        return [events for events in grouped.values() if any(_says_something(event) for event in events)]

    def session(self, port: int) -> list[EventBody]:
        """Wait for the one session with a port to end; its ends are those of this host and the container."""
        wait_for(
            lambda: any(details(events, "closed") for events in self.sessions(port)),
            lambda: f"a session with port {port}; {self.sensor.events} {self.container.logs()}",
        )
        (events,) = self.sessions(port)
        assert {str(event.source.ip) for event in events} == {self.container.gateway}
        assert {str(event.destination.ip) for event in events} == {self.container.address}
        assert not self.sensor.problems
        return events


def details(events: list[EventBody], kind: str) -> list[str]:
    """Give the texts of all details of a kind."""
    return [detail.data for event in events for detail in event.details if detail.kind == kind]


def _says_something(event: EventBody) -> bool:
    return any(detail.kind not in {"connection", "closed"} for detail in event.details)
