from typing import Any, ClassVar

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server_app.db import Base
from server_app.sensors.models import Sensor
from server_app.services.models import Service


class ServiceAssignment(Base):
    """This sensor runs this service, at this revision or at the service's default."""

    reaches_sensors: ClassVar[bool] = True
    __tablename__ = "service_assignments"
    audit_name: ClassVar[str] = "assignment"

    sensor_id: Mapped[int] = mapped_column(ForeignKey("sensors.id", ondelete="CASCADE"), primary_key=True)
    service_id: Mapped[int] = mapped_column(
        ForeignKey("services.id", ondelete="RESTRICT"), primary_key=True, index=True
    )
    revision: Mapped[str | None] = mapped_column(String(64))
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)  # as they were set, without defaults
    address: Mapped[str | None] = mapped_column(String(39))  # one of the sensor's further ones
    sensor: Mapped[Sensor] = relationship()
    service: Mapped[Service] = relationship()
