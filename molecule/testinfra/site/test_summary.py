"""What the demo writes for programs: the whole form of `dist/demo/summary.json`, and that it is true."""

from pathlib import Path

import requests
from scenario_testing.site import Api

FORM = {
    "url": str,
    "username": str,
    "password_file": str,
    "ca_file": str,
    "sensor": {"id": int, "name": str, "address": str},
    "event": {"id": int, "service": str, "source": str, "summary": str},
    "seconds": {"provision": float, "honeypots": float, "login": float, "event": float},
}


def form_of(value: object) -> object:
    """The names and types in it."""
    return {name: form_of(one) for name, one in value.items()} if isinstance(value, dict) else type(value)


def test_it_has_this_form_and_nothing_more(api: Api) -> None:
    assert form_of(api.summary) == FORM
    assert all(seconds >= 0 for seconds in api.summary["seconds"].values())


def test_it_leads_to_the_server_as_a_program_would_follow_it(api: Api) -> None:
    session = requests.Session()
    session.trust_env = False
    assert Path(api.summary["ca_file"]).is_absolute()
    assert Path(api.summary["password_file"]).is_absolute()
    session.verify = api.summary["ca_file"]
    assert session.get(f"{api.summary['url']}/api/system/identify", timeout=30).text == "HoneySens"
    password = Path(api.summary["password_file"]).read_text(encoding="utf-8").strip()
    login = {"username": api.summary["username"], "password": password}
    answer = session.post(f"{api.summary['url']}/api/sessions", json=login, timeout=30)
    assert (answer.status_code, answer.json()["user"]["role"]) == (200, "admin")


def test_sensor_and_event_are_those_of_the_attack(api: Api) -> None:
    sensor, event = api.summary["sensor"], api.summary["event"]
    assert api.call("GET", f"/sensors/{sensor['id']}").json()["name"] == sensor["name"]
    stored = api.call("GET", f"/events/{event['id']}").json()
    assert (stored["sensor"], stored["service"], stored["source"]["ip"], stored["destination"]["ip"]) == (
        sensor["id"],
        event["service"],
        event["source"],
        sensor["address"],
    )
    assert (stored["summary"], event["service"]) == (event["summary"], "cowrie")
    assert stored["kind"] not in {"connection", "closed"}, "it shows more than that somebody connected"
