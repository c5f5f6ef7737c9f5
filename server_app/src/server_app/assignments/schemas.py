from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field, JsonValue

from sensor_wire.base import RevisionName, ServiceName
from server_app.api_base.body import ApiModel
from server_app.assignments.matrix import Entry
from server_app.assignments.models import ServiceAssignment
from server_app.assignments.options import effective_options, images
from server_app.assignments.persona_options import Origin
from server_app.fields import RowId
from server_app.option_schema import MAX_OPTIONS
from server_app.sensors.connection import HostAddress
from server_app.sensors.models import Sensor
from server_app.sensors.persona import SystemPersona, persona_of
from server_app.services.models import Service

MAX_CHANGES = 1000
VALUES = ("revision", "options", "address")
Options = Annotated[dict[str, JsonValue], Field(max_length=MAX_OPTIONS)]


class AssignmentChange(ApiModel):
    """Which revision to run (null: the service's default), its options, and under which of the sensor's addresses.

    Options and address that are left out stay; `address` null: those addresses that have no services of their own.
    """

    revision: RevisionName | None = None
    options: Options | None = None
    address: HostAddress | None = None

    def values(self) -> dict[str, Any]:
        """The fields by name."""
        address = {"address": self.address} if "address" in self.model_fields_set else {}
        return {"revision": self.revision, "options": self.options} | address


class AssignmentItem(ApiModel):
    """A service that a sensor shall run; the effective values are what holds at the moment.

    Each effective option is what was set for the service, else what the sensor's persona says, else the default:
    `option_origins` tells which (`set`, `persona`, `default`). Where nobody has said an `os_family`, the persona has
    one that all services under the same address can be.
    `image_missing` tells that the registry lacks an image of it, so that sensors cannot fetch it.
    """

    service: str
    revision: str | None
    effective_revision: str
    options: dict[str, JsonValue]
    effective_options: dict[str, JsonValue]
    option_origins: dict[str, Origin]
    address: str | None
    image_missing: bool


class AssignmentList(ApiModel):
    """All services that a sensor shall run."""

    items: list[AssignmentItem]
    next: None = None


class MatrixColumn(ApiModel):
    """A service that can be assigned."""

    service: str
    default_revision: str
    revisions: list[str]


class MatrixRow(ApiModel):
    """A sensor and what it shall run."""

    sensor: int
    name: str
    division: int
    division_name: str
    services: list[AssignmentItem]


class Matrix(ApiModel):
    """All services, and a page of sensors by name."""

    services: list[MatrixColumn]
    items: list[MatrixRow]
    next: str | None


class MatrixChange(ApiModel):
    """Assign a service to a sensor or take it away; what is left out of the rest stays."""

    sensor: RowId
    service: ServiceName
    assigned: bool = True
    revision: RevisionName | None = None
    options: Options | None = None
    address: HostAddress | None = None


class MatrixChanges(ApiModel):
    """Changes that are made all or not at all."""

    changes: Annotated[list[MatrixChange], Field(min_length=1, max_length=MAX_CHANGES)]

    def entries(self) -> list[Entry]:
        """The changes, with only what was given."""
        return [
            Entry(
                change.sensor,
                change.service,
                change.assigned,
                {name: getattr(change, name) for name in VALUES if name in change.model_fields_set},
            )
            for change in self.changes
        ]


class MatrixChanged(ApiModel):
    """How many changes were made."""

    changed: int


def assignment_item(
    row: ServiceAssignment, among: Sequence[ServiceAssignment], system: SystemPersona
) -> AssignmentItem:
    """A row, one among all of its sensor, as the API shows it."""
    options = effective_options(row, persona_of(row.sensor, system), among)
    return AssignmentItem(
        service=row.service.name,
        revision=row.revision,
        effective_revision=row.revision or row.service.default_revision,
        options=row.options,
        effective_options=options.values,
        option_origins=options.origins,
        address=row.address,
        image_missing=any(image.image_missing for image in images(row)),
    )


def matrix_column(service: Service) -> MatrixColumn:
    """A service with the names of its revisions, newest first."""
    revisions = list(dict.fromkeys(revision.revision for revision in service.revisions))
    return MatrixColumn(service=service.name, default_revision=service.default_revision, revisions=revisions)


def matrix_row(sensor: Sensor, rows: list[ServiceAssignment], system: SystemPersona) -> MatrixRow:
    """A sensor with its assignments."""
    return MatrixRow(
        sensor=sensor.id,
        name=sensor.name,
        division=sensor.division_id,
        division_name=sensor.division.name,
        services=[assignment_item(row, rows, system) for row in rows],
    )
