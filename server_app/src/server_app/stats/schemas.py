from datetime import datetime
from ipaddress import IPv4Address, IPv6Address

from sensor_wire.v1.event import EventKind, Protocol, Severity
from server_app.api_base.model import ApiModel


class Point(ApiModel):
    """The events of one hour or day, which begins at `start`."""

    start: datetime
    events: int


class ServiceCount(ApiModel):
    """The events of one service."""

    service: str
    events: int


class KindCount(ApiModel):
    """The events of one kind."""

    kind: EventKind
    events: int


class SeverityCount(ApiModel):
    """The events of one severity."""

    severity: Severity
    events: int


class SensorCount(ApiModel):
    """The events of one sensor; the name is null when it has been removed."""

    sensor: int
    sensor_name: str | None
    events: int


class SourceCount(ApiModel):
    """The events from one address, and how many sensors it touched: one that touches many is on a campaign."""

    ip: IPv4Address | IPv6Address
    events: int
    sensors: int


class PortCount(ApiModel):
    """The events at one port; null for a protocol without ports."""

    protocol: Protocol
    port: int | None
    events: int


class Stats(ApiModel):
    """What arrived and nothing hides, up to now; deleting events changes none of it. Of very many, some come later.

    The lists of sensors, sources and ports hold the most frequent ones; sources and ports count whole days (UTC).
    """

    since: datetime
    events: int
    timeline: list[Point]
    services: list[ServiceCount]
    kinds: list[KindCount]
    severities: list[SeverityCount]
    sensors: list[SensorCount]
    sources: list[SourceCount]
    ports: list[PortCount]
