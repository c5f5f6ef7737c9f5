"""The two ends of the event path in tests of faults: the real server's database, the manager's process and spool."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

from server_process import Server, enrolled_by
from sqlalchemy import create_engine, text

from sensor_manager.server.identity import certificate_request, make_key


def start_server(folder: Path, database_url: str = "") -> Server:
    """Start a new server that can sign, on SQLite unless another database is named; it may not answer yet."""
    server = Server(folder, "http://127.0.0.1:1", database_url)
    server.environment["HS_LOG_LEVEL"] = "warning"
    done = server.run("init")
    assert done.returncode == 0, done.stdout + done.stderr
    server.start("web")
    server.start("worker")  # it signs
    return server


def enrol(server: Server, folder: Path, name: str = "fault") -> tuple[int, str]:
    """Make a sensor and its certificate; returns its number and the authorities of sensors."""
    server.log_in()
    division = server.call("GET", "/divisions").json()["items"][0]["id"]
    sensor = server.call("POST", "/sensors", json={"name": name, "division": division}).json()["id"]
    archive = folder / "archive.tar.gz"
    archive.write_bytes(server.call("POST", f"/sensors/{sensor}/config").content)
    token = json.loads(subprocess.check_output(["tar", "-xOzf", str(archive), "sensor.json"]))["token"]
    make_key(folder / "sensor.key")
    csr = certificate_request(folder / "sensor.key", sensor)
    answer = enrolled_by(server, {"token": token, "csr": csr})
    (folder / "sensor.crt").write_text(answer["certificate"])
    return sensor, answer["ca_chain"]


def start_manager(folder: Path, url: str, namespace: str | None = None) -> "subprocess.Popen[bytes]":
    """Start collector, spool and uploader as a process, in a network namespace (its path) if wanted."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "LOG_LVL": "warn"}
    enter = [] if namespace is None else [shutil.which("nsenter") or "", f"--net={namespace}"]
    command = [*enter, sys.executable, "-m", "sensor_support.event_manager", str(folder), url]
    with (folder / "manager.log").open("ab") as log:
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log)


def all_stored(server: Server) -> list[tuple[int, str]]:
    """Return sensor and id of each event that the server has."""
    engine = create_engine(server.environment.get("HS_DATABASE_URL") or f"sqlite:///{server.folder}/data/server.db")
    with engine.connect() as database:
        rows = database.execute(text("SELECT sensor_id, uuid FROM events")).all()
    engine.dispose()
    return [(sensor, str(identifier).replace("-", "")) for sensor, identifier in rows]


def stored(server: Server, sensor: int) -> tuple[int, set[str]]:
    """Return how many rows the server has of this sensor, and their ids."""
    ids = [identifier for of, identifier in all_stored(server) if of == sensor]
    return len(ids), set(ids)


def waiting(spool: Path) -> int:
    """Return how many events wait on the sensor."""
    with sqlite3.connect(spool, timeout=30) as database:
        (depth,) = database.execute("SELECT value FROM counters WHERE name = 'depth'").fetchone()
    return int(depth)
