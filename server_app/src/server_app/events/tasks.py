"""What the worker does with events: changes of many sessions at once."""

from dataclasses import dataclass

from sqlalchemy import select

from server_app.audit import service as audit
from server_app.db import Database
from server_app.events import mass
from server_app.events.models import EventSession
from server_app.tasks.kinds import Job, TaskKind
from server_app.tasks.runner import Runner

CHUNK = 500


@dataclass(frozen=True)
class EventTasks:
    """The tasks with what they need."""

    database: Database

    def register(self, runner: Runner) -> None:
        """Let the worker run them."""
        runner.register(TaskKind(mass.TASK, self.change_sessions, resumes=True))

    def change_sessions(self, job: Job) -> None:
        """Change or delete the sessions of a filter, by their numbers, up to the last one there was when it was asked.

        A worker that is killed goes on where it was: what is done is done.
        """
        who, wanted, last = mass.asked(job.parameters)
        done: int = job.parameters.get("done", 0)
        place: int = job.parameters.get("place", 0)
        while True:
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
            job.note(min(99, place * 100 // max(last, 1)), done=done, place=place)
