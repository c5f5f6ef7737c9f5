"""Statements that go straight to libpq: for those that are run a thousand times a second."""

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from psycopg import Connection as Driver
from psycopg import errors, pq
from psycopg.adapt import Transformer
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.elements import ClauseElement

DIALECT = psycopg.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call] # SQLAlchemy's own
_BINARY = 1
_NUL = b"\x00"
_DONE = {pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK}
_IDLE = pq.TransactionStatus.IDLE
_numbers = count(1)


class Direct:
    """A statement of PostgreSQL that is compiled once, and prepared once for each connection that can.

    What SQLAlchemy and psycopg do around a statement costs several times what libpq does.

    Args:
        statement: with named parameters (`bindparam`) only; what comes back is as the driver gives it.
    """

    def __init__(self, statement: Executable) -> None:
        if not isinstance(statement, ClauseElement):
            raise TypeError(f"{statement!r} cannot be compiled")
        compiled = statement.compile(dialect=DIALECT)
        constants = [name for name, value in compiled.params.items() if value is not None]
        if constants:
            raise TypeError(f"constants that nobody would give: {', '.join(constants)}; write them as literal_column")
        self._text = str(compiled).encode()
        self._names: Sequence[str] = getattr(compiled, "positiontup", None) or ()
        self._name = f"direct_{next(_numbers)}".encode()

    def all(self, connection: Connection, parameters: Mapping[str, str | int]) -> Sequence[tuple[Any, ...]]:
        """Run it in the connection's transaction; the rows that come back."""
        return self.rows(connection.connection, parameters)

    def rows(self, pooled: PoolProxiedConnection, parameters: Mapping[str, str | int]) -> Sequence[tuple[Any, ...]]:
        """Run it on a connection of the pool.

        Raises:
            psycopg.Error: PostgreSQL refused it, or is away.
        """
        state = _state_of(pooled)
        values = [_sent(parameters[name]) for name in self._names]
        if not state.driver.autocommit and state.wire.transaction_status == _IDLE:
            _checked(state.wire.exec_(b"BEGIN"))
        if state.driver.prepare_threshold is not None:
            # psycopg prepares statements here, and has PostgreSQL forget all of them after each rollback.
            result = _checked(state.wire.exec_params(self._text, values, result_format=_BINARY))
        else:
            if self._name not in state.prepared:
                _checked(state.wire.prepare(self._name, self._text))
                state.prepared.add(self._name)
            result = _checked(state.wire.exec_prepared(self._name, values, result_format=_BINARY))
        if not result.ntuples:
            return []
        state.transformer.set_pgresult(result)
        return state.transformer.load_rows(0, result.ntuples, tuple)


class _State:
    """What is remembered of one connection."""

    def __init__(self, driver: "Driver[Any]") -> None:
        self.driver = driver
        self.wire = driver.pgconn
        self.transformer = Transformer(driver)
        self.prepared: set[bytes] = set()


def _state_of(pooled: PoolProxiedConnection) -> _State:
    found: _State | None = pooled.info.get(_State)
    if found is None:
        driver = pooled.driver_connection
        if not isinstance(driver, Driver):
            raise TypeError(f"{driver!r} is no connection of psycopg's")
        found = pooled.info[_State] = _State(driver)
    return found


def _sent(value: str | int) -> bytes:
    sent = str(value).encode()
    if _NUL in sent:
        raise errors.DataError("PostgreSQL's text has no NUL")
    return sent


def _checked(result: pq.abc.PGresult) -> pq.abc.PGresult:
    if pq.ExecStatus(result.status) in _DONE:
        return result
    said = (result.error_message or b"").decode(errors="replace").strip()
    code = result.error_field(pq.DiagnosticField.SQLSTATE)
    raise (errors.lookup(code.decode()) if code else errors.OperationalError)(said or "the connection has ended")
