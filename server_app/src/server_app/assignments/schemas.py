from sensor_wire.base import RevisionName
from server_app.api_base.body import ApiModel
from server_app.assignments.models import ServiceAssignment


class AssignmentChange(ApiModel):
    """Which revision to run; null means the service's default."""

    revision: RevisionName | None = None


class AssignmentItem(ApiModel):
    """A service that a sensor shall run; `effective_revision` is what null stands for at the moment."""

    service: str
    revision: str | None
    effective_revision: str


class AssignmentList(ApiModel):
    """All services that a sensor shall run."""

    items: list[AssignmentItem]
    next: None = None


def assignment_item(row: ServiceAssignment) -> AssignmentItem:
    """A row as the API shows it."""
    return AssignmentItem(
        service=row.service.name,
        revision=row.revision,
        effective_revision=row.revision or row.service.default_revision,
    )
