"""Logins that were sent to an OpenID Connect provider."""

import sqlalchemy as sa
from alembic import op

import server_app.db

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "oidc_attempts",
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("browser_hash", sa.String(length=64), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("verifier", sa.String(length=128), nullable=False),
        sa.Column("created_at", server_app.db.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name="pk_oidc_attempts"),
    )
    op.create_index("ix_oidc_attempts_created_at", "oidc_attempts", ["created_at"])


def downgrade() -> None:
    op.drop_table("oidc_attempts")
