"""Tasks count their starts and can be cancelled."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    with op.batch_alter_table("tasks") as table:
        table.add_column(sa.Column("attempts", number, server_default="0", nullable=False))
        table.add_column(sa.Column("cancel_requested", sa.Boolean(), server_default=sa.false(), nullable=False))
        table.create_index("ix_tasks_created_at_id", ["created_at", "id"])


def downgrade() -> None:
    op.execute("UPDATE tasks SET state = 'failed' WHERE state = 'cancelled'")
    with op.batch_alter_table("tasks", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.drop_index("ix_tasks_created_at_id")
        table.drop_column("cancel_requested")
        table.drop_column("attempts")
