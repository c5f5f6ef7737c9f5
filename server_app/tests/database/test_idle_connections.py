"""A database that goes away and comes back costs no request."""

import pytest
from sqlalchemy import make_url, text

from server_app.db import Database

pytestmark = pytest.mark.postgres
OTHERS = text(
    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE pid != pg_backend_pid() AND usename = user"
)
NUMBER = text("SELECT pg_backend_pid()")


def of_another_process(url: str) -> str:
    """The same database by another URL: within one process the tests have one engine for each."""
    return make_url(url).update_query_dict({"application_name": "other"}).render_as_string(hide_password=False)


def backend(database: Database) -> int:
    with database.reading() as session:
        number: int = session.execute(NUMBER).scalar_one()
        return number


def test_an_ended_connection_is_replaced_before_it_is_used(postgres_url: str) -> None:
    database, other = Database(postgres_url), Database(of_another_process(postgres_url))
    try:
        first = backend(database)
        assert backend(database) == first, "it is kept"
        with other.writing() as session:
            session.execute(OTHERS)
        assert backend(database) != first
    finally:
        database.close()
        other.close()


@pytest.mark.parametrize(("ask_after", "asked"), [(30.0, False), (-1.0, True)])
def test_only_one_that_was_idle_for_long_is_asked_whether_it_stands(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, ask_after: float, *, asked: bool
) -> None:
    monkeypatch.setattr("server_app.idle_connections.ASK_AFTER", ask_after)
    database, other = Database(postgres_url), Database(of_another_process(postgres_url))
    try:
        assert database.single is not None
        with database.single() as connection:
            cursor = connection.cursor()
            cursor.execute(NUMBER.text)
            number = (cursor.fetchone() or [None])[0]
        with database.single() as connection:
            connection.cursor().execute("SELECT 42")
        with database.single():
            pass
        last = text("SELECT query FROM pg_stat_activity WHERE pid = :number")
        with other.reading() as session:
            assert (session.execute(last, {"number": number}).scalar_one() != "SELECT 42") is asked
    finally:
        database.close()
        other.close()
