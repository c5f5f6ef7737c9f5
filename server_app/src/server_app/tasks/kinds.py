"""What a kind of task is: how it runs, what it may leave behind, and what an interruption means to it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from server_app.db import Database
from server_app.tasks import service
from server_app.tasks.models import TaskState

STEP = 5
"""Progress, of 100, that is worth a write."""


class Cancelled(Exception):  # noqa: N818 - nothing is wrong
    """Somebody has cancelled the task; raised at its next safe point."""


class Failed(Exception):  # noqa: N818 - it is the task that failed
    """Nothing came of the task; the message is for people and says why."""


@dataclass(frozen=True)
class Job:
    """A task that runs, in the hands of its kind."""

    database: Database
    id: int
    parameters: dict[str, Any]

    def note(self, progress: int, **parameters: Any) -> None:
        """Say how far it is (0 to 100), and keep what would be needed to clean up after it. A safe point.

        Raises:
            Cancelled: it shall end here.
        """
        if service.note(self.database, self.id, progress, **parameters):
            raise Cancelled

    def keep(self, session: Session, **parameters: Any) -> None:
        """Keep how far it is, in the transaction of what it did: a worker that is killed knows neither or both."""
        service.keep(session, self.id, **parameters)

    def follow(self, low: int, high: int) -> Callable[[float], None]:
        """A function that takes the share of a step that is done (0 to 1) and notes it between two progresses.

        Now and then only: what a step calls for each block must not write to the database each time.
        """
        noted = low

        def follow(share: float) -> None:
            nonlocal noted
            progress = low + int(share * (high - low))
            if progress >= noted + STEP:
                noted = progress
                self.note(progress)

        return follow

    def succeed(self, session: Session, result: dict[str, Any]) -> None:
        """End well, in the transaction of what it did: both are there or neither is."""
        service.succeed(session, self.id, result)


@dataclass(frozen=True)
class Remains:
    """What stays of a task that ended otherwise than well: a sentence for people, and a result for `succeed`."""

    said: str = service.NOTHING
    result: dict[str, Any] | None = None


def _nothing_remains(_session: Session, _task_id: int, _parameters: dict[str, Any], _state: TaskState) -> Remains:
    return Remains()


def _nothing(_task_id: int, _parameters: dict[str, Any]) -> None:
    """Leaves nothing behind."""


@dataclass(frozen=True)
class TaskKind:
    """A kind of task.

    Args:
        name: its type in the list of tasks and in the queue.
        run: does the work, calls `job.note` at its safe points and ends with `job.succeed`.
        clean_up: removes what nobody needs of a task that has ended in whatever way, also of one that never ran or was
            killed at any point; gets its number and parameters. Called again, it does no harm.
        remains: says what it had done for good when it failed or was cancelled, and records it, in the transaction of
            its end; gets its number, its parameters, and how it ends.
        resumes: whether it starts again after the worker was killed in the middle. One that does not has failed then.
    """

    name: str
    run: Callable[[Job], None]
    clean_up: Callable[[int, dict[str, Any]], None] = _nothing
    remains: Callable[[Session, int, dict[str, Any], TaskState], Remains] = _nothing_remains
    resumes: bool = False
