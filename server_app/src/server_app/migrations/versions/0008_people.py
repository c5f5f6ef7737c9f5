"""What users are besides a name, where they log in from, API tokens and incident contacts."""

from typing import Any

import sqlalchemy as sa
from alembic import op

import server_app.db

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = server_app.db.UtcDateTime(timezone=True)
SOURCE = sa.Enum("local", "ldap", "oidc", name="source", native_enum=False, length=16)
SCOPE = sa.Enum("read", "write", name="scope", native_enum=False, length=16)


def _new_in_users() -> list[sa.Column[Any]]:
    return [
        sa.Column("full_name", sa.String(length=100), nullable=False, server_default=""),
        sa.Column("email", sa.String(length=254), nullable=False, server_default=""),
        sa.Column("enabled", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("source", SOURCE, nullable=False, server_default="local"),
        sa.Column("external_id", sa.String(length=512), nullable=True),
    ]


def upgrade() -> None:
    # Columns and indexes only: SQLite does these in place. Making the table anew would remove what refers to it.
    for column in _new_in_users():
        op.add_column("users", column)
    op.create_index("ix_users_source_external_id", "users", ["source", "external_id"], unique=True)
    op.add_column("login_sessions", sa.Column("address", sa.String(length=64), nullable=False, server_default=""))
    op.create_table(
        "login_places",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_login_places"),
    )
    op.create_index("ix_login_places_last_at", "login_places", ["last_at"])
    _create_tokens()
    _create_contacts()


def _create_tokens() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("scope", SCOPE, nullable=False),
        sa.Column("limited", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_api_tokens_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_api_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_api_tokens_token_hash"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_api_tokens_user_id", "api_tokens", ["user_id"])
    op.create_table(
        "api_token_divisions",
        sa.Column("token_id", NUMBER, nullable=False),
        sa.Column("division_id", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["token_id"], ["api_tokens.id"], name="fk_api_token_divisions_token_id_api_tokens", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["division_id"], ["divisions.id"], name="fk_api_token_divisions_division_id_divisions", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_id", "division_id", name="pk_api_token_divisions"),
    )


def _create_contacts() -> None:
    op.create_table(
        "contacts",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("division_id", NUMBER, nullable=False),
        sa.Column("user_id", NUMBER, nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("critical_events", sa.Boolean(), nullable=False),
        sa.Column("all_events", sa.Boolean(), nullable=False),
        sa.Column("system_alerts", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("(user_id IS NULL) <> (email IS NULL)", name="ck_contacts_user_or_email"),
        sa.ForeignKeyConstraint(
            ["division_id"], ["divisions.id"], name="fk_contacts_division_id_divisions", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_contacts_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_contacts"),
        sa.UniqueConstraint("division_id", "user_id", name="uq_contacts_division_id_user_id"),
        sa.UniqueConstraint("division_id", "email", name="uq_contacts_division_id_email"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_contacts_user_id", "contacts", ["user_id"])


def downgrade() -> None:
    op.drop_table("contacts")
    op.drop_table("api_token_divisions")
    op.drop_table("api_tokens")
    op.drop_table("login_places")
    op.drop_column("login_sessions", "address")
    op.drop_index("ix_users_source_external_id", "users")
    for column in _new_in_users():
        op.drop_column("users", column.name)
