"""All that an unchanged poll needs from the database, in one row."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import select

from server_app.glance import Glance
from server_app.pki.models import Certificate
from server_app.pki.standing import Standing, standing_of
from server_app.polling.models import DesiredVersion
from server_app.sensors.models import SensorStatus


class Known(NamedTuple):
    """What is stored of a sensor's last poll, and the version of everything that desired states are made of."""

    generation: int
    desired_hash: str | None
    desired_key: str | None
    last_contact_at: datetime | None
    due_at: datetime | None
    timed_out: bool
    report_digest: str | None
    reported_at: datetime | None
    version: int | None

    @property
    def patience(self) -> timedelta | None:
        """How long after a poll the next one is overdue; None before the first."""
        if self.due_at is None or self.last_contact_at is None:
            return None
        return self.due_at - self.last_contact_at


def _both(*columns: Any) -> tuple[Standing, Known]:
    own = len(Standing._fields)
    return Standing(*columns[:own]), Known(*columns[own:])


VERSION = select(DesiredVersion.number).scalar_subquery()
_STORED = [SensorStatus.__table__.c[name] for name in Known._fields if name != "version"]
_SAME_SENSOR = SensorStatus.__table__.c.sensor_id == Certificate.__table__.c.sensor_id
KNOWN = Glance(standing_of(*_STORED, VERSION.label("version")).where(_SAME_SENSOR), _both)
"""Of the sensor whose certificate it is; there is none for a sensor that has been removed meanwhile."""
