from sqlalchemy.orm import Mapped, mapped_column

from server_app.db import Base


class DesiredVersion(Base):
    """The one row of `server_app.desired_version`."""

    __tablename__ = "desired_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
