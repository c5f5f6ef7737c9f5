"""A clock that is years off costs neither enrolment nor the right time of an event, nor does it open a door."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from pathlib import Path

import pytest
from sensor_support.authority import DAY
from sensor_support.builders import desired, event, eventually, uuid7
from sensor_support.mini_server import MiniServer, mini_server

from sensor_manager.plan.clock import KnownTime, certificate_fault, clock_setting, correct_times, learn, wall_error
from sensor_manager.server.client import ServerClient, Way
from sensor_manager.server.clock import ServerClock
from sensor_manager.server.config import load_config
from sensor_manager.server.contact import ServerContact
from sensor_manager.server.credentials import Credentials
from sensor_manager.server.directions import Directions
from sensor_manager.server.errors import ServerError
from sensor_manager.server.identify import identify
from sensor_manager.settings import Settings
from sensor_manager.spool.store import SpoolStore
from sensor_manager.spool.uploader import Uploader
from sensor_manager.stamp import Stamp, read_stamp
from sensor_wire.v1.architecture import Architecture
from sensor_wire.v1.event import Detail
from sensor_wire.v1.poll import Report

YEAR = 365 * DAY
HOUR = 3600.0
START = datetime(2026, 11, 21, tzinfo=UTC).timestamp()
KNOWN = KnownTime("a", START, START + 100)


@pytest.mark.parametrize(
    ("uptime", "wall", "started", "error"),
    [
        (100.0, START + 100, START, 0.0),
        (100.0, START + 101.5, START, 0.0),  # as exact as an answer's date is
        (100.0, START + 160, START, 60.0),
        (100.0, 100.0, START, -START),  # 1970
        (100.0, START + 100, None, 0.0),  # nobody knows
        (None, None, START, 0.0),  # an event of the first release
    ],
)
def test_error_of_the_clock(uptime: float | None, wall: float | None, started: float | None, error: float) -> None:
    assert wall_error(uptime, wall, started) == error


@pytest.mark.parametrize(
    ("wall", "setting"),
    [
        (START, None),
        (START + 29, None),  # an answer may have been so late
        (START - 29, None),
        (START + 31, START),
        (START - 31, START),
        (0.0, START),
    ],
)
def test_what_a_board_sets_its_clock_to(wall: float, setting: float | None) -> None:
    assert clock_setting(wall, START) == setting


def dated(*times: float) -> str:
    """An event with a detail, of these times."""
    moments = [datetime.fromtimestamp(each, UTC) for each in times]
    details = [Detail(time=each, kind="input", data="ä") for each in moments[1:]]
    return event(1, time=moments[0], details=details).model_dump_json()


def times_of(body: str) -> list[float]:
    told = json.loads(body)
    return [datetime.fromisoformat(each["time"]).timestamp() - START for each in (told, *told["details"])]


ARRIVED = 100.0


@pytest.mark.parametrize(
    ("clock", "said", "told"),
    [
        (START, (90, 99), (90, 99)),  # right
        (0.0, (90 - START, 99 - START), (90, 99)),  # in 1970
        (START + 500, (590, 599), (90, 99)),
        (START, (90 - START, 99), (100, 99)),  # in 1970, and set before it was handed over
        (START, (90 + 5 * HOUR, 99), (100, 99)),  # far ahead, likewise
        (0.0, (90, 99 - START), (100, 99)),  # right, and set to 1970
        (START, (-30, 130), (-30, 130)),  # by little
    ],
)
def test_all_times_of_an_event_are_corrected(
    clock: float, said: tuple[float, float], told: tuple[float, float]
) -> None:
    body = dated(*(START + each for each in said))
    corrected = correct_times(body, ARRIVED, clock + ARRIVED, START)
    assert times_of(corrected) == pytest.approx(told, abs=0.001)
    assert corrected == body or '"ä"' in corrected
    assert (corrected == body) == (said == told)


def test_times_stay_where_nobody_knows_better() -> None:
    body = dated(5.0)
    assert correct_times(body, ARRIVED, 5.0, None) == body
    assert correct_times(body, None, None, START) == body
    assert correct_times(body, ARRIVED, 5.0, 1e14) == body, "there is no such year"


@pytest.mark.parametrize(
    ("known", "boot", "server", "certificate_end", "result"),
    [
        (KnownTime(), "a", START + 100, START + HOUR, KnownTime("a", START, START + 100)),
        (KNOWN, "a", START + 101, START + HOUR, KnownTime("a", START, START + 101)),  # within the tolerance: steady
        (KNOWN, "a", START + 500, START + HOUR, KnownTime("a", START + 400, START + 500)),
        (KNOWN, "b", START + 500, START + HOUR, KnownTime("b", START + 400, START + 500)),
        (KNOWN, "a", START - 500, START + HOUR, KnownTime("a", START - 600, START + 100)),  # the floor stays
        (KNOWN, "a", START * 2, START + HOUR, KnownTime("a", START * 2 - 100, START + HOUR)),  # and is bounded
    ],
)
def test_what_an_answer_teaches(
    known: KnownTime, boot: str, server: float, certificate_end: float, result: KnownTime
) -> None:
    assert learn(known, boot, 100.0, server, certificate_end) == result


@pytest.mark.parametrize(
    ("begin", "end", "now", "floor", "fault"),
    [
        (-HOUR, HOUR, 0.0, -HOUR, None),
        (-HOUR, HOUR, None, -HOUR, None),
        (-HOUR, HOUR, None, 2 * HOUR, "ended"),
        (-HOUR, HOUR, 2 * HOUR, 0.0, "ended"),
        (HOUR, 2 * HOUR, 0.0, 0.0, "begins"),
        (HOUR, 2 * HOUR, None, 0.0, None),
    ],
)
def test_when_a_certificate_holds(begin: float, end: float, now: float | None, floor: float, fault: str | None) -> None:
    found = certificate_fault(START + begin, START + end, now=None if now is None else START + now, floor=START + floor)
    assert (found is None) if fault is None else (found is not None and fault in found)


class Board:
    """A machine whose clocks are what a test wants."""

    def __init__(self, *, off: timedelta = timedelta(), boot: str = "first") -> None:
        self.off = off
        self.boot = boot

    def stamp(self) -> Stamp:
        real = read_stamp()
        return replace(real, boot=self.boot, wall=real.wall + self.off.total_seconds())


class Sensor:
    """All of a sensor that talks to the server."""

    def __init__(self, folder: Path, server: MiniServer, board: Board) -> None:
        (folder / "state").mkdir(exist_ok=True)
        self.settings = Settings(
            config=folder / "sensor.json",
            state=folder / "state",
            runtime=folder,
            interface="eth0",
            platform="docker_x86",
            docker="unix:///nowhere",
            docker_certs=folder / "certs.d",
        )
        self.settings.config.write_text(server.config().model_dump_json())
        self.store = SpoolStore(self.settings.spool, ballast=65536, stamp=board.stamp)
        self.clock = ServerClock(self.settings.clock, on_known=self.store.note_boot, stamp=board.stamp)
        config = load_config(self.settings.config)
        credentials = Credentials(
            self.settings,
            config,
            self.clock,
            directions=Directions(attrgetter("server_url")),
            during=lambda _: nullcontext(),
        )
        self.contact = ServerContact(
            self.settings,
            credentials,
            report=self._report,
            on_desired=lambda _: None,
            during=lambda _: nullcontext(),
        )
        self.uploader = Uploader(self.store, self.contact.connect)

    def _report(self) -> Report:
        now = self.clock.now() or datetime.now(UTC)
        return Report(
            observed_at=now,
            firmware="1",
            platform="docker_x86",
            architecture=Architecture.AMD64,
            clock_offset=self.clock.offset(),
        )

    def stop(self) -> None:
        self.contact.stop()
        self.uploader.stop()
        self.store.close()


type Start = Callable[[MiniServer, Board], Sensor]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as stack:

        def make(server: MiniServer, board: Board) -> Sensor:
            sensor = Sensor(tmp_path, server, board)
            stack.callback(sensor.stop)
            return sensor

        yield make


@pytest.mark.parametrize("ahead", [50 * YEAR, -20 * YEAR], ids=["clock 50 years behind", "clock 20 years ahead"])
def test_enrols_reports_and_delivers_with_a_clock_years_off(tmp_path: Path, start: Start, ahead: timedelta) -> None:
    with mini_server(tmp_path, ahead=ahead) as server:
        server.desired = desired(ca_chain=server.authority.chain)
        sensor = start(server, Board())
        sensor.store.append(event(1, time=datetime.now(UTC)))
        sensor.contact.start()
        last = eventually(lambda: server.reports and server.reports[-1], "the sensor polls")
        assert last.clock_offset == pytest.approx(max(-1e9, -ahead.total_seconds()), abs=3)
        assert last.observed_at - datetime.now(UTC) == pytest.approx(ahead, abs=timedelta(seconds=10))
        sensor.uploader.start()
        sent = eventually(lambda: server.events.get(str(uuid7(1))), "the event arrives")
        assert datetime.fromisoformat(sent["time"]) - datetime.now(UTC) == pytest.approx(
            ahead, abs=timedelta(seconds=10)
        )
        with ServerClient(server.url, sensor.settings.authorities) as client, pytest.raises(ServerError):
            identify(client)  # who asks the machine's clock would be lost here


def test_clock_that_is_set_while_events_wait_gives_each_its_right_time(tmp_path: Path, start: Start) -> None:
    board = Board(off=-50 * YEAR)
    with mini_server(tmp_path) as server:
        server.desired = desired(ca_chain=server.authority.chain)
        sensor = start(server, board)
        for number, off in enumerate((-50 * YEAR, 20 * YEAR, timedelta())):
            board.off = off
            sensor.store.append(event(number, time=datetime.now(UTC) + off))
        sensor.contact.start()
        eventually(lambda: server.reports, "the sensor polls")
        sensor.uploader.start()
        eventually(lambda: len(server.events) == 3, "the events arrive")
        for each in server.events.values():
            assert abs(datetime.fromisoformat(each["time"]) - datetime.now(UTC)) < timedelta(seconds=30)


def test_once_the_time_is_known_a_certificate_out_of_its_time_is_refused(tmp_path: Path, start: Start) -> None:
    with mini_server(tmp_path) as server:
        sensor = start(server, Board())
        sensor.settings.authorities.write_text(server.authority.chain)

        def ask(start: timedelta, end: timedelta) -> None:
            server.certify("127.0.0.1", start=start, end=end)
            with ServerClient(server.url, sensor.settings.authorities, way=Way(sensor.clock)) as client:
                identify(client)

        ask(-DAY, DAY)
        assert sensor.clock.now() is not None
        with pytest.raises(ServerError, match="ended on"):
            ask(-9 * DAY, -DAY)
        with pytest.raises(ServerError, match="begins on"):
            ask(DAY, 9 * DAY)


def test_stolen_key_of_a_certificate_that_ended_is_of_no_use_after_a_restart(tmp_path: Path, start: Start) -> None:
    with mini_server(tmp_path) as server:
        server.desired = desired(ca_chain=server.authority.chain)
        sensor = start(server, Board(boot="first"))
        sensor.contact.start()
        eventually(lambda: server.reports, "the sensor polls")
        board = Board(boot="second", off=-50 * YEAR)
        clock = ServerClock(sensor.settings.clock, stamp=board.stamp)
        assert clock.now() is None
        assert clock.offset() is None
        server.certify("127.0.0.1", start=-9 * DAY, end=-DAY)
        with (
            ServerClient(server.url, sensor.settings.authorities, way=Way(clock)) as client,
            pytest.raises(ServerError, match="ended on"),
        ):
            identify(client)


def test_damaged_memory_of_the_time_is_no_more_than_forgotten(tmp_path: Path) -> None:
    (tmp_path / "clock.json").write_text('{"boot": 1')
    clock = ServerClock(tmp_path / "clock.json")
    assert clock.now() is None
    clock.answered("no date")
    clock.answered(None)
    assert clock.now() is None
    clock.answered("Sat, 21 Nov 2026 21:00:00 GMT")
    assert ServerClock(tmp_path / "clock.json").now() is not None
