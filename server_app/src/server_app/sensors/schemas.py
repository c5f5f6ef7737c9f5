from datetime import datetime
from ipaddress import IPv4Address, IPv6Address

from sensor_wire.v1.poll import Report, ServiceReport
from server_app.api_base.body import ApiModel
from server_app.fields import FreeText, Name, PollInterval, RowId
from server_app.sensors.models import Sensor
from server_app.sensors.service import SensorState, report_of, state_of


class NewSensor(ApiModel):
    """A sensor to be made; `poll_interval` null means the system's."""

    name: Name
    division: RowId
    location: FreeText = ""
    poll_interval: PollInterval | None = None


class SensorChange(ApiModel):
    """What to change; what is left out stays."""

    name: Name = ""  # the default is never looked at
    location: FreeText = ""
    poll_interval: PollInterval | None = None


class SensorItem(ApiModel):
    """A sensor with what it last said of itself."""

    id: int
    name: str
    location: str
    division: int
    division_name: str
    poll_interval: int | None
    state: SensorState
    last_contact: datetime | None
    firmware: str | None
    architecture: str | None
    addresses: list[IPv4Address | IPv6Address]
    services: list[ServiceReport]
    error: str | None


class SensorList(ApiModel):
    """All sensors the user sees."""

    items: list[SensorItem]
    next: None = None


class StatusAnswer(ApiModel):
    """The last poll of a sensor: when, which generation it was answered, and the report as it came."""

    sensor: int
    state: SensorState
    last_contact: datetime | None
    generation: int
    report: Report | None


def sensor_item(sensor: Sensor, system_poll_interval: int, now: datetime) -> SensorItem:
    """A row as the API shows it."""
    report = report_of(sensor)
    return SensorItem(
        id=sensor.id,
        name=sensor.name,
        location=sensor.location,
        division=sensor.division_id,
        division_name=sensor.division.name,
        poll_interval=sensor.poll_interval,
        state=state_of(sensor, system_poll_interval, now),
        last_contact=sensor.status.last_contact_at,
        firmware=report.firmware if report else None,
        architecture=sensor.status.architecture,
        addresses=list(report.addresses) if report else [],
        services=report.services if report else [],
        error=report.error if report else None,
    )
