"""Events outlive their sensor's row until the worker has removed them: no foreign keys, which would remove all at once.

SQLite drops constraints only by writing the table anew, but its documentation allows to edit the text of the schema for
that (https://www.sqlite.org/lang_altertable.html, section 7): millions of events stay where they are.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TABLES = ("events", "event_sessions")


def upgrade() -> None:
    for table in TABLES:
        if _is_sqlite():
            _edit(table, _clause(table), "")
        else:
            op.drop_constraint(_name(table), table, type_="foreignkey")


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DELETE FROM {table} WHERE sensor_id NOT IN (SELECT id FROM sensors)")  # noqa: S608 - constants
        if _is_sqlite():
            before = f"CONSTRAINT uq_{table}_"
            _edit(table, before, _clause(table) + before)
        else:
            op.create_foreign_key(_name(table), table, "sensors", ["sensor_id"], ["id"], ondelete="CASCADE")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _name(table: str) -> str:
    return f"fk_{table}_sensor_id_sensors"


def _clause(table: str) -> str:
    return f"CONSTRAINT {_name(table)} FOREIGN KEY(sensor_id) REFERENCES sensors (id) ON DELETE CASCADE, \n\t"


def _edit(table: str, old: str, new: str) -> None:
    connection = op.get_bind()
    where = "WHERE type = 'table' AND name = :table AND instr(sql, :old) > 0"
    version = connection.execute(sa.text("PRAGMA schema_version")).scalar_one()
    connection.execute(sa.text("PRAGMA writable_schema = ON"))
    try:
        done = connection.execute(
            sa.text(f"UPDATE sqlite_schema SET sql = replace(sql, :old, :new) {where}"),  # noqa: S608 - constants
            {"table": table, "old": old, "new": new},
        )
        connection.execute(sa.text(f"PRAGMA schema_version = {version + 1}"))
    finally:
        connection.execute(sa.text("PRAGMA writable_schema = OFF"))
    if done.rowcount != 1:
        raise RuntimeError(f"The table {table} is not as the migrations before have left it.")
