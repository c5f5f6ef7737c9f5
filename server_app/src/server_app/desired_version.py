"""A number that changes with everything that enters the desired state of any sensor.

While it stays the same, so does what every sensor was answered last: the poll of an unchanged sensor need not look at
anything else. A class whose rows enter the desired state says `reaches_sensors = True`; that is all it has to do. The
number is raised in the transaction of the change itself, so nobody sees one without the other.
"""

from sqlalchemy import event, text
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction

_MARK = "reaches_sensors"
_RAISE = text(
    "INSERT INTO desired_version (id, number) VALUES (1, 1) "
    "ON CONFLICT (id) DO UPDATE SET number = desired_version.number + 1"
)


def listen() -> None:
    """Watch the changes of all sessions from now on; again, it changes nothing."""
    for name, watcher in (("after_flush", _flushed), ("do_orm_execute", _executed), ("before_commit", _raise)):
        if not event.contains(Session, name, watcher):
            event.listen(Session, name, watcher)


def _flushed(session: Session, _context: UOWTransaction) -> None:
    changed = (*session.new, *session.deleted, *(row for row in session.dirty if session.is_modified(row)))
    if any(getattr(type(row), _MARK) for row in changed):
        session.info[_MARK] = True


def _executed(state: ORMExecuteState) -> None:
    mapper = state.bind_mapper
    if not state.is_select and mapper is not None and getattr(mapper.class_, _MARK):
        state.session.info[_MARK] = True


def _raise(session: Session) -> None:
    # Last of all, so that this one row, which every change needs, is locked for as short as can be.
    session.flush()
    if session.info.pop(_MARK, False):
        session.execute(_RAISE)
