"""Which sensors know the authorities."""

from datetime import datetime
from hashlib import sha256

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from server_app.enrolment.models import EnrolmentToken
from server_app.sensors.models import Sensor, SensorState
from server_app.sensors.service import report_of, state_of


def behind(session: Session, trust: bytes, since: datetime, now: datetime) -> int:
    """How many would be lost if the server used a certificate of the newest authority now.

    These are sensors in contact that trust others than they should, and configuration archives that were made before
    and still work. Sensors that are away are not waited for: see the links of `Authority.link_to`.

    Args:
        session: where to read.
        trust: the PEM that sensors are told to trust.
        since: when it became what it is.
        now: the current moment.
    """
    wanted = sha256(trust).hexdigest()
    sensors = session.scalars(select(Sensor).options(joinedload(Sensor.status))).all()
    online = (sensor for sensor in sensors if state_of(sensor, now) is SensorState.ONLINE)
    reports = (report_of(sensor) for sensor in online)
    ignorant = sum(report is None or report.trust != wanted for report in reports)
    archives = select(func.count()).where(
        EnrolmentToken.used_at.is_(None), EnrolmentToken.expires_at > now, EnrolmentToken.created_at <= since
    )
    return ignorant + (session.scalar(archives) or 0)
