"""What an event must be for a filter to hide it. Pure."""

from datetime import time
from enum import StrEnum
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from sensor_wire.base import PortNumber, ServiceName
from sensor_wire.v1.event import EventKind, Protocol
from server_app.api_base.model import ApiModel
from server_app.events.addresses import AddressText
from server_app.fields import RowId


class Weekday(StrEnum):
    """A day of the week, in the order of `datetime.weekday`."""

    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"
    SUNDAY = "sun"


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("is no time zone of the IANA database") from error
    return name


TimeZone = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_+/-]{0,63}$"),
    AfterValidator(_known_zone),
    Field(examples=["Europe/Berlin"]),
]
TimeOfDay = Annotated[
    str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$"), Field(examples=["22:00", "06:00"])
]


class TimeWindow(ApiModel):
    """From `begin` (included) to `end` (not included) on some days, in a time zone with its summer time.

    An end before the begin is that of the next day; the same time means the whole day. The days are those it begins on.
    """

    zone: TimeZone = "UTC"
    begin: TimeOfDay = "00:00"
    end: TimeOfDay = "00:00"
    weekdays: Annotated[list[Weekday], Field(min_length=1, max_length=7)] = Field(default_factory=lambda: list(Weekday))

    @property
    def from_to(self) -> tuple[time, time]:
        """Begin and end."""
        return time.fromisoformat(self.begin), time.fromisoformat(self.end)


class Conditions(ApiModel):
    """All that are given must hold; each holds when one of its values does. What is left out does not matter."""

    sources: Annotated[list[AddressText], Field(min_length=1, max_length=100)] | None = None
    ports: Annotated[list[PortNumber], Field(min_length=1, max_length=100)] | None = None
    protocols: Annotated[list[Protocol], Field(min_length=1)] | None = None
    kinds: Annotated[list[EventKind], Field(min_length=1)] | None = None
    services: Annotated[list[ServiceName], Field(min_length=1, max_length=100)] | None = None
    sensors: Annotated[list[RowId], Field(min_length=1, max_length=1000)] | None = None
    times: Annotated[list[TimeWindow], Field(min_length=1, max_length=20)] | None = None

    @model_validator(mode="after")
    def _any(self) -> Self:
        if all(value is None for _, value in self):
            raise ValueError("must have at least one condition: without any, everything would be hidden")
        return self
