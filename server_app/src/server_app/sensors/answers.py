"""What people are told of a sensor."""

from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from sensor_wire.v1.poll import Report, ServiceReport, ServiceState, UpdateReport
from server_app.api_base.body import ApiModel
from server_app.at_rest.hidden import Hidden
from server_app.sensors import dot1x
from server_app.sensors.connection import Address, NetworkSetting, ProxyShown, ServerSetting
from server_app.sensors.dot1x import Dot1xShown
from server_app.sensors.effective import Effective, Environment, effective
from server_app.sensors.models import Health, Sensor, SensorState
from server_app.sensors.persona import Persona, PersonaSetting
from server_app.sensors.preferences import SensorSection
from server_app.sensors.schemas import PinnedFirmware
from server_app.sensors.service import problems_of, report_of, state_of


class EffectiveSettings(ApiModel):
    """The values a sensor lives by: its own, or the system's."""

    poll_interval: int
    server: ServerSetting
    network: NetworkSetting
    dns_servers: list[Address]
    proxy: ProxyShown
    persona: Persona


class SensorItem(ApiModel):
    """A sensor with its own settings, those it lives by, and what it last said of itself."""

    id: int
    name: str
    location: str
    division: int
    division_name: str
    poll_interval: int | None
    server: ServerSetting | None
    network: NetworkSetting | None
    dns_servers: list[Address] | None
    mac_address: str | None
    proxy: ProxyShown | None
    dot1x: Dot1xShown | None
    pinned_firmware: PinnedFirmware | None
    persona: PersonaSetting | None
    effective: EffectiveSettings
    state: SensorState
    health: Health
    problems: list[str]
    last_contact: datetime | None
    firmware: str | None
    architecture: str | None
    addresses: list[IPv4Address | IPv6Address]
    services: list[ServiceReport]
    error: str | None


class SensorList(ApiModel):
    """A page of sensors, by name."""

    items: list[SensorItem]
    next: str | None


class PastService(ApiModel):
    """A honeypot at that time."""

    name: str
    state: ServiceState
    revision: str | None
    error: str | None


class PastReport(ApiModel):
    """What the sensor reported, as far as it is kept."""

    firmware: str
    addresses: list[IPv4Address | IPv6Address]
    services: list[PastService]
    update: UpdateReport | None
    error: str | None


class StatusChangeItem(ApiModel):
    """The sensor came (`online`, with what it reported), went silent (`timeout`), or reported something else."""

    id: int
    time: datetime
    state: SensorState
    health: Health
    report: PastReport | None


class StatusHistory(ApiModel):
    """A page of a sensor's history, newest first."""

    items: list[StatusChangeItem]
    next: str | None


class StatusAnswer(ApiModel):
    """The last poll of a sensor: when, which generation it was answered, and the report as it came."""

    sensor: int
    state: SensorState
    health: Health
    problems: list[str]
    last_contact: datetime | None
    generation: int
    report: Report | None


def sensor_item(sensor: Sensor, system: SensorSection, environment: Environment, now: datetime) -> SensorItem:
    """A row as the API shows it."""
    report = report_of(sensor)
    lives_by = effective(sensor, system, environment)
    return SensorItem.model_validate(
        {
            "id": sensor.id,
            "name": sensor.name,
            "location": sensor.location,
            "division": sensor.division_id,
            "division_name": sensor.division.name,
            "poll_interval": sensor.poll_interval,
            "server": sensor.server,
            "network": sensor.network,
            "dns_servers": sensor.dns_servers,
            "mac_address": sensor.mac_address,
            "proxy": None if sensor.proxy is None else _proxy(sensor.proxy, sensor.proxy_password),
            "dot1x": dot1x.shown(sensor),
            "pinned_firmware": sensor.pinned_firmware,
            "persona": sensor.persona,
            "effective": _shown(lives_by),
            "state": state_of(sensor, now),
            "health": sensor.status.health,
            "problems": problems_of(sensor),
            "last_contact": sensor.status.last_contact_at,
            "firmware": report.firmware if report else None,
            "architecture": sensor.status.architecture,
            "addresses": report.addresses if report else [],
            "services": report.services if report else [],
            "error": report.error if report else None,
        }
    )


def _shown(values: Effective) -> EffectiveSettings:
    return EffectiveSettings(
        poll_interval=values.poll_interval,
        server=values.server,
        network=values.network,
        dns_servers=list(values.dns_servers),
        proxy=_proxy(values.proxy.model_dump(), values.proxy_password),
        persona=values.persona,
    )


def _proxy(place: dict[str, Any], password: Hidden | None) -> ProxyShown:
    return ProxyShown.model_validate(place | {"password_set": password is not None})
