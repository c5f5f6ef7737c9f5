"""Initial schema."""

import sqlalchemy as sa
from alembic import op

import server_app.db

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "divisions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_divisions"),
        sa.UniqueConstraint("name", name="uq_divisions_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "login_failures",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("last_at", server_app.db.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_login_failures"),
    )
    op.create_index("ix_login_failures_last_at", "login_failures", ["last_at"])

    op.create_table(
        "services",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("repository", sa.String(length=128), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("default_revision", sa.String(length=64), nullable=False),
        sa.Column("created_at", server_app.db.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_services"),
        sa.UniqueConstraint("name", name="uq_services_name"),
        sa.UniqueConstraint("repository", name="uq_services_repository"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column(
            "role", sa.Enum("admin", "manager", "observer", name="role", native_enum=False, length=16), nullable=False
        ),
        sa.Column("created_at", server_app.db.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("name", name="uq_users_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "login_sessions",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("csrf_token", sa.String(length=64), nullable=False),
        sa.Column("created_at", server_app.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("seen_at", server_app.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_login_sessions_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_login_sessions"),
    )
    op.create_index("ix_login_sessions_user_id", "login_sessions", ["user_id"])

    op.create_table(
        "sensors",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("location", sa.String(length=255), nullable=False),
        sa.Column("division_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("poll_interval", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", server_app.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["division_id"], ["divisions.id"], name="fk_sensors_division_id_divisions", ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_sensors"),
        sa.UniqueConstraint("name", name="uq_sensors_name"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sensors_division_id", "sensors", ["division_id"])

    op.create_table(
        "service_revisions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("service_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("revision", sa.String(length=64), nullable=False),
        sa.Column("architecture", sa.String(length=16), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("raw", sa.Boolean(), nullable=False),
        sa.Column("catch_all", sa.Boolean(), nullable=False),
        sa.Column("ports", sa.JSON(), nullable=False),
        sa.Column("limits", sa.JSON(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("created_at", server_app.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"], ["services.id"], name="fk_service_revisions_service_id_services", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_service_revisions"),
        sa.UniqueConstraint(
            "service_id", "revision", "architecture", name="uq_service_revisions_service_id_revision_architecture"
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "tasks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column(
            "state",
            sa.Enum("waiting", "running", "done", "failed", name="taskstate", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("progress", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", server_app.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("started_at", server_app.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("finished_at", server_app.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_tasks_user_id_users", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_tasks"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tasks_state", "tasks", ["state"])

    op.create_table(
        "user_divisions",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("division_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["division_id"], ["divisions.id"], name="fk_user_divisions_division_id_divisions", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_user_divisions_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "division_id", name="pk_user_divisions"),
    )
    op.create_table(
        "certificates",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sensor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("serial", sa.String(length=40), nullable=False),
        sa.Column("pem", sa.Text(), nullable=False),
        sa.Column("not_before", server_app.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("not_after", server_app.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", server_app.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["sensor_id"], ["sensors.id"], name="fk_certificates_sensor_id_sensors", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_certificates"),
        sa.UniqueConstraint("fingerprint", name="uq_certificates_fingerprint"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_certificates_sensor_id", "certificates", ["sensor_id"])

    op.create_table(
        "event_sessions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sensor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("session", sa.String(length=64), nullable=False),
        sa.Column("service", sa.String(length=32), nullable=False),
        sa.Column("first_time", server_app.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_time", server_app.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("events", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("protocol", sa.String(length=8), nullable=False),
        sa.Column("source_ip", sa.String(length=45), nullable=False),
        sa.Column("source_port", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("destination_ip", sa.String(length=45), nullable=False),
        sa.Column("destination_port", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("summary", sa.String(length=256), nullable=False),
        sa.Column("summary_rank", sa.SmallInteger(), nullable=False),
        sa.Column("summary_time", server_app.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["sensor_id"], ["sensors.id"], name="fk_event_sessions_sensor_id_sensors", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_event_sessions"),
        sa.UniqueConstraint("sensor_id", "session", name="uq_event_sessions_sensor_id_session"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_event_sessions_kind_last_time_id", "event_sessions", ["kind", "last_time", "id"])
    op.create_index("ix_event_sessions_last_time_id", "event_sessions", ["last_time", "id"])
    op.create_index("ix_event_sessions_sensor_id_last_time_id", "event_sessions", ["sensor_id", "last_time", "id"])
    op.create_index("ix_event_sessions_service_last_time_id", "event_sessions", ["service", "last_time", "id"])
    op.create_index("ix_event_sessions_source_ip_last_time_id", "event_sessions", ["source_ip", "last_time", "id"])

    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sensor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("time", server_app.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("received_at", server_app.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("service", sa.String(length=32), nullable=False),
        sa.Column("source_ip", sa.String(length=45), nullable=False),
        sa.Column("source_port", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("destination_ip", sa.String(length=45), nullable=False),
        sa.Column("destination_port", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("protocol", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("session", sa.String(length=64), nullable=False),
        sa.Column("summary", sa.String(length=256), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("packets", sa.JSON(), nullable=False),
        sa.Column("truncated", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["sensor_id"], ["sensors.id"], name="fk_events_sensor_id_sensors", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.UniqueConstraint("sensor_id", "uuid", name="uq_events_sensor_id_uuid"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_kind_time_id", "events", ["kind", "time", "id"])
    op.create_index("ix_events_sensor_id_session_time", "events", ["sensor_id", "session", "time"])
    op.create_index("ix_events_service_time_id", "events", ["service", "time", "id"])
    op.create_index("ix_events_session", "events", ["session"])
    op.create_index("ix_events_source_ip_time_id", "events", ["source_ip", "time", "id"])
    op.create_index("ix_events_time_id", "events", ["time", "id"])

    op.create_table(
        "sensor_status",
        sa.Column("sensor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("generation", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("desired_hash", sa.String(length=64), nullable=True),
        sa.Column("architecture", sa.String(length=16), nullable=True),
        sa.Column("last_contact_at", server_app.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("report", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(
            ["sensor_id"], ["sensors.id"], name="fk_sensor_status_sensor_id_sensors", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sensor_id", name="pk_sensor_status"),
    )
    op.create_table(
        "service_assignments",
        sa.Column("sensor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("service_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("revision", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["sensor_id"], ["sensors.id"], name="fk_service_assignments_sensor_id_sensors", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["service_id"], ["services.id"], name="fk_service_assignments_service_id_services", ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("sensor_id", "service_id", name="pk_service_assignments"),
    )
    op.create_index("ix_service_assignments_service_id", "service_assignments", ["service_id"])

    op.create_table(
        "enrolment_tokens",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sensor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", server_app.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", server_app.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("claim", sa.String(length=32), nullable=True),
        sa.Column("claimed_at", server_app.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("used_at", server_app.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("certificate_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["certificate_id"],
            ["certificates.id"],
            name="fk_enrolment_tokens_certificate_id_certificates",
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["sensor_id"], ["sensors.id"], name="fk_enrolment_tokens_sensor_id_sensors", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_enrolment_tokens"),
        sa.UniqueConstraint("claim", name="uq_enrolment_tokens_claim"),
        sa.UniqueConstraint("token_hash", name="uq_enrolment_tokens_token_hash"),
    )
    op.create_index("ix_enrolment_tokens_sensor_id", "enrolment_tokens", ["sensor_id"])


def downgrade() -> None:
    op.drop_table("enrolment_tokens")
    op.drop_table("service_assignments")
    op.drop_table("sensor_status")
    op.drop_table("events")
    op.drop_table("event_sessions")
    op.drop_table("certificates")
    op.drop_table("user_divisions")
    op.drop_table("tasks")
    op.drop_table("service_revisions")
    op.drop_table("sensors")
    op.drop_table("login_sessions")
    op.drop_table("users")
    op.drop_table("services")
    op.drop_table("login_failures")
    op.drop_table("divisions")
