"""A real registry on loopback, as long as a test session lasts."""

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests
from local_ports import free_port
from patience import PATIENCE

CONFIGURATION = """
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {folder}/storage}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


@contextmanager
def registry(folder: Path) -> Iterator[str]:
    """Start Debian's docker-registry with its storage below `folder`; yields its URL."""
    with running_registry(folder, ("docker-registry", "serve")) as (url, _):
        yield url


@contextmanager
def running_registry(folder: Path, program: Sequence[str | Path]) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Start a program that serves a registry, given its configuration; yields its URL, and the process."""
    port = free_port()
    file = folder / "config.yml"
    file.write_text(CONFIGURATION.format(folder=folder, port=port))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*program, file], stdout=log, stderr=log, env=os.environ | {"HS_REGISTRY_CONFIG": str(file)}
        )
    try:
        deadline = time.monotonic() + PATIENCE
        while not answers(f"http://127.0.0.1:{port}/v2/"):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, "the registry does not answer"
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.terminate()
        process.wait(PATIENCE)


def answers(url: str) -> bool:
    """Whether a GET of the URL succeeds."""
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False
