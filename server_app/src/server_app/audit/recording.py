"""Records what a session writes, in the same transaction, for every class that has an `audit_name`.

A class may also name attributes whose values are secret (`audit_hidden`) and those that are not worth recording
(`audit_ignored`). Rows that the database removes along with another (`ON DELETE CASCADE`), and bulk statements, are not
seen here: for the latter there is `service.record`.
"""

from typing import Any

from sqlalchemy import event, insert
from sqlalchemy.orm import Session, UOWTransaction

from server_app.audit import changes
from server_app.audit.entry import values_of
from server_app.audit.models import AuditEntry


def listen() -> None:
    """Record the changes of all sessions from now on; again, it changes nothing."""
    if not event.contains(Session, "after_flush", _record):
        event.listen(Session, "after_flush", _record)


def _record(session: Session, _context: UOWTransaction) -> None:
    # The lists and histories are still those of before the flush, while new rows have their numbers.
    entries = [_entry("created", row, None, changes.created(row)) for row in session.new if _audited(row)]
    for row in session.dirty:
        if _audited(row):
            before, after = changes.changed(row)
            if after:
                entries.append(_entry("changed", row, before, after))
    entries += [_entry("removed", row, changes.removed(row), None) for row in session.deleted if _audited(row)]
    if entries:
        session.connection().execute(insert(AuditEntry.__table__), entries)  # type: ignore[arg-type] # a Table, always


def _audited(row: object) -> bool:
    return hasattr(type(row), "audit_name")


def _entry(action: str, row: object, before: dict[str, Any] | None, after: dict[str, Any] | None) -> dict[str, Any]:
    kind: str = type(row).audit_name  # type: ignore[attr-defined] # _audited has looked
    return values_of(action, kind, changes.number(row), before, after, label=changes.label(row))
