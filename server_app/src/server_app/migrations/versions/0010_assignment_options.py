"""Options of assignments."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("service_assignments") as assignments:
        assignments.add_column(sa.Column("options", sa.JSON(), nullable=False, server_default="{}"))
    with op.batch_alter_table("service_assignments") as assignments:
        assignments.alter_column("options", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("service_assignments") as assignments:
        assignments.drop_column("options")
