from datetime import datetime
from typing import ClassVar

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server_app.db import Base


class Firmware(Base):
    """What runs on the sensors of a platform, in one revision. One of each platform's is its default.

    `sha256` and `size` (bytes) are those of the archive, whose file is named after its hash.
    """

    __tablename__ = "firmware"
    __table_args__ = (UniqueConstraint("platform", "revision"), {"sqlite_autoincrement": True})
    audit_name: ClassVar[str] = "firmware"
    reaches_sensors: ClassVar[bool] = True

    id: Mapped[int] = mapped_column(primary_key=True)
    platform: Mapped[str] = mapped_column(String(32))
    revision: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    changelog: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    is_default: Mapped[bool]
    created_at: Mapped[datetime]
