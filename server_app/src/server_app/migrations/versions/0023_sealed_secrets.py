"""Passwords and keys that the server has to know are sealed with keys that are not in the database."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

from server_app.at_rest.keys import keys_of

revision = "0023"
down_revision = "0021"
branch_labels = None
depends_on = None

SENSORS = sa.table("sensors", sa.column("id"), sa.column("proxy_password"), sa.column("dot1x_secret"))
PREFERENCES = sa.table("preferences", sa.column("section"), sa.column("value", sa.JSON()))
SECTIONS = {"ldap": "bind_password", "oidc": "client_secret", "sensors": "proxy_password"}
SEALED = "sealed"


def upgrade() -> None:
    _overwrite_what_goes()
    with op.batch_alter_table("sensors", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.alter_column(
            "proxy_password", existing_type=sa.String(length=256), type_=sa.Text(), existing_nullable=True
        )
    _replace(lambda text: keys_of(op.get_bind().dialect).seal(text))
    _replace_in_sections(lambda text: {SEALED: keys_of(op.get_bind().dialect).seal(text)})


def downgrade() -> None:
    _replace(lambda sealed: keys_of(op.get_bind().dialect).open(sealed))
    _replace_in_sections(lambda field: keys_of(op.get_bind().dialect).open(field[SEALED]))
    with op.batch_alter_table("sensors", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.alter_column(
            "proxy_password", existing_type=sa.Text(), type_=sa.String(length=256), existing_nullable=True
        )


def _overwrite_what_goes() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(sa.text("PRAGMA secure_delete=ON"))  # else the texts stay in the file's free space


def _replace(changed: Callable[[str], str]) -> None:
    connection = op.get_bind()
    for column in (SENSORS.c.proxy_password, SENSORS.c.dot1x_secret):
        for number, value in connection.execute(sa.select(SENSORS.c.id, column).where(column.is_not(None))).all():
            connection.execute(sa.update(SENSORS).where(SENSORS.c.id == number).values({column: changed(value)}))


def _replace_in_sections(changed: Callable[[Any], Any]) -> None:
    connection = op.get_bind()
    for section, value in connection.execute(sa.select(PREFERENCES)).all():
        name = SECTIONS.get(section)
        if name is not None and value.get(name) is not None:
            fresh = value | {name: changed(value[name])}
            connection.execute(sa.update(PREFERENCES).where(PREFERENCES.c.section == section).values(value=fresh))
