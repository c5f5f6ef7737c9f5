"""What people ask to change of sessions, one or many at once. Pure."""

from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from server_app.api_base.model import ApiModel
from server_app.events.columns import Shelf
from server_app.events.models import SessionStatus
from server_app.events.wanted import SessionConditions
from server_app.fields import RowId

MAX_IDS = 1000


class SessionChange(ApiModel):
    """What to change; what is left out stays. `assignee` is a user, null for nobody."""

    status: SessionStatus | None = None
    comment: Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^\x00]*$")] | None = None
    assignee: RowId | None = None
    archived: bool | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        for name in ("status", "comment", "archived"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null; leave it out to keep it")
        if not self.model_fields_set:
            raise ValueError("must change something")
        return self

    def columns(self) -> dict[str, Any]:
        """As columns of the rows."""
        found: dict[str, Any] = {}
        for name in self.model_fields_set:
            match name:
                case "assignee":
                    found["assignee_id"] = self.assignee
                case "archived":
                    found["shelf"] = Shelf.ARCHIVED if self.archived else Shelf.LIVE
                case _:
                    found[name] = getattr(self, name)
        return found


class MassAction(ApiModel):
    """What to do with many sessions: those named by `ids`, or all that the list shows with the conditions of `filter`.

    Either `change` them or `delete` them with their events.
    """

    ids: Annotated[list[RowId], Field(min_length=1, max_length=MAX_IDS)] | None = None
    filter: SessionConditions | None = None
    change: SessionChange | None = None
    delete: bool = False

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if (self.ids is None) == (self.filter is None):
            raise ValueError("must have either ids or filter")
        if (self.change is None) == (not self.delete):
            raise ValueError("must have either change or delete")
        return self


class MassResult(ApiModel):
    """How many sessions were changed or deleted; when there are too many for one answer, the `task` that does it."""

    sessions: int
    task: int | None
