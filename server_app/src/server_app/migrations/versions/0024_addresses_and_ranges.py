"""Services can have ranges of ports, and be assigned to one of a sensor's addresses."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("service_assignments", sa.Column("address", sa.String(39), nullable=True))
    ranges = sa.Column("port_ranges", sa.JSON(), nullable=False, server_default=sa.text("'[]'"))
    op.add_column("service_revisions", ranges)


def downgrade() -> None:
    with op.batch_alter_table("service_revisions") as table:
        table.drop_column("port_ranges")
    with op.batch_alter_table("service_assignments") as table:
        table.drop_column("address")
