"""A server with at least one row in every table, and with what migrations have to treat with care.

Secrets are among it, a removed sensor whose events are still there, hidden events, tasks that were cancelled, and the
server's certificate from an authority that is not ours.
"""

from dataclasses import replace
from datetime import timedelta

from catalogue import add_firmware, add_service
from event_builder import event
from own_certificates import own_certificate
from planted_secrets import plant, plant_in_sensor
from server_bench import URL, Bench, report

from server_app.accounts.models import Role
from server_app.context import KEY
from server_app.counting.keeper import Keeper
from server_app.db import now
from server_app.models import OidcAttempt
from server_app.task_queue import TaskQueue
from server_app.tasks import service as tasks

OPTIONS = {"type": "object", "properties": {"banner": {"type": "string", "default": "OpenSSH"}}}
NETWORK = {"mode": "static", "address": "192.0.2.10", "prefix": 24, "gateway": "192.0.2.1"}


def fill(bench: Bench) -> None:
    """Use every feature that keeps something, through the API where it has a way."""
    admin = bench.admin
    ours = bench.division("Käfer ✓ 🐝")
    plant(admin)
    admin.ok("PATCH", "/settings/sensors", json={"persona": {"domain": "corp.example"}})
    for revision in ("1.0.0", "2.0.0"):
        add_service(bench, "cowrie", revision, port_assignment={"2222/tcp": 22}, options=OPTIONS)
        add_firmware(bench, revision)
    _people(bench, ours)
    _certificates_and_tasks(bench)
    _sensors_and_events(bench, ours)
    _what_is_under_way(bench)


def _people(bench: Bench, division: int) -> None:
    admin, manager = bench.admin, bench.user("manager", Role.MANAGER, division)
    until = (now() + timedelta(days=30)).isoformat()
    body = {"name": "tickets", "scope": "read", "expires_at": until}
    manager.ok("POST", "/users/me/tokens", json=body | {"divisions": [division]})
    wrong = {"username": "manager", "password": "wrong"}
    assert bench.app.test_client().post("/api/sessions", base_url=URL, json=wrong).status_code == 401
    contact = {"division": division, "email": "team@example.com", "all_events": True}
    admin.ok("POST", "/contacts", json=contact, headers={"Idempotency-Key": "one"})


def _certificates_and_tasks(bench: Bench) -> None:
    bench.admin.ok("PUT", "/certs/server", json=own_certificate().body)
    bench.admin.ok("POST", "/certs/authority")
    with bench.database.writing() as session:
        cancelled = tasks.create(session, "check nothing", {}, 1).id
    bench.admin.ok("POST", f"/tasks/{cancelled}/cancel")


def _sensors_and_events(bench: Bench, division: int) -> None:
    admin, sensor, gone = bench.admin, bench.sensor("one", division), bench.sensor("gone", division)
    plant_in_sensor(admin, sensor.id, "one")
    pinned = {"platform": "docker_x86", "revision": "1.0.0"}
    settings = {"network": NETWORK, "poll_interval": 30, "mac_address": "02:00:5e:00:53:01", "pinned_firmware": pinned}
    admin.ok("PATCH", f"/sensors/{sensor.id}", json=settings | {"persona": {"os_family": "linux"}})
    admin.ok("PUT", f"/sensors/{sensor.id}/services/cowrie", json={"revision": "2.0.0", "options": {"banner": "x"}})
    harmless = {"name": "scanner", "division": division, "conditions": {"ports": [9]}}
    admin.ok("POST", "/eventfilters", json=harmless)
    for one in (sensor, gone):
        assert one.poll(report()).status_code == 200
        detail = {"time": "2026-11-01T08:00:01Z", "kind": "login", "data": "root/toor"}
        days_ago = [event(-86400 * days, session=f"s{days}", details=[detail]) for days in (0, 1, 20)]
        hidden = event(session="hidden", destination={"ip": "192.0.2.10", "port": 9})
        assert one.upload([*days_ago, hidden, event(session="v6", source={"ip": "2001:db8::7"})]).status_code == 200
    contact = admin.ok("GET", f"/events/sessions?sensor={sensor.id}")["items"][0]["id"]
    admin.ok("PATCH", f"/events/sessions/{contact}", json={"status": "in_progress", "comment": "ours", "assignee": 1})
    Keeper(bench.database)._count()
    # Nobody works on what goes in the background from here on, so that the events of the removed sensor stay.
    bench.app.extensions[KEY] = replace(bench.app.extensions[KEY], queue=TaskQueue(bench.settings.data_dir))
    admin.ok("DELETE", f"/sensors/{gone.id}")


def _what_is_under_way(bench: Bench) -> None:
    admin = bench.admin
    admin.ok("POST", "/uploads", json={"size": 2, "sha256": "0" * 64, "purpose": "firmware"})
    receiver = {"enabled": True, "host": "siem.example.com", "port": 6514, "transport": "tcp"}
    admin.ok("PATCH", "/settings/forwarding", json=receiver)
    with bench.database.writing() as session:  # the API goes to a provider first
        attempt = {"state_hash": "0" * 64, "browser_hash": "1" * 64, "nonce": "n", "verifier": "v"}
        session.add(OidcAttempt(**attempt, created_at=now()))
