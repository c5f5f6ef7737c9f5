"""Filters that hide harmless events, and how often they do."""

import sqlalchemy as sa
from alembic import op

import server_app.db

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = server_app.db.UtcDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "event_filters",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=False),
        sa.Column("division_id", NUMBER, nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("conditions", sa.JSON(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["division_id"], ["divisions.id"], name="fk_event_filters_division_id_divisions", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_event_filters"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_event_filters_division_id", "event_filters", ["division_id"])
    op.create_table(
        "event_filter_hits",
        sa.Column("filter_id", NUMBER, nullable=False),
        sa.Column("start", MOMENT, nullable=False),
        sa.Column("sensor_id", NUMBER, nullable=False),
        sa.Column("events", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["filter_id"], ["event_filters.id"], name="fk_event_filter_hits_filter_id_event_filters", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("filter_id", "start", "sensor_id", name="pk_event_filter_hits"),
    )


def downgrade() -> None:
    op.drop_table("event_filter_hits")
    op.drop_table("event_filters")
