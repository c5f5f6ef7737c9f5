from typing import Any, ClassVar

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from server_app.at_rest.columns import JsonWithHidden
from server_app.db import Base


class Preference(Base):
    """One section of the system-wide settings; a section that was never changed has no row."""

    reaches_sensors: ClassVar[bool] = True
    __tablename__ = "preferences"

    section: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[dict[str, Any]] = mapped_column(JsonWithHidden)
