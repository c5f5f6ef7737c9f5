"""The whole, small: a fleet of three against the server's real processes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench_server import RunningServer, running_server

from bench.__main__ import main
from bench.admin import Admin, Credentials, read_secret
from bench.measure import BATCHES
from bench.target import Target


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("server")) as running:
        yield running


def measured(server: RunningServer, output: Path, *wanted: str) -> int:
    where = ["--url", server.url, "--ca-file", str(server.ca_file), "--password-file", str(server.password_file)]
    small = ["--sensors", "3", "--seconds", "0.3", "--rounds", "1", "--in-flight", "2", "--samples", "2"]
    return main([*wanted, *where, *small, "--output", str(output)])


def test_measures_any_server_by_url_and_leaves_no_sensor(server: RunningServer, tmp_path: Path) -> None:
    output = tmp_path / "results.json"
    wanted = ["polls_unchanged_per_s", "events_batch50_per_s", "events_single_per_s", "event_list_p95_ms"]
    assert measured(server, output, *wanted, "--receiver-address", "127.0.0.1") == 0
    results = json.loads(output.read_text())
    assert [one["figure"] for one in results] == wanted
    assert all(one["value"] > 0 for one in results)
    assert all(one["floor"] is None and one["ratio"] is None for one in results), "there is none elsewhere"
    uploads = {one["figure"]: one["conditions"] for one in results if one["figure"] in BATCHES}
    assert all("forwarding outbox on (syslog over TCP)" in conditions for conditions in uploads.values())
    assert "forwarding" not in results[0]["conditions"]
    admin = Admin(Target(server.url, server.ca_file), Credentials("admin", read_secret(server.password_file)))
    assert admin.get("/sensors")["items"] == []
    assert admin.get("/settings")["forwarding"]["enabled"] is False
    admin.close()


def test_a_server_that_refuses_ends_it_with_what_it_said(
    server: RunningServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "password"
    wrong.write_text("wrong")
    refused = RunningServer(server.url, server.ca_file, wrong)
    assert measured(refused, tmp_path / "results.json", "polls_unchanged_per_s") == 1
    assert "POST /api/sessions was refused with 401" in capsys.readouterr().err
    assert not (tmp_path / "results.json").exists()
