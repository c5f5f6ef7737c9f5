"""Why a sensor is silent: the judgement as a table, and the probes against real sockets."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sensor_support.authority import Authority
from sensor_support.builders import PATIENCE, eventually
from sensor_support.mini_server import MiniServer, mini_server
from structlog.testing import capture_logs

from sensor_manager.effects import probes
from sensor_manager.effects.probes import Question, Talk, talk
from sensor_manager.model import Phase
from sensor_manager.plan.selfcheck import judge, page
from sensor_manager.plan.selfcheck_facts import Facts
from sensor_manager.reach import Reach
from sensor_wire.v1.poll import CheckReport, ConnectionReport, ConnectionState

NOW = datetime(2026, 11, 21, tzinfo=UTC)
WELL = Facts(
    interface="eth0",
    host="sensors.example",
    port=443,
    now=NOW,
    address="192.0.2.5",
    resolved=("198.51.100.1",),
    identified=True,
    clock_offset=0.3,
    certificate_until=NOW + timedelta(days=30),
    disk_free=1 << 30,
)


def test_all_is_well() -> None:
    assert [each.name for each in judge(WELL) if not each.ok] == []
    assert all(line.startswith("ok ") for line in page(judge(WELL)))


SILENT: dict[str, Any] = {"identified": None, "clock_offset": None}
PROXY: dict[str, Any] = {"proxy": "proxy port 3128"}


@pytest.mark.parametrize(
    ("changes", "failed", "advice"),
    [
        ({"carrier": None, "others": ("lo", "ens3")}, "link", "no interface eth0; there are: lo, ens3"),
        ({"carrier": False}, "link", "check cable"),
        ({"address": None}, "address", "DHCP"),
        (
            {"resolve_error": "unknown", "name_servers": ("192.0.2.53",)} | SILENT,
            "dns server tls",
            "to 192.0.2.53",
        ),
        ({"resolve_error": "unknown"} | SILENT, "dns server tls", "no name server is set"),
        (PROXY | {"proxy_error": "refused"} | SILENT, "proxy server tls", "proxy port 3128 does not answer (refused)"),
        (PROXY | {"tunnel_error": "407 Who?"} | SILENT, "proxy server tls", "check user and password"),
        (
            PROXY | {"tunnel_error": "503 Service Unavailable"} | SILENT,
            "server tls",
            "proxy port 3128 does not lead to sensors.example port 443 (503 Service Unavailable)",
        ),
        (
            PROXY | {"looked_up": "proxy", "resolved": (), "resolve_error": "unknown"} | SILENT,
            "dns server tls",
            "proxy is not known to",
        ),
        ({"connect_error": "timed out"} | SILENT, "server tls", "check firewall"),
        ({"identified": False}, "server", "something else than HoneySens"),
        ({"identified": False, "status": 403}, "server", "(status 403)"),
        ({"tls_error": "self-signed certificate"} | SILENT, "tls", "intercepting"),
        ({"clock_offset": 3 * 31_557_600.0}, "clock", "3 years ahead of"),
        ({"clock_offset": -90.0}, "clock", "90 seconds behind"),
        ({"certificate_until": None}, "enrolment", "download a new configuration"),
        ({"certificate_until": NOW - timedelta(days=1)}, "enrolment", "ended on 2026-11-20"),
        ({"refusal": "status 403"}, "enrolment", "status 403"),
        ({"disk_free": 1 << 20}, "disk", "only 1 MiB"),
        ({"netfilter_error": "no table"}, "netfilter", "no table; no honeypot runs"),
        (
            {"change": ConnectionReport(state=ConnectionState.UNDONE, reason="no answer")},
            "network",
            "undone (no answer); correct the sensor's settings",
        ),
        (
            {"change": ConnectionReport(state=ConnectionState.CONFIRMED, reason="no lease")},
            "network",
            "not as the server wants it (no lease)",
        ),
        ({"change": ConnectionReport(state=ConnectionState.TRYING, reason="x")}, "", ""),
        ({"engine_error": "no socket"}, "engine", "no honeypot can be started"),
    ],
)
def test_each_fault_is_named_with_what_to_do(changes: dict[str, Any], failed: str, advice: str) -> None:
    found = {each.name: each.detail for each in judge(replace(WELL, **changes)) if not each.ok}
    assert list(found) == failed.split()
    assert not failed or any(advice in detail for detail in found.values())


def test_details_fit_and_carry_no_control_characters() -> None:
    (server,) = [each for each in judge(replace(WELL, connect_error="\x1b[2J" * 200)) if each.name == "server"]
    assert len(server.detail) == 256
    assert "\x1b" not in server.detail


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MiniServer]:
    with mini_server(tmp_path) as made:
        yield made


def ask(address: str, authority: Authority) -> Talk:
    host, _, port = address.partition(":")
    return talk(host, int(port), authority.chain, Question("/api/system/identify", b"HoneySens"))


def test_talk_tells_who_answers(server: MiniServer) -> None:
    found = ask(server.address, server.authority)
    assert found.identified
    assert abs(found.clock_offset or 99) < 5
    assert "certificate" in (ask(server.address, Authority()).tls_error or "")
    server.available = False
    away = ask(server.address, server.authority)
    assert (away.identified, away.status) == (False, 503)


def test_talk_to_nobody_and_to_something_without_tls() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"

        def answer_in_the_clear() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n<h1>Sign in</h1>")

        thread = threading.Thread(target=answer_in_the_clear)
        thread.start()
        assert ask(address, Authority()).tls_error is not None
        thread.join()
    assert "refused" in (ask(address, Authority()).connect_error or "")
    assert "refused" in (probes.connect("127.0.0.1", int(address.partition(":")[2])) or "")


def test_interfaces_and_names_of_this_machine() -> None:
    assert probes.carrier("lo") is not None
    assert probes.carrier("nosuch0") is None
    assert "lo" in probes.interfaces()
    assert probes.resolve("127.0.0.1") == (("127.0.0.1",), None)
    assert probes.resolve("no-such-host.invalid")[1]


def test_a_check_that_takes_long_holds_nobody_up_and_there_is_one_at_a_time() -> None:
    release, asked = threading.Event(), list[str | None]()

    def check(problem: str | None) -> CheckReport:
        asked.append(problem)
        assert release.wait(PATIENCE)
        return CheckReport(checked_at=NOW, items=list(judge(WELL)))

    reach = Reach(check)
    for _ in range(3):
        reach.note(Phase.POLL, "no answer")
    assert reach.refusal == "no answer"
    assert reach.last_check is None
    release.set()
    found = eventually(lambda: reach.last_check, "the check ends")
    assert (found.checked_at, asked) == (NOW, ["no answer"])


def test_a_check_that_fails_is_survived() -> None:
    def check(_: str | None) -> CheckReport:
        raise OSError("no room")

    reach = Reach(check)
    with capture_logs() as logs:
        reach.note(Phase.POLL, None)
        eventually(lambda: logs, "it is logged")
    assert reach.last_check is None
