"""Full text and networks: what is found, and that both ways to find it say the same."""

from typing import Any

import pytest
from event_builder import START, event
from server_bench import Bench

from server_app.accounts.models import Role
from server_app.events import searching
from server_app.events.words import MAX_KEPT, all_words, wanted_words, words_in

PATHS = ["/events", "/events/sessions"]
DAY = 86_400


def walked(bench: Bench, path: str, query: str, name: str = "admin") -> str:
    """The first letters of all summaries, page by page."""
    found, cursor = "", ""
    while True:
        page = bench.person(name).ok("GET", f"{path}?limit=2&{query}{cursor}")
        found += "".join(item["summary"][0] for item in page["items"])
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


@pytest.fixture(params=[2000, 1], ids=["near", "far"])
def first(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rows are looked through before an index is asked."""
    monkeypatch.setattr(searching, "FIRST", request.param)
    monkeypatch.setattr(searching, "FIRST_OF_RANGE", request.param)


@pytest.fixture
def years(bench: Bench) -> Bench:
    """Sessions over two years in two divisions, `a` the oldest; one happened while a sensor's clock was wrong."""
    sensors = [bench.sensor(name, bench.division(name)) for name in ("Berlin", "Bonn")]
    ages = (20_000 * DAY, 700 * DAY, 699 * DAY, 9 * DAY, 4 * DAY, 3600, 0)
    for number, (age, name) in enumerate(zip(ages, "abcdefg", strict=True)):
        fields: dict[str, Any] = {"session": name, "summary": f"{name}: contact", "source": {"ip": f"10.0.{number}.1"}}
        if name in "abeg":
            fields["details"] = [{"time": START.isoformat(), "kind": "password", "data": "Toor!99 x_y"}]
        assert sensors[number % 2].upload([event(-age, **fields)]).status_code == 200
    return bench


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize("path", PATHS)
def test_what_is_looked_for_is_found_page_by_page(years: Bench, path: str) -> None:
    numbers = {row["name"]: row["id"] for row in years.admin.ok("GET", "/divisions")["items"]}
    since, until = "2024-12-23T08:00:00Z", "2026-11-21T07:30:00Z"
    for query, expected in (
        ("text=contact", "gfedcba"),
        ("text=contact&order=oldest", "abcdefg"),
        ("text=toor", "geba"),
        ("text=TOOR!99", "geba"),
        ("text=toor+99+y", "geba"),
        ("text=99&order=oldest", "abeg"),
        ("text=oor", ""),
        ("text=toor+d", ""),
        ("text=toor+e", "e"),
        (f"text=toor&since={since}", "ge"),
        (f"text=toor&until={until}", "eba"),
        ("text=toor&source=10.0.0.0/23", "ba"),
        (f"text=toor&division={numbers['Berlin']}", "gea"),
        ("text=toor&severity=medium", ""),
        ("text=toor&hidden=true", ""),
        ("source=10.0.2.0/23", "dc"),
        ("source=10.0.0.0/21&order=oldest", "abcdefg"),
        (f"source=10.0.0.0/21&since={since}", "gfed"),
        ("source=10.0.2.0/23&kind=login", ""),
        ("source=10.9.0.0/16", ""),
    ):
        assert walked(years, path, query) == expected, query


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize("path", PATHS)
def test_nobody_finds_anything_of_other_divisions(years: Bench, path: str) -> None:
    numbers = {row["name"]: row["id"] for row in years.admin.ok("GET", "/divisions")["items"]}
    years.user("observer", Role.OBSERVER, numbers["Bonn"])
    assert walked(years, path, "text=contact", "observer") == "fdb"
    assert walked(years, path, "source=10.0.0.0/8", "observer") == "fdb"


def test_a_session_is_found_by_all_its_bundles(bench: Bench) -> None:
    """Its summary shows the most telling one only."""
    sensor = bench.sensor()
    for second, secret in enumerate(("hunter2", "swordfish", "hunter2 again")):
        details = [{"time": START.isoformat(), "kind": "password", "data": secret}]
        sensor.upload([event(second, kind="login", summary="SSH login", details=details), event(second, summary="x")])
    for text, count in (("hunter2", 1), ("swordfish+hunter2+again", 1), ("login", 1), ("hunter3", 0)):
        assert len(bench.admin.ok("GET", f"/events/sessions?text={text}")["items"]) == count, text
    assert len(bench.admin.ok("GET", "/events?text=hunter2")["items"]) == 2


def test_whatever_attackers_write_is_stored_and_found(bench: Bench) -> None:
    sensor = bench.sensor()
    secret = "' & | ! :* \\ \x00 % _ # ünïcode " + "z" * 4000
    details = [{"time": START.isoformat(), "kind": "password", "data": secret}]
    answer = sensor.upload([event(summary="...", details=details)])
    assert answer.get_json()["results"][0]["status"] == "stored"
    for text, count in (("ÜNÏ", 1), ("z" * 100, 1), ("%23%25x", 0), ("'%20a", 0), ("%5C%20z", 1)):
        assert len(bench.admin.ok("GET", f"/events?text={text}")["items"]) == count, text


def test_mass_changes_find_the_same_words(years: Bench) -> None:
    body = {"filter": {"text": "toor"}, "change": {"comment": "seen"}}
    years.admin.ok("POST", "/events/sessions/mass", json=body)
    listed = years.admin.ok("GET", "/events/sessions")["items"]
    assert "".join(item["summary"][0] for item in listed if item["comment"]) == "geba"


def test_words_are_kept_once_in_lower_case_and_bounded() -> None:
    assert words_in(["SSH login root / root refused", "x_y-Z.5", ""]) == "ssh login root refused x y z 5"
    assert words_in([]) == ""
    assert max(map(len, words_in(["a" * 250]).split())) == 100
    assert len(words_in([" ".join(map(str, range(5000)))])) <= MAX_KEPT
    assert wanted_words("a A_b!") == ["a", "b"]
    assert all_words(["b a", "c a"]) == all_words(["c a", "b a"]) == "a b c"
    assert len(all_words(["a" * MAX_KEPT, "b" * MAX_KEPT])) <= MAX_KEPT
