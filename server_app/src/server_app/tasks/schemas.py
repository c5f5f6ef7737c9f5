from datetime import datetime
from typing import Annotated, Any

from pydantic import StringConstraints

from server_app.api_base.body import ApiModel
from server_app.paging import PageRequest
from server_app.tasks.models import TaskState


class TaskQuery(PageRequest):
    """Which tasks to list."""

    state: TaskState | None = None
    type: Annotated[str, StringConstraints(pattern=r"^[a-z-]{1,32}$")] | None = None


class TaskItem(ApiModel):
    """Long work and what became of it; `progress` counts from 0 to 100, `reason` says why it failed, and what stays."""

    id: int
    type: str
    state: TaskState
    progress: int
    cancel_requested: bool
    result: dict[str, Any] | None
    reason: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class TaskList(ApiModel):
    """A page of tasks."""

    items: list[TaskItem]
    next: str | None


class TaskAccepted(ApiModel):
    """The number of the task that was started; see `GET /api/tasks/<id>`."""

    task: int
