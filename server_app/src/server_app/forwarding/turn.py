"""Whose turn it is: of several workers on one database, one delivers. A worker that dies loses it at once."""

from pathlib import Path
from typing import IO

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from server_app.db import Database
from server_app.files import claimed

KEY = 0x666F7277
_TAKE = text("SELECT pg_try_advisory_lock(:key)").bindparams(key=KEY)
_STILL = text("SELECT 1")


class Turn:
    """A lock for the length of the process: PostgreSQL's, or beside SQLite, which has one machine only, a file's."""

    def __init__(self, database: Database, data_dir: Path) -> None:
        self._database = database
        self._path = data_dir / "forwarding.lock"
        self._connection: Connection | None = None
        self._file: IO[bytes] | None = None

    @property
    def held(self) -> bool:
        """Whether it was ours when we last asked."""
        return self._connection is not None or self._file is not None

    def taken(self) -> bool:
        """Take it, unless somebody else has it; whether it is ours now."""
        if self._database.engine.dialect.name == "postgresql":
            return self._on_postgresql()
        self._file = self._file or claimed(self._path)
        return self._file is not None

    def leave(self) -> None:
        """Let somebody else."""
        if self._connection is not None:
            self._connection.invalidate()  # the lock ends with the session, which must not go back into the pool
            self._connection.close()
            self._connection = None
        if self._file is not None:
            self._file.close()
            self._file = None

    def _on_postgresql(self) -> bool:
        try:
            if self._connection is not None:
                self._connection.execute(_STILL)
                return True
            connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            self._connection = connection
            if connection.execute(_TAKE).scalar():
                return True
        except SQLAlchemyError:
            self.leave()
            raise
        self._connection = None
        connection.close()
        return False
