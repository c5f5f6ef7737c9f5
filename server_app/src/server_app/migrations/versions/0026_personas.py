"""Sensors have a persona, and a number of which a host name is made where nobody gives one."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

SENSORS = sa.table("sensors", sa.column("id"), sa.column("name_number"))
PREFERENCES = sa.table("preferences", sa.column("section"), sa.column("value", sa.JSON()))
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAMES = 960
HIGHEST = 2**31 // NAMES


def upgrade() -> None:
    op.add_column("sensors", sa.Column("persona", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("sensors", sa.Column("name_number", NUMBER, nullable=False, server_default=sa.text("0")))
    connection = op.get_bind()
    places = list(range(NAMES))
    secrets.SystemRandom().shuffle(places)
    for position, number in enumerate(connection.scalars(sa.select(SENSORS.c.id)).all()):
        drawn = secrets.randbelow(HIGHEST) * NAMES + places[position % NAMES]
        connection.execute(sa.update(SENSORS).where(SENSORS.c.id == number).values(name_number=drawn))
    op.execute(sa.text("UPDATE desired_version SET number = number + 1"))  # the options of services have changed


def downgrade() -> None:
    connection = op.get_bind()
    for section, value in connection.execute(sa.select(PREFERENCES)).all():
        if section == "sensors" and "persona" in value:
            rest = {name: field for name, field in value.items() if name != "persona"}
            connection.execute(sa.update(PREFERENCES).where(PREFERENCES.c.section == section).values(value=rest))
    with op.batch_alter_table("sensors", table_kwargs={"sqlite_autoincrement": True}) as sensors:
        sensors.drop_column("name_number")
        sensors.drop_column("persona")
