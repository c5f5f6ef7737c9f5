from datetime import datetime
from typing import Self

from pydantic import Field, model_validator

from server_app.api_base.model import ApiModel
from server_app.event_filters.conditions import Conditions
from server_app.events.schemas import EventItem
from server_app.fields import FreeText, Moment, Name, RowId
from server_app.paging import PageRequest


class NewEventFilter(ApiModel):
    """A filter to be made. Without a division it holds for all of them, which only administrators may say."""

    name: Name
    description: FreeText = ""
    division: RowId | None = None
    enabled: bool = True
    expires_at: Moment | None = None
    conditions: Conditions


class EventFilterChange(ApiModel):
    """What to change; what is left out stays as it is. The division stays."""

    name: Name | None = None
    description: FreeText | None = None
    enabled: bool | None = None
    expires_at: Moment | None = None
    conditions: Conditions | None = None

    @model_validator(mode="after")
    def _not_null(self) -> Self:
        for name in self.model_fields_set - {"expires_at"}:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null; leave it out to keep it")
        return self


class EventFilterItem(ApiModel):
    """A filter, the number of events it has hidden since it was made, and the hour of the last of them."""

    id: int
    name: str
    description: str
    division: int | None
    enabled: bool
    expires_at: datetime | None
    conditions: Conditions
    changed_at: datetime
    hits: int
    last_hit: datetime | None


class EventFilterList(ApiModel):
    """A page of filters."""

    items: list[EventFilterItem]
    next: str | None


class FilterQuery(PageRequest):
    """A page of filters, of all divisions or of one."""

    division: RowId | None = None


class DryRun(ApiModel):
    """Conditions to try on stored events, of one division or of all that the user sees."""

    conditions: Conditions
    division: RowId | None = None


class DryRunResult(ApiModel):
    """How many of the stored events that nothing hides would have been hidden, and the newest of them.

    The newest 50,000 events are looked at of those that meet all conditions but the time of day: `complete` says
    whether these were all, `since` is the time of the oldest of them.
    """

    matched: int
    complete: bool
    since: datetime | None
    samples: list[EventItem] = Field(max_length=10)
