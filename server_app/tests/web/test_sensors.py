"""The sensors page: who polls, who has stopped, what their honeypots do."""

import re
from datetime import timedelta

import pytest
from web_site import Site

from server_app.sensors.models import Sensor

RUNNING = {"name": "cowrie", "state": "running", "revision": "1.0.0"}


@pytest.fixture
def division(site: Site) -> int:
    number = site.division("Office")
    site.log_in()
    return number


def card(page: str, name: str) -> str:
    """The part of the page that is about one sensor."""
    return next(part for part in page.split('<li class="card sensor')[1:] if f"<h2>{name}</h2>" in part)


def test_crash_loop_and_pull_are_shown_with_lines_and_percent(site: Site, division: int) -> None:
    looping = {"name": "cowrie", "state": "failed", "crash_loop": True, "log": ["<b>boom", "end"]}
    pulling = {"name": "recon", "state": "pulling", "progress": {"done": 25, "total": 100}}
    site.sensor(division, "lobby", services=(looping, pulling))
    shown = card(site.get("/sensors").text, "lobby")
    assert "ends again and again" in shown
    assert "&lt;b&gt;boom\nend</pre>" in shown
    assert "pulling, 25 %" in shown


def test_what_is_wrong_is_said_in_words(site: Site, division: int) -> None:
    reason = "the server did not answer within 180 s"
    site.sensor(division, "lobby", error="netfilter <b>", connection={"state": "undone", "reason": reason})
    shown = card(site.get("/sensors").text, "lobby")
    assert "needs attention" in shown
    assert "netfilter &lt;b&gt;</p>" in shown
    assert f"the change of its connection was undone: {reason}</p>" in shown


@pytest.mark.usefixtures("division")
def test_empty_page_says_how_to_begin(site: Site) -> None:
    assert "No sensors yet" in site.get("/sensors").text


@pytest.mark.parametrize(
    ("age", "state"),
    [
        (None, "waiting for first contact"),
        (timedelta(seconds=10), "online"),
        (timedelta(minutes=4), "timed out"),
    ],
)
def test_state_follows_the_last_contact(site: Site, division: int, age: timedelta | None, state: str) -> None:
    site.sensor(division, "lobby", age=age, services=(RUNNING,))
    assert f">{state}</span>" in card(site.get("/sensors").text, "lobby")


def test_what_honeypots_claim_to_be_is_shown(site: Site, division: int) -> None:
    number = site.sensor(division, "lobby")
    with site.context.database.writing() as session:
        session.get_one(Sensor, number).persona = {"host_name": "files07", "os_family": "windows"}
    assert "files07.intranet.local <small>windows</small>" in card(site.get("/sensors").text, "lobby")


def test_services_with_state_and_error_are_shown(site: Site, division: int) -> None:
    broken = {"name": "recon", "state": "failed", "error": "image not found <b>"}
    site.sensor(division, "lobby", services=(RUNNING, broken))
    shown = card(site.get("/sensors").text, "lobby")
    assert "needs attention" in shown
    assert "cowrie" in shown
    assert "image not found &lt;b&gt;" in shown


def test_failed_lines_of_the_self_check_are_shown(site: Site, division: int) -> None:
    items = [{"name": "clock", "ok": False, "detail": "3 years behind <b>"}, {"name": "disk", "ok": True, "detail": ""}]
    site.sensor(division, "lobby", check={"checked_at": "2026-11-21T08:00:00Z", "items": items})
    shown = card(site.get("/sensors").text, "lobby")
    assert "<dt>clock</dt> <dd>3 years behind &lt;b&gt;</dd>" in shown
    assert "disk</dt>" not in shown.partition("Self-check")[2]


def test_nothing_is_claimed_of_services_of_a_silent_sensor(site: Site, division: int) -> None:
    site.sensor(division, "lobby", age=timedelta(hours=2), services=(RUNNING,))
    assert "running at last contact" in card(site.get("/sensors").text, "lobby")


def test_list_is_sent_again_only_when_it_changed(site: Site, division: int) -> None:
    site.sensor(division, "lobby")
    known = re.search(r"version=([0-9a-f]+)", site.get("/sensors").text)
    assert known
    assert site.get(f"/sensors/list?version={known[1]}").status_code == 204
    site.sensor(division, "cellar")
    assert "cellar" in site.get(f"/sensors/list?version={known[1]}").text
