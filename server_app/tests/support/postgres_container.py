"""A PostgreSQL of our own image in a container, for the length of a test session."""

import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from patience import PATIENCE

IMAGE = "honeysens/postgres:latest"
DOCKER = "/usr/bin/docker"


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Start the container and remove it afterwards with its volume.

    Args:
        folder: for the password file and the socket.

    Yields:
        The database's URL.
    """
    password = folder / "database_password"
    password.write_text(secrets.token_urlsafe(16))
    password.chmod(0o644)  # read by the container's own user
    folder.chmod(0o755)
    socket = folder / "socket"
    socket.mkdir()
    socket.chmod(0o777)
    container = _docker(
        *("run", "--detach", "--network", "none", "--read-only", "--cap-drop", "ALL"),
        *("--tmpfs", "/tmp"),  # noqa: S108 - the container's own
        *("--tmpfs", "/var/lib/postgresql/data:uid=10002,gid=10002,mode=0700"),  # gone after the session anyway
        *("--volume", f"{socket}:/run/postgresql"),
        *("--volume", f"{password}:/run/secrets/database_password:ro", IMAGE),
    )
    try:
        deadline = time.monotonic() + PATIENCE
        ready = "pg_isready", "--quiet", "--username", "honeysens", "--dbname", "honeysens"
        while subprocess.run([DOCKER, "exec", container, *ready], check=False).returncode != 0:
            assert time.monotonic() < deadline, _docker("logs", container)
            time.sleep(0.1)
        yield f"postgresql+psycopg://honeysens:{password.read_text()}@/honeysens?host={socket}"
    finally:
        _docker("rm", "--force", "--volumes", container)


def _docker(*arguments: str) -> str:
    done = subprocess.run([DOCKER, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"docker {arguments[0]}: {done.stderr}; is {IMAGE} built?"
    return done.stdout.strip()
