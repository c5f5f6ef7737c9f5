from typing import Annotated, ClassVar

from pydantic import Field

from server_app.preferences.section import Section

Days = Annotated[int, Field(ge=1, le=3650)]


class EventSection(Section):
    """How long sessions are kept with their events, from the last event on, and how many or how much at most.

    Null is for ever, or any number, or any size. The archive has its own age; of too many events, or of more than so
    many MiB, the oldest go first, those of the archive too.
    """

    name: ClassVar[str] = "events"

    keep_days: Days | None = 365
    keep_archived_days: Days | None = None
    max_events: Annotated[int, Field(ge=1)] | None = None
    max_mebibytes: Annotated[int, Field(ge=1, le=1 << 30)] | None = None
