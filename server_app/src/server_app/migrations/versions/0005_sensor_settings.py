"""All settings of a sensor."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COLUMNS: dict[str, sa.types.TypeEngine[Any]] = {
    "server": sa.JSON(none_as_null=True),
    "network": sa.JSON(none_as_null=True),
    "dns_servers": sa.JSON(none_as_null=True),
    "mac_address": sa.String(length=17),
    "proxy": sa.JSON(none_as_null=True),
    "proxy_password": sa.String(length=256),
}


def upgrade() -> None:
    for name, kind in COLUMNS.items():
        op.add_column("sensors", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("sensors", table_kwargs={"sqlite_autoincrement": True}) as sensors:
        for name in reversed(COLUMNS):
            sensors.drop_column(name)
