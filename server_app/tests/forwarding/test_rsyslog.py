"""What a receiver that is not ours makes of our messages: rsyslog, which takes their heads and their JSON apart."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from event_builder import event
from rsyslogd_process import Rsyslogd, rsyslogd
from server_bench import Bench, SensorClient

from server_app.forwarding.forwarder import Forwarder
from server_app.forwarding.message import MOST_BYTES

MOMENT = "2026-11-21T08:00:00Z"


@pytest.fixture
def running_rsyslogd(tmp_path: Path) -> Iterator[Rsyslogd]:
    folder = tmp_path / "rsyslog"
    folder.mkdir()
    with rsyslogd(folder) as found:
        yield found


def happen(sensor: SensorClient, *events: dict[str, Any]) -> None:
    answer = sensor.upload(list(events))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("prepared", ["sqlite"], indirect=True)
@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_rsyslog_understands_every_event_also_across_restarts(
    bench: Bench, running_rsyslogd: Rsyslogd, transport: str
) -> None:
    siem = running_rsyslogd
    port = {"tcp": siem.plain, "tls": siem.encrypted}[transport]
    where = {"host": "localhost", "port": port, "transport": transport, "ca": siem.ca, "facility": "local3"}
    bench.admin.ok("PATCH", "/settings/forwarding", json=where | {"enabled": True})
    assert bench.admin.ok("POST", "/forwarding/test")["failure"] is None
    forwarder = Forwarder(bench.database, bench.settings.data_dir, "server.example.com")

    sensor = bench.sensor("cellar-1")
    odd = 'root "café" \\ line\nnext 🍯'
    long = [{"time": MOMENT, "kind": "command", "data": "x" * (MOST_BYTES // 2)}]
    addresses: dict[str, Any] = {"source": {"ip": "2001:db8::7", "port": 50022}}
    addresses["destination"] = {"ip": "2001:db8::1", "port": 22}
    happen(sensor, event(summary="first", kind="login", severity="critical", **addresses))
    happen(sensor, event(summary=odd, details=long), event(summary="last before", kind="icmp", severity="info"))
    siem.wait_for("first", odd, "last before", meanwhile=forwarder.deliver)

    siem.stop()
    happen(sensor, event(summary="while it was stopped"))
    forwarder.deliver()
    siem.start()
    siem.wait_for("while it was stopped", meanwhile=forwarder.deliver)
    happen(sensor, event(summary="before its crash"))
    siem.wait_for("before its crash", meanwhile=forwarder.deliver)
    siem.stop(abruptly=True)
    happen(sensor, event(summary="after its crash"))
    siem.start()
    found = siem.wait_for("after its crash", meanwhile=forwarder.deliver)
    forwarder.leave()

    listed = {item["summary"]: item for item in bench.admin.ok("GET", "/events")["items"]}
    assert {message["parsed"] for message in found} == {"OK"}
    by_id = {message["document"]["event"].get("id"): message for message in found}
    by_id.pop(None)  # the administrator's test
    assert set(by_id) == {item["uuid"] for item in listed.values()}, "none is missing, none is made up"
    for summary, item in listed.items():
        assert by_id[item["uuid"]]["document"]["message"] == summary
    first = by_id[listed["first"]["uuid"]]
    assert {name: first[name] for name in first if name not in {"document", "time", "parsed"}} == {
        "pri": str(19 * 8 + 2),
        "facility": "local3",
        "severity": "crit",
        "version": "1",
        "host": "server.example.com",
        "app": "honeysens",
        "process": "-",
        "name": "login",
        "structured": "-",
    }
    assert first["time"] == "2026-11-21T08:00:00.000000Z"
    assert first["document"]["source"] == {"ip": "2001:db8::7", "port": 50022}
    assert first["document"]["observer"]["name"] == "cellar-1"
    assert by_id[listed[odd]["uuid"]]["document"]["honeysens"]["details"] == long
    order = [message["document"]["event"]["sequence"] for message in found if "id" in message["document"]["event"]]
    assert list(dict.fromkeys(order)) == sorted(set(order)), "what comes again comes after what was before it"
