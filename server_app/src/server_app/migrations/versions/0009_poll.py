"""Polls that write little, and the history of sensors' states."""

from datetime import timedelta

import sqlalchemy as sa
from alembic import op

import server_app.db

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
HEALTH = sa.Enum("ok", "warning", "error", name="health", native_enum=False, length=16)
STATE = sa.Enum("new", "online", "timeout", name="sensorstate", native_enum=False, length=16)
MOMENT = server_app.db.UtcDateTime(timezone=True)
GRACE = timedelta(minutes=5)
"""What sensors get beyond two intervals for their first poll after the update."""
USUAL_SECONDS = 60


def upgrade() -> None:
    op.create_table(
        "desired_version",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_desired_version"),
    )
    op.create_table(
        "sensor_status_history",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("sensor_id", NUMBER, nullable=False),
        sa.Column("time", MOMENT, nullable=False),
        sa.Column("state", STATE, nullable=False),
        sa.Column("health", HEALTH, nullable=False),
        sa.Column("report", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["sensor_id"], ["sensors.id"], name="fk_sensor_status_history_sensor_id_sensors", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_sensor_status_history"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sensor_status_history_time", "sensor_status_history", ["time"])
    op.create_index("ix_sensor_status_history_sensor_id_time_id", "sensor_status_history", ["sensor_id", "time", "id"])
    with op.batch_alter_table("sensor_status") as status:
        status.add_column(sa.Column("desired_key", sa.String(length=96), nullable=True))
        status.add_column(sa.Column("due_at", MOMENT, nullable=True))
        status.add_column(sa.Column("timed_out", sa.Boolean(), nullable=False, server_default=sa.false()))
        status.add_column(sa.Column("report_digest", sa.String(length=64), nullable=True))
        status.add_column(sa.Column("reported_at", MOMENT, nullable=True))
        status.add_column(sa.Column("health", HEALTH, nullable=False, server_default="ok"))
    with op.batch_alter_table("sensor_status") as status:
        status.alter_column("timed_out", server_default=None)
        status.alter_column("health", server_default=None)
    _say_when_they_are_due()


def _say_when_they_are_due() -> None:
    status = sa.table(
        "sensor_status", sa.column("sensor_id"), sa.column("last_contact_at", MOMENT), sa.column("due_at", MOMENT)
    )
    sensors = sa.table("sensors", sa.column("id"), sa.column("poll_interval"))
    known = sa.select(status.c.sensor_id, status.c.last_contact_at, sensors.c.poll_interval).where(
        sensors.c.id == status.c.sensor_id, status.c.last_contact_at.is_not(None)
    )
    for sensor_id, last, interval in op.get_bind().execute(known).all():
        due = last + 2 * timedelta(seconds=interval or USUAL_SECONDS) + GRACE
        op.execute(status.update().where(status.c.sensor_id == sensor_id).values(due_at=due))


def downgrade() -> None:
    with op.batch_alter_table("sensor_status") as status:
        for name in ("health", "reported_at", "report_digest", "timed_out", "due_at", "desired_key"):
            status.drop_column(name)
    op.drop_table("sensor_status_history")
    op.drop_table("desired_version")
