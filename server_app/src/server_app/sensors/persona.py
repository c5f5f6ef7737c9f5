"""What the honeypots of a sensor pretend to be: one machine, so that all its ports tell one story. Pure."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import StringConstraints

from server_app.api_base.model import ApiModel
from server_app.sensors.host_names import host_name
from server_app.sensors.models import Sensor

_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
HostLabel = Annotated[str, StringConstraints(pattern=f"^{_LABEL}$")]
DomainName = Annotated[str, StringConstraints(max_length=190, pattern=rf"^{_LABEL}(\.{_LABEL})*$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]


class OsFamily(StrEnum):
    """The kind of system; a service that cannot be of one keeps its own.

    Unless somebody says one, it follows from the services: see `assignments.persona_options.one_story`.
    """

    LINUX = "linux"
    WINDOWS = "windows"
    APPLIANCE = "appliance"


class PersonaSetting(ApiModel):
    """What people say; null means the system's value, and none there: what each service has by itself.

    Where nobody says a host name, the sensor has one made for it.
    """

    host_name: HostLabel | None = None
    domain: DomainName | None = None
    os_family: OsFamily | None = None
    organisation: Words | None = None
    mac_vendor: Words | None = None


class SystemPersona(PersonaSetting):
    """What holds for sensors that say nothing else."""

    domain: DomainName = "intranet.local"


class Persona(ApiModel):
    """What holds for a sensor; null is what nobody has said."""

    host_name: HostLabel
    domain: DomainName
    os_family: OsFamily | None
    organisation: Words | None
    mac_vendor: Words | None

    def options(self) -> dict[str, Any]:
        """Options of services that have their names, as JSON values."""
        return self.model_dump(mode="json", exclude_none=True)


def persona_of(sensor: Sensor, system: SystemPersona) -> Persona:
    """The persona of one sensor: field by field its own, else the system's, else made."""
    own = PersonaSetting.model_validate(sensor.persona or {})
    said = system.model_dump() | own.model_dump(exclude_none=True)
    made = host_name(said["os_family"] or OsFamily.LINUX, sensor.name_number)
    return Persona.model_validate(said | {"host_name": said["host_name"] or made})
