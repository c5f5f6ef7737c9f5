"""How far events have been forwarded."""

import sqlalchemy as sa
from alembic import op

import server_app.db

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = server_app.db.UtcDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "forwarding_positions",
        sa.Column("destination", sa.String(length=32), nullable=False),
        sa.Column("position", NUMBER, nullable=False),
        sa.Column("delivered", NUMBER, nullable=False),
        sa.Column("removed", NUMBER, nullable=False),
        sa.Column("delivered_at", MOMENT, nullable=True),
        sa.Column("failing_since", MOMENT, nullable=True),
        sa.Column("failure", sa.String(length=300), nullable=True),
        sa.PrimaryKeyConstraint("destination", name="pk_forwarding_positions"),
    )


def downgrade() -> None:
    op.drop_table("forwarding_positions")
