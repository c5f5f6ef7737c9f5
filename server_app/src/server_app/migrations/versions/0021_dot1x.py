"""Sensors can be given what switches with IEEE 802.1X ask for."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sensors", sa.Column("dot1x", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("sensors", sa.Column("dot1x_secret", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("sensors") as table:
        table.drop_column("dot1x_secret")
        table.drop_column("dot1x")
