"""Platforms have firmware, and sensors may pin one."""

import sqlalchemy as sa
from alembic import op

import server_app.db

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "firmware",
        sa.Column("id", number, nullable=False),
        sa.Column("platform", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("changelog", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", number, nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("created_at", server_app.db.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_firmware"),
        sa.UniqueConstraint("platform", "revision", name="uq_firmware_platform_revision"),
        sqlite_autoincrement=True,
    )
    op.add_column("sensors", sa.Column("pinned_firmware", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.drop_column("sensors", "pinned_firmware")
    op.drop_table("firmware")
