"""Sessions, and what all tables share: naming of constraints and column types."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Enum,
    Integer,
    MetaData,
    TypeDecorator,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session

from server_app import desired_version, engines
from server_app.at_rest import keys as at_rest

desired_version.listen()
Number = BigInteger().with_variant(Integer, "sqlite")
"""64 bits everywhere; SQLite counts rows only in a column it calls INTEGER, which has as many."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment; aware in Python, UTC in the database (SQLite has no time zones of its own)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store as UTC; a naive value is a mistake of the caller."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without time zone cannot be stored; use datetime.now(UTC)")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Read as an aware moment in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def text_enum(values: type[StrEnum]) -> Enum:
    """A column that holds the values of an enumeration as text, so that new values need no migration."""
    return Enum(values, native_enum=False, length=16, values_callable=lambda kind: [value.value for value in kind])


class Base(DeclarativeBase):
    """All tables. Constraint names are fixed so that later migrations can name them."""

    reaches_sensors: ClassVar[bool] = False
    """Whether rows enter the desired state of sensors, see `desired_version`."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        int: Number,
        datetime: UtcDateTime,
        dict[str, Any]: JSON,
        list[dict[str, Any]]: JSON,
    }


class Database:
    """One engine and its two kinds of transactions.

    SQLite has one writer: a transaction that will write says so at its start and waits for its turn, instead of failing
    in the middle.

    Args:
        url: SQLAlchemy's, with the password.
        keys: what the secrets in it are sealed with; without them, rows that have secrets cannot be read.
    """

    def __init__(self, url: str, keys: at_rest.SecretKeys | None = None) -> None:
        self.engine = engines.general(url)
        self._writer = self.engine.execution_options(writes=True)
        self._storing = self._writer if url.startswith("sqlite") else engines.storing(url)
        if keys is not None:
            at_rest.use(self.engine.dialect, keys)
            at_rest.use(self._storing.dialect, keys)
        self._autocommit = None if url.startswith("sqlite") else engines.autocommit(url)
        self.single = None if self._autocommit is None else partial(engines.pooled, self._autocommit)
        """A connection for single statements outside of transactions; None on SQLite, which gains nothing."""

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads; whatever it changed is thrown away."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def beholding(self) -> Iterator[Session]:
        """A session that only reads, all of it as it was at one moment."""
        with self.reading() as session:
            if session.get_bind().dialect.name == "postgresql":  # SQLite always does
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that is committed at the end, or rolled back by an exception."""
        with Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def storing(self) -> Iterator[Connection]:
        """The same without a session, for statements that are run very often."""
        with self._storing.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()
        self._storing.dispose()
        if self._autocommit is not None:
            self._autocommit.dispose()


def upsert(session: Session, table: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that knows `on_conflict_do_nothing` and `on_conflict_do_update`, as both databases spell it."""
    if session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def now() -> datetime:
    """The current moment in UTC."""
    return datetime.now(UTC)
