"""The record of changes and logins."""

import sqlalchemy as sa
from alembic import op

import server_app.db

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KINDS = ("user", "token", "sensor", "anonymous", "worker", "system")
INDEXES = (
    ("time", "id"),
    ("actor_id", "time", "id"),
    ("object_type", "object_id", "time", "id"),
    ("action", "time", "id"),
)


def upgrade() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("time", server_app.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.Enum(*KINDS, name="actorkind", native_enum=False, length=16), nullable=False),
        sa.Column("actor_id", NUMBER, nullable=True),
        sa.Column("actor_name", sa.String(length=64), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("object_type", sa.String(length=32), nullable=False),
        sa.Column("object_id", NUMBER, nullable=True),
        sa.Column("object_name", sa.String(length=255), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entries"),
        sqlite_autoincrement=True,
    )
    for columns in INDEXES:
        op.create_index(f"ix_audit_entries_{'_'.join(columns)}", "audit_entries", list(columns))


def downgrade() -> None:
    op.drop_table("audit_entries")
