"""Creating calls that may be sent again: the caller names each by a key, and it is done once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, update

from server_app.db import Database, upsert
from server_app.errors import Conflict, Unprocessable
from server_app.idempotency.models import IdempotencyKey

KEEP = timedelta(hours=24)
"""How long an answer is kept."""
RUNNING = timedelta(minutes=5)
"""No creating call runs longer; one that has not ended by then was stopped in the middle."""


@dataclass(frozen=True)
class Call:
    """A creating call: whose, its key, and the fingerprint of what it asks for."""

    user_id: int
    key: str
    fingerprint: str


@dataclass(frozen=True)
class Answer:
    """What a call was answered; `body` is None where it held a secret."""

    status: int
    body: str | None


def begin(database: Database, call: Call, now: datetime) -> Answer | None:
    """Take a key for a call, unless it has been used. What is older than `KEEP` is forgotten.

    Returns:
        What the same call was answered before; None when it is to be done now.

    Raises:
        Unprocessable: the key was used for another call.
        Conflict: the same call runs at this moment, or was stopped in the middle.
    """
    with database.writing() as session:
        session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now - KEEP))
        taken = upsert(session, IdempotencyKey).values(
            user_id=call.user_id, key=call.key, fingerprint=call.fingerprint, created_at=now
        )
        if session.execute(taken.on_conflict_do_nothing().returning(IdempotencyKey.key)).first() is not None:
            return None
        row = session.get_one(IdempotencyKey, (call.user_id, call.key))
        if row.fingerprint != call.fingerprint:
            raise Unprocessable("This Idempotency-Key was used for another request. Choose a new one for each.")
        if row.status is None and now - row.created_at > RUNNING:
            raise Conflict("This request was stopped in the middle. Look whether it was done; use another key.")
        if row.status is None:
            raise Conflict("This request is being done at this moment. Ask again in a while.")
        return Answer(row.status, row.body)


def finish(database: Database, call: Call, answer: Answer) -> None:
    """Keep what a call was answered."""
    with database.writing() as session:
        session.execute(update(IdempotencyKey).where(*_is(call)).values(status=answer.status, body=answer.body))


def give_back(database: Database, call: Call) -> None:
    """Free the key of a call that was refused: nothing was changed, it may be tried again."""
    with database.writing() as session:
        session.execute(delete(IdempotencyKey).where(*_is(call)))


def _is(call: Call) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return IdempotencyKey.user_id == call.user_id, IdempotencyKey.key == call.key
