"""The options of assignments: what was set, checked against what the images declare. Pure."""

from typing import Any

from server_app.assignments.models import ServiceAssignment
from server_app.errors import FieldError
from server_app.option_schema import filled, problems
from server_app.services.models import ServiceRevision


def images(assignment: ServiceAssignment) -> list[ServiceRevision]:
    """The images that an assignment may mean, of every architecture: the sensor may not have polled yet."""
    wanted = assignment.revision or assignment.service.default_revision
    return [revision for revision in assignment.service.revisions if revision.revision == wanted]


def effective_options(assignment: ServiceAssignment) -> dict[str, Any]:
    """What was set, and defaults for the rest."""
    found = images(assignment)
    return filled(found[0].options, assignment.options) if found else dict(assignment.options)


def wrong_options(assignment: ServiceAssignment, place: str) -> list[FieldError]:
    """What an assignment's options have that its images do not declare.

    Args:
        assignment: with service and revisions.
        place: pointer to the options.
    """
    found: dict[str, FieldError] = {}
    for image in images(assignment):
        for problem in problems(image.options, filled(image.options, assignment.options)):
            found[problem.pointer] = FieldError(f"{place}{problem.pointer}", problem.reason)
    return list(found.values())
