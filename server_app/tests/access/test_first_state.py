"""The table of who may do what stands on this: a change that is not seen, or stays, would be one that nobody misses."""

from first_state import FirstState, first_state
from server_bench import Bench
from sqlalchemy import delete, func, select, update

from server_app.models import Division, Sensor, SensorStatus, User


def counted(bench: Bench) -> tuple[int, ...]:
    with bench.database.reading() as session:
        tables = (Division, Sensor, SensorStatus)
        return tuple(session.scalars(select(func.count()).select_from(table)).one() for table in tables)


def test_what_goes_with_another_row_is_seen_and_comes_back(bench: Bench) -> None:
    bench.sensor_row()
    before, state = counted(bench), first_state(bench.database)
    with bench.database.writing() as session:
        session.execute(delete(Sensor))
        session.execute(update(User).values(full_name="Somebody else"))
    changed = state.changed()
    assert {"sensors", "users"} <= changed
    state.put_back(changed)
    assert counted(bench) == before
    assert_as_it_was(state)


def test_what_has_come_is_seen_and_goes(bench: Bench) -> None:
    before, state = counted(bench), first_state(bench.database)
    bench.sensor_row()
    changed = state.changed()
    assert "sensors" in changed
    state.put_back(changed)
    assert counted(bench) == before
    assert_as_it_was(state)


def assert_as_it_was(state: FirstState) -> None:
    assert state.changed() == set()
    state.forget()
