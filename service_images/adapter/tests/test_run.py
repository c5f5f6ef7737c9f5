"""The first process of a honeypot's container, with real processes below it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from honeypot_testing.waiting import wait_for

PACKAGE = Path(__file__).parents[1] / "src"


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    """An adapter module that writes a line at each start, and waits."""
    module = tmp_path / "steady.py"
    module.write_text(
        "import signal, sys, os, pathlib, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (note('stopped'), sys.exit(0)))\n"
        "def note(text):\n"
        "    with open('notes', 'a') as file: print(text, os.getpid(), file=file, flush=True)\n"
        "note('started')\n"
        "if pathlib.Path('crash').exists(): sys.exit(1)\n"
        "while True: time.sleep(60)\n"
    )
    return tmp_path


@contextmanager
def start(folder: Path, *honeypot: str) -> Iterator[subprocess.Popen[bytes]]:
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "honeypot_adapter.run", "steady", "--", *honeypot],
        cwd=folder,
        env={"PYTHONPATH": f"{PACKAGE}:{folder}", "PATH": "/usr/bin:/bin"},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield supervisor
    finally:
        with suppress(ProcessLookupError):
            os.killpg(supervisor.pid, signal.SIGKILL)
        supervisor.wait()


def notes(folder: Path, text: str) -> list[str]:
    file = folder / "notes"
    return [line for line in file.read_text().splitlines() if line.startswith(text)] if file.exists() else []


def test_end_of_the_honeypot_ends_the_container_after_the_adapter(adapter: Path) -> None:
    with start(adapter, "sh", "-c", "until [ -s notes ]; do sleep 0.05; done; exit 7") as supervisor:
        assert supervisor.wait(20) == 7
    assert len(notes(adapter, "stopped")) == 1


def test_crashed_adapter_is_started_again(adapter: Path) -> None:
    with start(adapter, "sleep", "60") as supervisor:
        wait_for(lambda: notes(adapter, "started"), "the adapter")
        subprocess.run(["kill", "-9", notes(adapter, "started")[0].split()[1]], check=True)
        wait_for(lambda: len(notes(adapter, "started")) == 2, "the adapter again")
        supervisor.send_signal(signal.SIGTERM)
        assert supervisor.wait(20) == 0
    assert len(notes(adapter, "stopped")) == 1


def test_adapter_that_cannot_run_ends_the_container(adapter: Path) -> None:
    (adapter / "crash").touch()
    with start(adapter, "sleep", "60") as supervisor:
        assert supervisor.wait(20) == 1
    assert len(notes(adapter, "started")) == 5


def test_stop_reaches_both_and_is_clean(adapter: Path) -> None:
    honeypot = "trap 'touch honeypot-stopped; exit 0' TERM; while :; do sleep 0.05; done"
    with start(adapter, "sh", "-c", honeypot) as supervisor:
        wait_for(lambda: notes(adapter, "started"), "the adapter")
        supervisor.terminate()
        assert supervisor.wait(20) == 0
    assert (adapter / "honeypot-stopped").exists()
    assert len(notes(adapter, "stopped")) == 1
