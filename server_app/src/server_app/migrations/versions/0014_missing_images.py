"""It is known which images the registry lacks."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("service_revisions") as table:
        table.add_column(sa.Column("image_missing", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("service_revisions", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.drop_column("image_missing")
