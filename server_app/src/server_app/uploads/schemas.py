from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from server_app.api_base.model import ApiModel
from server_app.uploads.models import Upload
from server_app.uploads.purposes import Purpose
from server_app.uploads.service import KEEP


class NewUpload(ApiModel):
    """An archive that will arrive in pieces: its size in bytes, its SHA-256 (hexadecimal), and what it is for."""

    size: Annotated[int, Field(ge=1, le=2**53)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    purpose: Purpose


class UploadItem(ApiModel):
    """An upload: `offset` bytes have arrived; `task` works it in as soon as all have."""

    id: int
    purpose: Purpose
    size: int
    sha256: str
    offset: int
    task: int | None
    created_at: datetime
    expires_at: datetime


class UploadList(ApiModel):
    """Uploads of the last day: all for administrators, otherwise the user's own."""

    items: list[UploadItem]
    next: None = None


def upload_item(upload: Upload, offset: int) -> UploadItem:
    """A row and the size of its file as the API shows it."""
    return UploadItem(
        id=upload.id,
        purpose=upload.purpose,
        size=upload.size,
        sha256=upload.sha256,
        offset=upload.size if upload.task_id is not None else offset,
        task=upload.task_id,
        created_at=upload.created_at,
        expires_at=upload.changed_at + KEEP,
    )
