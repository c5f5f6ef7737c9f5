"""Metrics: of all processes together, on a port of their own, and with nothing in them that a client made up."""

import socket
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import requests
from access_world import World
from cryptography import x509
from event_builder import event
from patience import PATIENCE
from prometheus_client.parser import text_string_to_metric_families
from renewing import renewal
from server_bench import Bench
from server_process import Server, eventually
from sqlalchemy import select

from server_app.context import KEY as CONTEXT
from server_app.db import now
from server_app.metrics.instruments import KEY as INSTRUMENTS
from server_app.metrics.port import scraped
from server_app.pki.client_cert import fingerprint
from server_app.pki.models import AuthorityCertificate, SensorCertificate
from server_app.sensors.models import SensorStatus

MEMORY = Path("/dev/shm")  # noqa: S108 - where the processes share their counters
type Samples = dict[tuple[str, ...], float]


def samples(text: str) -> Samples:
    """Each value by its name and its labels' values."""
    return {
        (sample.name.removeprefix("honeysens_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scrape(bench: Bench) -> Samples:
    return samples(scraped(bench.app.extensions[CONTEXT], bench.app.extensions[INSTRUMENTS]).decode())


def test_the_state_of_the_server_is_told(bench: Bench) -> None:
    World(bench)
    bench.sensor_row("silent")
    found = scrape(bench)

    assert (found["sensors", "online"], found["sensors", "new"], found["sensors", "timeout"]) == (2, 1, 0)
    assert found["tasks", "waiting"] == 2
    assert found["queue_depth",] == 0
    assert found["database_size_bytes",] > 100_000
    kinds = [found["certificate_expiry_timestamp_seconds", kind] for kind in ("sensor", "server", "ca")]
    assert kinds == sorted(kinds)


def test_what_waits_to_be_forwarded_is_told_where_forwarding_is_on(bench: Bench) -> None:
    sensor = bench.sensor()
    assert not [name for name, *_ in scrape(bench) if name.startswith("forwarding")]
    bench.admin.ok("PATCH", "/settings/forwarding", json={"enabled": True, "host": "siem.example.com"})
    sensor.upload([event(), event()])
    found = scrape(bench)

    assert found["forwarding_waiting_events",] == 2
    assert found["forwarding_waiting_seconds",] > 0
    assert found["forwarding_failing",] == found["forwarding_removed_events",] == 0


def test_what_was_followed_by_another_certificate_does_not_count(bench: Bench) -> None:
    """Of the sensor's the older one ends later, as where lifetimes were shortened; of the authorities it ends first."""
    sensor = bench.sensor()
    kept, old = sensor.certificate, bench.admin.ok("GET", "/certs?kind=authority")["items"][0]
    answer = sensor.call("/api/sensors/certificate", renewal(sensor, sensor.key))
    assert answer.json is not None
    sensor.certificate = x509.load_pem_x509_certificate(answer.json["certificate"].encode())
    sensor.poll()
    assert kept is not None
    later = now() + timedelta(days=500)
    with bench.database.writing() as session:
        first = session.scalars(select(SensorCertificate).where(SensorCertificate.fingerprint == fingerprint(kept)))
        first.one().not_after = later
        session.get_one(AuthorityCertificate, old["id"]).not_after = now() + timedelta(days=1)
        for row in session.scalars(select(SensorStatus)):
            row.due_at = now() - timedelta(days=1)  # nobody to wait for: the new authority is used at once
    bench.admin.ok("POST", "/certs/authority")
    found = scrape(bench)

    listed = bench.admin.ok("GET", "/certs?kind=authority")["items"]
    (new,) = [item for item in listed if item["id"] != old["id"]]
    assert found["certificate_expiry_timestamp_seconds", "ca"] == datetime.fromisoformat(new["not_after"]).timestamp()
    assert found["certificate_expiry_timestamp_seconds", "sensor"] == sensor.certificate.not_valid_after_utc.timestamp()


def test_polls_and_events_are_counted_by_what_became_of_them(bench: Bench) -> None:
    sensor = bench.sensor()
    tag = sensor.poll().headers["ETag"]
    sensor.poll(None, **{"If-None-Match": tag})
    sensor.poll(b"{")
    once = event()
    sensor.upload([once, event(), {"bad": 1}])
    sensor.upload([once])
    found = scrape(bench)

    assert [found["polls_total", answer] for answer in ("changed", "unchanged", "refused")] == [1, 1, 1]
    assert [found["events_total", result] for result in ("stored", "duplicate", "rejected")] == [2, 1, 1]
    assert found["http_requests_total", "POST", "/api/events", "200"] == 2
    assert found["http_request_seconds_count", "/api/events"] == 2


def test_no_label_comes_from_a_client(bench: Bench) -> None:
    client = bench.app.test_client()
    before = set(scrape(bench))
    for path in ("/evil-1", "/api/evil-2", "/api/sensors/4711", "/api/services/evil-3?evil=4"):
        client.open(path, method="GET")
    client.open("/evil-5", method="EVIL")
    new = {label for sample in set(scrape(bench)) - before for label in sample[1:]}

    assert not [label for label in new if "evil" in label.lower() or "4711" in label]
    assert {"unknown", "other", "/api/sensors/<int:sensor_id>"} <= new


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path, "http://127.0.0.1:9")
    with socket.create_server(("127.0.0.1", 0)) as free:
        server.environment["HS_METRICS_LISTEN"] = f"127.0.0.1:{free.getsockname()[1]}"
    yield server
    server.end()


def test_all_processes_count_together_on_a_port_of_its_own(server: Server) -> None:
    assert server.run("init").returncode == 0
    web = server.start("web")
    eventually(server.answers)
    address = f"http://{server.environment['HS_METRICS_LISTEN']}"
    counter = "http_requests_total", "GET", "/api/system/identify", "200"

    def counted() -> float:
        return samples(requests.get(f"{address}/metrics", timeout=PATIENCE).text)[counter]

    before = counted()
    for _ in range(40):  # each on a connection of its own, so that both processes have some
        requests.get(f"http://{server.address}/api/system/identify", timeout=PATIENCE)

    assert [counted() - before for _ in range(10)] == [40] * 10
    for elsewhere in (f"http://{server.address}/metrics", f"{address}/api/system/identify", f"{address}/login"):
        assert requests.get(elsewhere, timeout=PATIENCE, headers={"Host": "server:9100"}).status_code == 404
    folder = f"honeysens-metrics-{web.pid}-*"
    assert len(list(MEMORY.glob(folder))) == 1
    web.terminate()
    web.wait(PATIENCE)
    assert not list(MEMORY.glob(folder))
