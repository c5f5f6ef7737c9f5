from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from server_app.db import Base, text_enum


class TaskState(StrEnum):
    """Where a background task stands; the last three are final."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Task(Base):
    """Long work that the worker does, and what became of it. `progress` counts from 0 to 100.

    `parameters` are for the worker alone, `result` is what people see; neither has secrets. `attempts`
    counts the starts.
    """

    __tablename__ = "tasks"
    audit_name: ClassVar[str] = "task"
    # Who started which is worth recording; how it goes on is shown here, and what it does has entries of its own.
    audit_ignored: ClassVar[frozenset[str]] = frozenset(
        {"state", "progress", "attempts", "cancel_requested", "parameters", "result", "reason"}
        | {"user_id", "created_at", "started_at", "finished_at"}
    )
    __table_args__ = (Index(None, "state"), Index(None, "created_at", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str] = mapped_column(String(32))
    state: Mapped[TaskState] = mapped_column(text_enum(TaskState))
    progress: Mapped[int]
    attempts: Mapped[int] = mapped_column(server_default="0")
    cancel_requested: Mapped[bool] = mapped_column(server_default=false())
    parameters: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any] | None]
    reason: Mapped[str | None] = mapped_column(Text)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
