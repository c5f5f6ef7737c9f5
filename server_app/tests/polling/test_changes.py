"""Whatever enters the desired state reaches the next poll, and the generation rises with nothing else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from catalogue import add_service
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from own_certificates import authority
from server_bench import Bench, SensorClient, report, start
from sqlalchemy import delete, insert, select, update

from sensor_wire.v1.desired import Desired
from server_app.db import now
from server_app.models import Base
from server_app.polling.models import DesiredVersion
from server_app.preferences.models import Preference
from server_app.sensors.models import Sensor
from server_app.services.models import ServiceRevision

type Change = Callable[[Bench, int], object]


def patch(**body: Any) -> Change:
    return lambda bench, sensor: bench.admin.ok("PATCH", f"/sensors/{sensor}", json=body)


def system(**body: Any) -> Change:
    return lambda bench, _: bench.admin.ok("PATCH", "/settings/sensors", json=body)


def assign(name: str, **body: Any) -> Change:
    return lambda bench, sensor: bench.admin.ok("PUT", f"/sensors/{sensor}/services/{name}", json=body)


def default(revision: str) -> Change:
    return lambda bench, _: bench.admin.ok("PATCH", "/services/cowrie", json={"default_revision": revision})


def unassign(bench: Bench, sensor: int) -> None:
    bench.admin.ok("DELETE", f"/sensors/{sensor}/services/cowrie")


def add_image(bench: Bench, _: int) -> None:
    add_service(bench, "armed", architecture="amd64", digest=f"sha256:{'1' * 64}")


def other_image(bench: Bench, _: int) -> None:
    with bench.database.writing() as session:
        session.execute(update(ServiceRevision).values(digest=f"sha256:{'2' * 64}"))


DOT1X = {"method": "peap", "identity": "sensor", "ca": authority().pem, "password": "one"}
OPTIONS = {"type": "object", "properties": {"host_name": {"type": "string"}}}
PROXY = {"kind": "basic", "host": "proxy", "port": 3128, "user": "sensor", "password": "one"}
CHANGES: dict[str, Change] = {
    "system's poll interval": system(poll_interval=5),
    "system's server": system(server={"host": "other.example.com"}),
    "system's network": system(network_mode="dhcp"),
    "system's DNS": system(dns_servers=["192.0.2.53"]),
    "system's proxy": system(proxy={"kind": "basic", "host": "proxy", "port": 3128}),
    "poll interval": patch(poll_interval=9),
    "network": patch(network={"mode": "unconfigured"}),
    "DNS": patch(dns_servers=["192.0.2.54"]),
    "MAC address": patch(mac_address="02:00:5e:00:53:01"),
    "server": patch(server={"host": "another.example.com"}),
    "proxy": patch(proxy=PROXY),
    "proxy's password": patch(proxy=PROXY | {"password": "two"}),
    "system's persona": system(persona={"host_name": "everywhere"}),
    "persona": patch(persona={"host_name": "files07"}),
    "802.1X": patch(dot1x=DOT1X),
    "802.1X's password": patch(dot1x=DOT1X | {"password": "two"}),
    "assignment": assign("recon"),
    "default revision": default("2.0.0"),
    "pinned revision": assign("cowrie", revision="1.0.0"),
    "image for this architecture": add_image,
    "image replaced by a bulk statement": other_image,
    "taken away": unassign,
}
"""In this order each one makes a difference."""


@pytest.fixture
def polled(bench: Bench) -> SensorClient:
    """A sensor with a service that has polled."""
    sensor = bench.sensor()
    for revision in ("1.0.0", "2.0.0"):
        add_service(bench, "cowrie", revision, options=OPTIONS)
    add_service(bench, "recon")
    add_service(bench, "armed", architecture="armhf")
    for name in ("cowrie", "armed"):
        bench.admin.ok("PUT", f"/sensors/{sensor.id}/services/{name}", json={})
    sensor.poll()
    return sensor


def content(desired: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in desired.items() if name != "generation"}


def test_every_kind_of_change_reaches_the_next_poll(bench: Bench, polled: SensorClient) -> None:
    for name, change in CHANGES.items():
        before = polled.poll()
        known = {"If-None-Match": before.headers["ETag"]}
        assert polled.poll(None, **known).status_code == 204

        change(bench, polled.id)
        after = polled.poll(None, **known)

        assert after.status_code == 200, name
        assert before.json is not None
        assert after.json is not None
        assert after.json["generation"] == before.json["generation"] + 1, name
        assert content(after.json) != content(before.json), name


def test_what_the_server_was_started_with_reaches_the_next_poll(bench: Bench, polled: SensorClient) -> None:
    known = {"If-None-Match": polled.poll().headers["ETag"]}
    other = start(bench.settings.model_copy(update={"poll_interval": 7}))
    polled.client = other.app.test_client()
    assert (polled.poll(None, **known).json or {})["poll_interval"] == 7
    other.database.close()


def test_another_chain_reaches_the_next_poll(bench: Bench, polled: SensorClient) -> None:
    before = polled.poll()
    path = bench.settings.trust
    path.write_bytes(path.read_bytes() + path.read_bytes())  # its first certificate still vouches for the sensor

    after = polled.poll(None, **{"If-None-Match": before.headers["ETag"]})

    assert (after.json or {})["ca_chain"] == path.read_text()


def test_another_architecture_gets_its_own_images(polled: SensorClient) -> None:
    before = polled.poll()
    after = polled.poll(report(architecture="armhf"), **{"If-None-Match": before.headers["ETag"]})
    assert [service["name"] for service in (after.json or {})["services"]] == ["armed"]


HARMLESS: dict[str, Change] = {
    "location": patch(location="cellar"),
    "persona that no service takes": patch(persona={"host_name": "files07", "domain": "corp.example"}),
    "name": patch(name="other"),
    "same network": patch(network={"mode": "unconfigured"}),
    "history": system(history_entries=5),
    "default pinned": assign("cowrie", revision="1.0.0"),
    "new revision": lambda bench, _: add_service(bench, "cowrie", "3.0.0"),
    "somebody else's service": lambda bench, _: add_service(bench, "unrelated"),
    "back to the default": assign("cowrie", revision=None),
    "system's network again": system(network_mode="unconfigured"),
    "system's proxy gone": system(proxy={"kind": "none"}),
    "own proxy gone": patch(proxy=None, network=None, dns_servers=None, server=None, mac_address=None),
    "own interval gone": patch(poll_interval=None),
    "assigned again": assign("cowrie"),
    "recon gone": lambda bench, sensor: bench.admin.call("DELETE", f"/sensors/{sensor}/services/recon"),
    "nothing": lambda *_: None,
}
REPEATABLE = HARMLESS | {
    name: change for name, change in CHANGES.items() if change not in {unassign, add_image, other_image}
}


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.sampled_from(sorted(REPEATABLE)), min_size=1, max_size=12))
def test_the_generation_rises_exactly_when_the_content_changes(
    bench: Bench, polled: SensorClient, names: list[str]
) -> None:
    """The state stays from one list of changes to the next: what holds is between two polls."""
    for name in names:
        before = polled.poll()
        REPEATABLE[name](bench, polled.id)
        after = polled.poll(None, **{"If-None-Match": before.headers["ETag"]})
        assert before.json is not None
        if after.status_code == 204:
            after = polled.poll()
            assert after.json == before.json, name
        else:
            assert after.json is not None
            assert after.json["generation"] == before.json["generation"] + 1, name
            assert content(after.json) != content(before.json), name
        Desired.parse_strict(after.json)


def version(bench: Bench) -> int:
    with bench.database.reading() as session:
        return session.scalar(select(DesiredVersion.number)) or 0


def test_bulk_statements_raise_the_version_and_other_rows_do_not(bench: Bench) -> None:
    bench.sensor_row()
    at = version(bench)
    bench.division("other")
    with bench.database.reading() as session:
        session.scalars(select(Sensor)).all()
    assert version(bench) == at
    for statement in (
        update(Sensor).values(poll_interval=5),
        insert(Preference).values(section="sensors", value={}),
        delete(Preference),
    ):
        with bench.database.writing() as session:
            session.execute(statement)
        at += 1
        assert version(bench) == at


def test_what_is_rolled_back_raises_nothing(bench: Bench) -> None:
    sensor = bench.sensor_row()
    at = version(bench)
    with bench.database.reading() as session:
        session.get_one(Sensor, sensor).poll_interval = 5
        session.flush()
    assert version(bench) == at


def test_the_classes_that_enter_the_desired_state_say_so() -> None:
    saying = {mapper.class_.__name__ for mapper in Base.registry.mappers if mapper.class_.reaches_sensors}
    assert saying >= {"Sensor", "ServiceAssignment", "Service", "ServiceRevision", "Preference"}


def test_the_stored_report_is_renewed_now_and_then(bench: Bench) -> None:
    sensor = bench.sensor()
    etag = sensor.poll(report(uptime=1)).headers["ETag"]

    def shown() -> int:
        uptime: int = bench.admin.ok("GET", f"/sensors/status/by-sensor/{sensor.id}")["report"]["uptime"]
        return uptime

    sensor.poll(report(uptime=2), **{"If-None-Match": etag})
    assert shown() == 1
    with bench.database.writing() as session:
        status = session.get_one(Sensor, sensor.id).status
        status.reported_at = now() - timedelta(minutes=16)
    sensor.poll(report(uptime=3), **{"If-None-Match": etag})
    assert shown() == 3
