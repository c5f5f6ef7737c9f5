"""What a list of events or sessions is asked for. Pure."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from sensor_wire.base import PortNumber
from sensor_wire.v1.event import EventKind, Protocol, Severity
from server_app.api_base.model import ApiModel
from server_app.events.addresses import AddressText
from server_app.events.columns import Shelf
from server_app.events.models import SessionStatus
from server_app.fields import Moment, RowId
from server_app.paging import PageRequest


class Order(StrEnum):
    """By time."""

    NEWEST = "newest"
    OLDEST = "oldest"


class Format(StrEnum):
    """Of a file: a table, or one JSON object a line with everything."""

    CSV = "csv"
    NDJSON = "ndjson"


class EventConditions(ApiModel):
    """Which events; what is left out does not matter.

    `source` is an address, a network or a range; `severity` is the least; `text` are words of the summary and of the
    details, by their beginnings. What an event filter hides is shown by `hidden` alone, all or of one filter.
    """

    division: RowId | None = None
    sensor: RowId | None = None
    service: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")] | None = None
    session: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,64}$")] | None = None
    source: AddressText | None = None
    kind: EventKind | None = None
    severity: Severity | None = None
    protocol: Protocol | None = None
    port: Annotated[PortNumber, Field(description="of the destination")] | None = None
    since: Moment | None = None
    until: Annotated[Moment, Field(description="this moment is not included")] | None = None
    text: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"[^\W_]")] | None = None
    hidden: bool = False


class SessionConditions(EventConditions):
    """Which sessions; a session's time is that of its last event."""

    status: SessionStatus | None = None
    assignee: RowId | None = None
    archived: bool = False

    @model_validator(mode="after")
    def _one_shelf(self) -> Self:
        if self.hidden and self.archived:
            raise ValueError("hidden sessions are not in the archive: ask for one or the other")
        return self

    @property
    def shelf(self) -> Shelf:
        """Where they are kept."""
        if self.hidden:
            return Shelf.HIDDEN
        return Shelf.ARCHIVED if self.archived else Shelf.LIVE


class EventOrder(EventConditions):
    """Which events, in which order."""

    order: Order = Order.NEWEST
    hidden_by: Annotated[RowId, Field(description="an event filter")] | None = None

    @property
    def among_hidden(self) -> bool:
        """Whether the hidden ones are asked for."""
        return self.hidden or self.hidden_by is not None


class SessionOrder(SessionConditions):
    """Which sessions, in which order."""

    order: Order = Order.NEWEST


class EventFilter(PageRequest, EventOrder):
    """A page of events."""


class SessionFilter(PageRequest, SessionOrder):
    """A page of sessions."""


class EventExport(EventOrder):
    """A file of events."""

    format: Format = Format.CSV


class SessionExport(SessionOrder):
    """A file of sessions."""

    format: Format = Format.CSV
