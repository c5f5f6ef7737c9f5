"""The parts that only compute."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.attacks import OLD_WORD, RARE_WORD
from bench.errors import BenchError
from bench.history import EVENT_COLUMNS, SESSION_COLUMNS, SPAN, History, chunks
from bench.http1 import Reader, post
from bench.lists import Timing, filter_values, growth_result, list_result
from bench.results import GOALS, result, table, write
from bench.searches import EVENTS, SESSIONS, of_history
from bench.statistics import figure, percentile, spread
from bench.syslog_sink import Counter
from bench.target import Target
from bench.traffic import batches, reports, uuid7
from sensor_wire.v1.event import Event
from sensor_wire.v1.poll import Report

OK = b'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: "1.ab"\r\n\r\nhello'
END = datetime(2026, 11, 21, tzinfo=UTC)


def test_spread_is_the_median_and_both_ends() -> None:
    found = spread([30.0, 10.0, 20.0])
    assert (found.median, found.lowest, found.highest) == (20, 10, 30)
    assert str(found) == "10 to 30"
    with pytest.raises(BenchError):
        spread([])


@pytest.mark.parametrize(("percent", "expected"), [(50, 10), (95, 19), (100, 20), (1, 1)])
def test_percentile_is_a_value_that_was_measured(percent: float, expected: float) -> None:
    assert percentile([float(number) for number in range(20, 0, -1)], percent) == expected


@pytest.mark.parametrize(("value", "text"), [(12345.6, "12,346"), (99.44, "99.4"), (1.234, "1.23"), (0.0, "0")])
def test_figures_show_what_counts(value: float, text: str) -> None:
    assert figure(value) == text


def test_a_result_stands_beside_its_floor_and_goal() -> None:
    slow = result("polls_unchanged_per_s", 900, "few", floor=1800)
    assert (slow.unit, slow.floor, slow.ratio, slow.holds) == ("polls/s", 1800, 0.5, False)
    assert result("polls_unchanged_per_s", 1000, "few").holds is True
    assert result("event_list_p95_ms", 50.1, "few").holds is False
    assert result("web_worker_rss_mib", 1, "few").holds is None


def test_results_are_a_list_of_the_agreed_fields(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "results.json"
    write([result("polls_unchanged_per_s", 1234.567, "few", floor=2000)], file)
    assert json.loads(file.read_text()) == [
        {
            "figure": "polls_unchanged_per_s",
            "value": 1234.57,
            "unit": "polls/s",
            "floor": 2000,
            "ratio": 0.617,
            "goal": ">= 1,000",
            "holds": True,
            "conditions": "few",
        }
    ]


def test_the_table_is_aligned_and_names_what_does_not_hold() -> None:
    lines = table(
        [result("polls_unchanged_per_s", 900, "few", floor=1800), result("web_worker_rss_mib", 70, "x")]
    ).splitlines()
    assert lines[2].split() == ["polls_unchanged_per_s", "900", "polls/s", "1,800", "0.50", ">=", "1,000", "NO"]
    assert lines[2].index("polls/s") == lines[3].index("MiB")
    assert lines[-2:] == ["polls_unchanged_per_s: few", "web_worker_rss_mib: x"]


@pytest.mark.parametrize("size", [1, 7, len(OK)])
def test_answers_are_read_however_they_are_cut(size: int) -> None:
    reader = Reader()
    pieces = [OK[start : start + size] for start in range(0, len(OK), size)]
    answers = [reader.feed(piece) for piece in pieces]
    assert answers[:-1] == [None] * (len(pieces) - 1)
    last = answers[-1]
    assert last is not None
    assert (last.status, last.body, last.etag, last.closes) == (200, b"hello", b'"1.ab"', False)


def test_answers_without_length_chunked_and_closing() -> None:
    nothing = Reader().feed(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
    assert nothing is not None
    assert (nothing.status, nothing.body, nothing.closes) == (204, b"", True)
    reader = Reader()
    assert reader.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n") is None
    assert reader.feed(b"0\r\n\r\n") is not None


def test_requests_name_host_length_and_condition() -> None:
    head, _, body = post("server:8443", "/api/x", b"{}", b'"1"').partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /api/x HTTP/1.1"
    assert {b"Host: server:8443", b"Content-Length: 2", b'If-None-Match: "1"'} < set(lines)
    assert body == b"{}"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_syslog_messages_are_counted_however_they_are_cut(size: int) -> None:
    messages = b"".join(b"%d %b" % (len(text), text) for text in (b"<13>1 a b", b"<13>1 7 - 12 x", b"x" * 120))
    counter = Counter()
    for begin in range(0, len(messages), size):
        counter.feed(messages[begin : begin + size])
    assert counter.messages == 3


def test_reports_and_events_are_of_the_contract() -> None:
    Report.parse_strict(json.loads(reports()()))
    make = batches(7)
    sent = [*json.loads(make())["events"], *json.loads(make())["events"]]
    events = [Event.parse_strict(item) for item in sent]
    assert len({event.id for event in events}) == 14
    assert [event.session for event in events].count(events[0].session) == 5
    assert any(event.details for event in events)


def test_uuids_are_of_version_7_and_in_the_order_of_time() -> None:
    assert uuid7()[14] == "7"
    assert uuid7()[19] in "89ab"


def test_history_is_even_and_its_sessions_are_those_of_its_events() -> None:
    history = History([4, 5], [3], 10, END)
    events = [
        dict(zip(EVENT_COLUMNS, history.event(number).rstrip("\n").split("\t"), strict=True)) for number in range(10)
    ]
    sessions = [
        dict(zip(SESSION_COLUMNS, history.session(number).rstrip("\n").split("\t"), strict=True)) for number in (0, 1)
    ]
    assert datetime.fromisoformat(events[0]["time"]) == END - SPAN
    assert datetime.fromisoformat(events[9]["time"]) == END - SPAN / 10
    for number, session in enumerate(sessions):
        own = events[number * 5 : number * 5 + 5]
        assert all(set(event["words"].split()) <= set(session["words"].split()) for event in own)
        for name in ("sensor_id", "division_id", "service", "source_ip", "destination_port"):
            assert {event[name] for event in own} == {session[name]}
        assert {event["session_id"] for event in own} == {session["id"]}
        assert (own[0]["time"], own[-1]["time"]) == (session["first_time"], session["last_time"])


def test_history_has_what_is_common_rare_and_long_gone() -> None:
    """Each is hard for another kind of list, so none may be missing."""
    count = 200_000
    history = History(range(1, 101), [1, 2], count, END)
    lines = [dict(zip(EVENT_COLUMNS, history.event(number).split("\t"), strict=True)) for number in range(0, count, 7)]
    old = [line for line in lines if OLD_WORD in line["words"].split()]
    rare = [line for line in lines if RARE_WORD in line["words"].split()]
    assert 0 < len(rare) < len(lines) / 500
    assert 0 < len(old) < len(lines) / 20
    assert max(line["time"] for line in old) < (END - SPAN / 2).isoformat()
    assert sum(line["sensor_id"] == "1" for line in lines) > len(lines) / 10
    assert all(json.loads(line["details"].replace("\\\\", "\\")) for line in lines if line["kind"] == "login")


def test_both_lists_are_asked_for_each_filter_alone() -> None:
    searches = of_history(History([1], [1], 100, END)).values()
    filters = {"division", "sensor", "service", "kind", "severity", "source", "port", "since", "until", "text"}
    for wanted, own in ((EVENTS, set[str]()), (SESSIONS, {"status"})):
        asked = [query for path, query in searches if path == wanted]
        assert {name for query in asked for name in query} >= filters | own
        assert all(len(query) < 2 or query.keys() == {"since", "until"} for query in asked)


def test_history_comes_in_chunks_that_lack_nothing() -> None:
    history = History([1], [1], 5000, END)
    assert sum(chunk.count("\n") for chunk in chunks(history.event, range(5000))) == 5000


def test_the_slowest_list_and_the_one_that_grew_most_speak() -> None:
    quick, slow = [2.0], [4.0]
    few, many = (
        {
            "page 1": Timing([10.0] * 3, quick, 50),
            "kind=login": Timing([10.0] * 3, quick, 50),
            "kind=icmp": Timing([1.0], quick, 0),
        },
        {
            "page 1": Timing([24.0] * 3, slow, 50),
            "kind=login": Timing([40.0, 40.0, 90.0], slow, 50),
            "kind=icmp": Timing([9.0], quick, 9),
        },
    )
    assert list_result(many, "so").value == 90
    grown = growth_result("event_list_growth", few, many, "so")
    assert grown.value == 2
    assert "kind=login" in grown.conditions, "an empty page is no measure for a full one"
    assert "1 of 2 are beyond" in grown.conditions


def test_filters_are_made_from_an_event() -> None:
    event = {
        "sensor": 3,
        "source": {"ip": "198.51.100.7"},
        "destination": {"port": 22},
        "time": END.isoformat(),
        "kind": "login",
    }
    found = filter_values(event)
    assert found["sensor"] == "3"
    assert found["network"] == "198.51.100.0/24"
    assert "service" not in found


@pytest.mark.parametrize("url", ["http://server", "server", "https://server/path"])
def test_a_wrong_url_says_how_to_write_it(url: str, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="write https://"):
        Target(url, tmp_path)


def test_every_figure_has_a_unit() -> None:
    assert all(goal.unit for goal in GOALS.values())
    assert timedelta(0) < SPAN
