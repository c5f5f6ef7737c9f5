from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from server_app.db import Base


class ForwardingPosition(Base):
    """How far forwarding to a destination is; there is a row as long as it is on.

    Events are delivered in the order of their numbers: all up to `position` are. `removed` counts those that people or
    the retention removed before they were delivered. `failing_since` and `failure` are null while all goes well.
    """

    __tablename__ = "forwarding_positions"

    destination: Mapped[str] = mapped_column(String(32), primary_key=True)
    position: Mapped[int]
    delivered: Mapped[int] = mapped_column(default=0)
    removed: Mapped[int] = mapped_column(default=0)
    delivered_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    failure: Mapped[str | None] = mapped_column(String(300))
