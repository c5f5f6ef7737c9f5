"""Connections that the database has ended while they waited in the pool, found without asking it.

Asking at each checkout (SQLAlchemy's `pool_pre_ping`) costs each transaction a round trip, as much as most of our
statements take.
"""

from select import POLLERR, POLLHUP, POLLIN, poll
from time import monotonic

from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

ASK_AFTER = 30.0
"""Seconds of idleness after which the database is asked all the same: a machine that lost power says no farewell."""
_RETURNED = "returned"


def watch(engine: Engine) -> None:
    """Have each connection of a PostgreSQL engine looked at before it is used again; dead ones are replaced."""

    def leave(connection: DBAPIConnection, entry: ConnectionPoolEntry, _: PoolProxiedConnection) -> None:
        returned = entry.info.get(_RETURNED)
        if returned is None:
            return
        asked = monotonic() - returned > ASK_AFTER
        if _has_something_to_say(connection) or (asked and not _answers(engine, connection)):
            raise DisconnectionError("the database has ended this connection")

    def come_back(_: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
        entry.info[_RETURNED] = monotonic()

    event.listen(engine, "checkout", leave)
    event.listen(engine, "checkin", come_back)


def _has_something_to_say(connection: DBAPIConnection) -> bool:
    # Nobody has asked it anything: what can be read is a farewell or the end.
    poller = poll()
    poller.register(connection.fileno(), POLLIN | POLLHUP | POLLERR)
    return bool(poller.poll(0))


def _answers(engine: Engine, connection: DBAPIConnection) -> bool:
    try:
        return engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error:
        return False
