"""What the worker does with events: changes of many sessions at once, and removing what is kept no longer."""

from dataclasses import dataclass, field
from threading import Lock

from sqlalchemy import select

from server_app.audit import service as audit
from server_app.db import Database, now
from server_app.events import gone, mass, retention
from server_app.events.models import EventSession
from server_app.task_queue import TaskQueue
from server_app.tasks.kinds import Job, TaskKind
from server_app.tasks.runner import Runner

CHUNK = 500


@dataclass(frozen=True)
class EventTasks:
    """The tasks with what they need."""

    database: Database
    _removing: Lock = field(default_factory=Lock)

    def register(self, runner: Runner, queue: TaskQueue) -> None:
        """Let the worker run them."""
        runner.register(TaskKind(mass.TASK, self.change_sessions, remains=mass.remains, resumes=True))
        queue.handle_daily("remove-old-events", self.remove_old)
        queue.handle_each_ten_minutes("remove-surplus-events", self.remove_surplus)
        queue.handle(gone.TASK, self.remove_gone)
        queue.handle_each_ten_minutes("remove-forgotten-events-of-gone-sensors", self.remove_gone)

    def remove_old(self) -> None:
        """Remove what is too old."""
        with self._removing:
            retention.remove_old(self.database, now())

    def remove_surplus(self) -> None:
        """Remove what is too much, unless something is being removed: two at once would remove too much."""
        if self._removing.acquire(blocking=False):
            try:
                retention.remove_surplus(self.database, now())
            finally:
                self._removing.release()

    def remove_gone(self) -> None:
        """Remove the events of sensors that are no more."""
        gone.remove_all(self.database)

    def change_sessions(self, job: Job) -> None:
        """Change or delete the sessions of a filter, by their numbers, up to the last one there was when it was asked.

        A worker that is killed goes on where it was: what is done is done.
        """
        who, wanted, last = mass.asked(job.parameters)
        done: int = job.parameters.get("done", 0)
        place: int = job.parameters.get("place", 0)
        while True:
            job.note(min(99, place * 100 // max(last, 1)))
            with self.database.writing() as session:
                chosen = mass.condition(session, who, wanted)
                query = select(EventSession.id).where(chosen, EventSession.id > place, EventSession.id <= last)
                ids = session.scalars(query.order_by(EventSession.id).limit(CHUNK)).all()
                mass.apply(session, wanted, ids)
                if not ids:
                    audit.record(session, "finished", "session", None, {"task": job.id}, {"count": done})
                    job.succeed(session, {"sessions": done})
                    return
                done += len(ids)
                place = ids[-1]
                job.keep(session, done=done, place=place)
