"""Two who store what contradicts each other at the same moment: one is told, by an answer and not by a fault."""

from collections.abc import Iterator
from typing import Any

import pytest
from server_bench import Bench
from sqlalchemy import event, insert
from sqlalchemy.orm import Session

from server_app.divisions.models import Division
from server_app.tasks.models import Task


def between_look_and_store(session: Session, table: type[Any], **values: Any) -> None:
    """Somebody else's row, as if stored after the name was looked for."""
    session.connection().execute(insert(table).values(**values))


@pytest.fixture
def overtaking(bench: Bench) -> Iterator[Bench]:
    """The server, once it has been set up."""

    def act(session: Session, _context: Any, _instances: Any) -> None:
        if any(isinstance(row, Division) for row in session.new):
            between_look_and_store(session, Division, name="Berlin")

    event.listen(Session, "before_flush", act)
    yield bench
    event.remove(Session, "before_flush", act)


def test_who_comes_second_is_told(overtaking: Bench) -> None:
    answer = overtaking.admin.call("POST", "/divisions", json={"name": "Berlin"})
    assert answer.status_code == 409, answer.text
    assert answer.json is not None
    assert "Somebody else" in answer.json["detail"]


def test_a_mistake_of_ours_stays_a_fault(bench: Bench) -> None:
    def act(session: Session, _context: Any, _instances: Any) -> None:
        if any(isinstance(row, Division) for row in session.new):
            between_look_and_store(session, Task, type=None, state="waiting", progress=0, parameters={})

    event.listen(Session, "before_flush", act)
    try:
        assert bench.admin.call("POST", "/divisions", json={"name": "Berlin"}).status_code == 500
    finally:
        event.remove(Session, "before_flush", act)
