"""Lists of events and sessions: order, pages, filters, and whose they are."""

from typing import Any

import pytest
from event_builder import event
from server_bench import Bench

from server_app.accounts.models import Role


def everything(bench: Bench, path: str, limit: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = bench.admin.ok("GET", f"{path}?limit={limit}{cursor}")
        assert len(page["items"]) <= limit
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


@pytest.mark.parametrize("path", ["/events", "/events/sessions"])
@pytest.mark.parametrize("limit", [1, 3, 25, 200])
def test_pages_give_each_item_once_newest_first(bench: Bench, path: str, limit: int) -> None:
    sensor = bench.sensor()
    moments = [number // 3 for number in range(25)]  # some at the same moment
    sensor.upload([event(moment, session=f"s-{number}") for number, moment in enumerate(moments)])

    found = everything(bench, path, limit)

    assert len({item["id"] for item in found}) == 25
    keys = [(item.get("time") or item["last_time"], item["id"]) for item in found]
    assert keys == sorted(keys, reverse=True)


def test_what_arrives_while_somebody_pages_moves_nothing(bench: Bench) -> None:
    sensor = bench.sensor()
    sensor.upload([event(number) for number in range(4)])
    first = bench.admin.ok("GET", "/events?limit=2")
    sensor.upload([event(100)])
    second = bench.admin.ok("GET", f"/events?limit=2&cursor={first['next']}")
    assert not {item["id"] for item in first["items"]} & {item["id"] for item in second["items"]}
    assert second["next"] is None


def test_filters(bench: Bench) -> None:
    one, two = bench.sensor("one"), bench.sensor("two")
    one.upload([event(session="a", kind="login"), event(1, session="b", service="recon", source={"ip": "2001:db8::1"})])
    two.upload([event(2, session="a")])

    for path in ("/events", "/events/sessions"):
        for query, count in (
            ("", 3),
            (f"sensor={one.id}", 2),
            ("session=a", 2),
            (f"session=a&sensor={two.id}", 1),
            ("service=recon", 1),
            ("kind=login", 1),
            ("source=2001:0db8:0::1", 1),
            ("source=198.51.100.7", 2),
            ("source=192.0.2.1", 0),
        ):
            assert len(bench.admin.ok("GET", f"{path}?{query}")["items"]) == count, (path, query)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "/limit"),
        ("limit=201", "/limit"),
        ("limit=x", "/limit"),
        ("cursor=!", "/cursor"),
        ("cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTkuMQ", "/cursor"),
        ("cursor=MS45OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "/cursor"),
        ("sensor=99999999999999999999", "/sensor"),
        ("source=x", "/source"),
        ("kind=party", "/kind"),
        ("session=%00", "/session"),
        ("color=red", "/color"),
    ],
)
def test_a_wrong_parameter_is_named(bench: Bench, query: str, pointer: str) -> None:
    answer = bench.admin.call("GET", f"/events?{query}")
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["errors"][0]["pointer"] == pointer


def test_events_of_other_divisions_are_not_there(bench: Bench) -> None:
    ours, theirs = bench.division("Berlin"), bench.division("Bonn")
    bench.sensor("ours", ours).upload([event()])
    bench.sensor("theirs", theirs).upload([event()])
    observer = bench.user("observer", Role.OBSERVER, ours)

    for path in ("/events", "/events/sessions"):
        assert [item["sensor_name"] for item in observer.ok("GET", path)["items"]] == ["ours"]
        for item in bench.admin.ok("GET", path)["items"]:
            expected = 200 if item["sensor_name"] == "ours" else 404
            assert observer.call("GET", f"{path}/{item['id']}").status_code == expected


def test_numbers_beyond_counting_are_not_found(bench: Bench) -> None:
    for path in ("/events/{}", "/events/sessions/{}", "/sensors/{}", "/tasks/{}"):
        for number in (4711, 2**31, 2**63 - 1, 2**63, 10**30):
            assert bench.admin.call("GET", path.format(number)).status_code == 404, (path, number)
