"""The record of changes and logins: who did what, when, from where. It is only ever added to, until it is old."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import StringConstraints
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from server_app import old_rows
from server_app.accounts.principal import Principal
from server_app.audit.actor import Actor
from server_app.audit.entry import values_of
from server_app.audit.models import AuditEntry
from server_app.db import Database
from server_app.fields import Moment, RowId
from server_app.paging import Page, PageRequest, newest_first

Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_ -]{0,31}$")]


class AuditFilter(PageRequest):
    """What to list; what is left out does not matter. `since` is included, `until` is not."""

    user: RowId | None = None
    object: Word | None = None
    object_id: RowId | None = None
    action: Word | None = None
    since: Moment | None = None
    until: Moment | None = None


def record(  # noqa: PLR0913, PLR0917 - an entry has so many parts
    session: Session,
    action: str,
    object_name: str,
    object_id: int | None,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    *,
    label: str = "",
    by: Actor | None = None,
) -> None:
    """Record what no session event sees: a bulk statement, a login.

    Args:
        session: the entry is part of its transaction.
        action: what was done, such as `changed`.
        object_name: the kind of object, as in a class's `audit_name`.
        object_id: its number; None for many or none.
        before: what changed, as JSON, never secrets.
        after: the same afterwards.
        label: what people call the object.
        by: who did it, if not whoever acts at the moment.
    """
    values = values_of(action, object_name, object_id, before, after, label=label, by=by)
    session.execute(insert(AuditEntry).values(**values))


def list_entries(session: Session, who: Principal, wanted: AuditFilter) -> Page[AuditEntry]:
    """Entries, newest first.

    Raises:
        Forbidden: only administrators may.
    """
    who.require_admin()
    query = select(AuditEntry)
    for column, value in (
        (AuditEntry.actor_id, wanted.user),
        (AuditEntry.object_type, wanted.object),
        (AuditEntry.object_id, wanted.object_id),
        (AuditEntry.action, wanted.action),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.user is not None:
        query = query.where(AuditEntry.actor_kind.in_(("user", "token")))
    if wanted.since is not None:
        query = query.where(AuditEntry.time >= wanted.since)
    if wanted.until is not None:
        query = query.where(AuditEntry.time < wanted.until)
    return newest_first(session, query, (AuditEntry.time, AuditEntry.id), lambda entry: (entry.time, entry.id), wanted)


def remove_old(database: Database, before: datetime) -> int:
    """Remove entries from before a moment; returns how many went."""
    return old_rows.remove(database, AuditEntry.id, AuditEntry.time, before)
