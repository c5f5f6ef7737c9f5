"""Whether anybody has written to a database: to ask it costs less than to read all tables after each call."""

from sqlalchemy import text

from server_app.db import Database

SQLITE = text("PRAGMA data_version")  # what others have committed, as seen by a connection that never writes
POSTGRESQL = text("SELECT pg_snapshot_xmax(pg_current_snapshot())::text")  # every transaction that writes gets a number


class Writes:
    """The state of a database, by a connection of its own."""

    def __init__(self, database: Database) -> None:
        self._connection = database.engine.connect()
        self._question = SQLITE if database.engine.dialect.name == "sqlite" else POSTGRESQL
        self._last: str | None = None

    def since_last_time(self) -> bool:
        """Whether anybody has written since this was asked before."""
        with self._connection.begin():
            state = str(self._connection.scalar(self._question))
        before, self._last = self._last, state
        return before != state

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()
