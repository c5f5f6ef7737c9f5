"""Uploads in pieces: who may have how many, and when one is complete."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from server_app.accounts.models import User
from server_app.accounts.principal import Principal
from server_app.errors import Conflict, FieldError, NotFound, OutOfSpace, TooLarge
from server_app.tasks import service as tasks
from server_app.uploads import files
from server_app.uploads.models import Upload
from server_app.uploads.purposes import Purpose

KEEP = timedelta(hours=24)
"""An upload that nothing has been added to for so long is forgotten."""
MAX_OPEN = 8
"""Unfinished uploads of a user."""
MAX_TOTAL = 2
"""What those may need together, in sizes of the largest archive."""


@dataclass(frozen=True)
class Announced:
    """An archive that will arrive: bytes, and their SHA-256 in hexadecimal."""

    purpose: Purpose
    size: int
    sha256: str


@dataclass(frozen=True)
class Store:
    """Where archives arrive, and the bytes that one may have."""

    folder: Path
    largest: int


def create(session: Session, who: Principal, announced: Announced, store: Store, now: datetime) -> Upload:
    """Announce an archive; its bytes follow.

    Args:
        session: a writing one.
        who: the user.
        announced: what will arrive.
        store: where they go.
        now: the current moment.

    Raises:
        TooLarge: it is larger than an archive may be.
        Conflict: the user has too many unfinished uploads.
        OutOfSpace: the disk has no room for it beside what else is announced.
    """
    if announced.size > store.largest:
        reason = FieldError("/size", f"more than {store.largest}")
        raise TooLarge(f"An archive has {store.largest} bytes at most.", (reason,))
    session.execute(select(User.id).where(User.id == who.user_id).with_for_update())  # counts one at a time
    open_sizes = session.scalars(
        select(Upload.size).where(Upload.user_id == who.user_id, Upload.task_id.is_(None))
    ).all()
    if len(open_sizes) >= MAX_OPEN or sum(open_sizes) + announced.size > MAX_TOTAL * store.largest:
        raise Conflict("You have too many unfinished uploads. Finish or remove one (GET /api/uploads).")
    if announced.size > files.room_in(store.folder) - _still_to_come(session, store.folder):
        raise OutOfSpace("The server's disk has no room for this archive. Make some, or announce it later.")
    upload = Upload(
        user_id=who.user_id,
        purpose=announced.purpose,
        size=announced.size,
        sha256=announced.sha256,
        file=files.new_name(),
        created_at=now,
        changed_at=now,
    )
    session.add(upload)
    session.flush()
    return upload


def list_uploads(session: Session, who: Principal) -> Sequence[Upload]:
    """The uploads a user sees, newest first."""
    query = select(Upload).order_by(Upload.id.desc())
    return session.scalars(query if who.is_admin else query.where(Upload.user_id == who.user_id)).all()


def get_upload(session: Session, who: Principal, upload_id: int) -> Upload:
    """One upload.

    Raises:
        NotFound: there is none of this number that the user sees.
    """
    upload = session.get(Upload, upload_id)
    if upload is None or not (who.is_admin or upload.user_id == who.user_id):
        raise NotFound(f"There is no upload {upload_id}. It may have expired.")
    return upload


def growing(session: Session, who: Principal, upload_id: int, now: datetime) -> Upload:
    """An upload to which something is about to be added; that keeps it from expiring.

    Raises:
        NotFound: there is none of this number that the user sees.
        Forbidden: the user is no administrator any more.
        Conflict: all of it has arrived.
    """
    upload = get_upload(session, who, upload_id)
    who.require_admin()
    if upload.task_id is not None:
        raise Conflict(f"All of upload {upload_id} has arrived; task {upload.task_id} works it in.")
    upload.changed_at = now
    return upload


def complete(session: Session, who: Principal, upload_id: int, now: datetime) -> Upload:
    """Make the task for an upload of which all has arrived; enqueue it after the commit.

    Raises:
        NotFound: it has been removed meanwhile.
        Conflict: it has been completed meanwhile.
    """
    upload = growing(session, who, upload_id, now)
    parameters = {"file": upload.file, "sha256": upload.sha256}
    upload.task_id = tasks.create(session, upload.purpose.task, parameters, upload.user_id).id
    return upload


def remove(session: Session, who: Principal, upload_id: int) -> str:
    """Remove an upload that is not complete.

    Returns:
        The name of its file, to be removed after the commit.

    Raises:
        NotFound: there is none of this number that the user sees.
        Conflict: it is complete.
    """
    upload = get_upload(session, who, upload_id)
    if upload.task_id is not None:
        raise Conflict(f"All of upload {upload_id} has arrived. Cancel task {upload.task_id} instead.")
    session.delete(upload)
    return upload.file


def remove_expired(session: Session, now: datetime) -> None:
    """Forget uploads that nothing has been added to for too long."""
    session.execute(delete(Upload).where(Upload.changed_at < now - KEEP))


def files_in_use(session: Session) -> set[str]:
    """The names of all files that an upload still grows."""
    return set(session.scalars(select(Upload.file).where(Upload.task_id.is_(None))))


def _still_to_come(session: Session, folder: Path) -> int:
    """Bytes that are announced and have not arrived."""
    rows = session.execute(select(Upload.size, Upload.file).where(Upload.task_id.is_(None)))
    return sum(max(0, row.size - files.size_of(folder, row.file)) for row in rows)
