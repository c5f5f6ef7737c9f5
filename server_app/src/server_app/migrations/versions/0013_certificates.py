"""Certificates of authorities and of the server beside those of sensors; renewal, and reasons of revocation."""

import sqlalchemy as sa
from alembic import op
from cryptography import x509

import server_app.db

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = server_app.db.UtcDateTime(timezone=True)
KIND = sa.Enum("sensor", "server", "authority", name="certificatekind", native_enum=False, length=16)
PHASE = sa.Enum("next", "active", "retiring", "ended", name="phase", native_enum=False, length=16)
REASON = sa.Enum(
    "unspecified", "key_compromise", "superseded", "retired", name="revocationreason", native_enum=False, length=16
)


def upgrade() -> None:
    with op.batch_alter_table("certificates", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.add_column(sa.Column("kind", KIND, nullable=False, server_default="sensor"))
        table.add_column(sa.Column("key_id", sa.String(length=40), nullable=False, server_default=""))
        table.add_column(sa.Column("issuer_id", NUMBER, nullable=True))
        table.add_column(sa.Column("predecessor_id", NUMBER, nullable=True))
        table.add_column(sa.Column("used_at", MOMENT, nullable=True))
        table.add_column(sa.Column("superseded_at", MOMENT, nullable=True))
        table.add_column(sa.Column("revocation_reason", REASON, nullable=True))
        table.add_column(sa.Column("phase", PHASE, nullable=True))
        table.add_column(sa.Column("phase_since", MOMENT, nullable=True))
        table.add_column(sa.Column("link_pem", sa.Text(), nullable=True))
        table.add_column(sa.Column("anchor_pem", sa.Text(), nullable=True))
        table.alter_column("sensor_id", existing_type=NUMBER, nullable=True)
        table.create_foreign_key(
            "fk_certificates_issuer_id_certificates", "certificates", ["issuer_id"], ["id"], ondelete="SET NULL"
        )
        table.create_foreign_key(
            "fk_certificates_predecessor_id_certificates",
            "certificates",
            ["predecessor_id"],
            ["id"],
            ondelete="SET NULL",
        )
    op.create_index("ix_certificates_issuer_id", "certificates", ["issuer_id"])
    op.create_index("ix_certificates_not_before_id", "certificates", ["not_before", "id"])
    _fill_key_ids()
    with op.batch_alter_table("certificates", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.alter_column("kind", existing_type=KIND, existing_nullable=False, server_default=None)
        table.alter_column("key_id", existing_type=sa.String(length=40), existing_nullable=False, server_default=None)


def downgrade() -> None:
    op.execute(sa.text("DELETE FROM certificates WHERE sensor_id IS NULL"))
    op.drop_index("ix_certificates_not_before_id", "certificates")
    op.drop_index("ix_certificates_issuer_id", "certificates")
    with op.batch_alter_table("certificates", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.drop_constraint("fk_certificates_predecessor_id_certificates", type_="foreignkey")
        table.drop_constraint("fk_certificates_issuer_id_certificates", type_="foreignkey")
        table.alter_column("sensor_id", existing_type=NUMBER, nullable=False)
        for column in (
            "anchor_pem",
            "link_pem",
            "phase_since",
            "phase",
            "revocation_reason",
            "superseded_at",
            "used_at",
            "predecessor_id",
            "issuer_id",
            "key_id",
            "kind",
        ):
            table.drop_column(column)


def _fill_key_ids() -> None:
    connection = op.get_bind()
    for number, pem in connection.execute(sa.text("SELECT id, pem FROM certificates")).all():
        key = x509.load_pem_x509_certificate(pem.encode()).public_key()
        digest = x509.SubjectKeyIdentifier.from_public_key(key).digest.hex()
        connection.execute(
            sa.text("UPDATE certificates SET key_id = :key WHERE id = :id"), {"key": digest, "id": number}
        )
