"""The options of assignments: what was set, checked against what the images declare. Pure."""

from collections.abc import Iterable

from server_app.assignments import persona_options
from server_app.assignments.models import ServiceAssignment
from server_app.assignments.persona_options import EffectiveOptions, Origin
from server_app.errors import FieldError
from server_app.option_schema import filled, problems
from server_app.sensors.persona import Persona
from server_app.services.models import ServiceRevision


def images(assignment: ServiceAssignment) -> list[ServiceRevision]:
    """The images that an assignment may mean, of every architecture: the sensor may not have polled yet."""
    wanted = assignment.revision or assignment.service.default_revision
    return [revision for revision in assignment.service.revisions if revision.revision == wanted]


def effective_options(
    assignment: ServiceAssignment, persona: Persona, among: Iterable[ServiceAssignment]
) -> EffectiveOptions:
    """What was set, what the persona says, and defaults for the rest.

    Args:
        assignment: whose options.
        persona: of its sensor.
        among: all assignments of the sensor; those under the same address tell one story.
    """
    found = images(assignment)
    if not found:
        return EffectiveOptions(dict(assignment.options), dict.fromkeys(assignment.options, Origin.SET))
    beside = (images(each)[:1] for each in among if each.address == assignment.address)
    story = persona_options.one_story(persona.options(), [image.options for first in beside for image in first])
    return persona_options.effective(found[0].options, story, assignment.options)


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
