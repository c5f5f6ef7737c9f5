"""A PostgreSQL of our own image to which everything may happen: it is killed, its disk is full, another takes over."""

import os
import secrets
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from postgres_container import DOCKER, IMAGE
from server_process import eventually

UID = 10002
CLUSTER = "/var/lib/postgresql/data/17"
PASSWORD = secrets.token_hex(16)
HBA = """
local all         postgres   peer
local replication postgres   peer
local honeysens   honeysens  scram-sha-256
"""


class FragilePostgres:
    """A container that the engine starts again whenever it ends, as the role `server` has it.

    Attributes:
        sockets: the folder with its socket.

    Args:
        folder: short, as sockets' paths must be.
        data: for its files; nothing may be in it, or a copy of another's.
        primary: the folder with the socket of the one it follows.
    """

    def __init__(self, folder: Path, data: Path, primary: Path | None = None) -> None:
        self.sockets = folder / "socket"
        self.sockets.mkdir()
        for place in (data, self.sockets):
            os.chown(place, UID, UID)
        for name, content in {"password": PASSWORD, "hba": HBA}.items():
            (folder / name).write_text(content)
            (folder / name).chmod(0o644)
        folder.chmod(0o755)
        volumes = {data: Path(CLUSTER).parent, self.sockets: "/run/postgresql"}
        volumes |= {folder / "password": "/run/secrets/database_password", folder / "hba": "/etc/honeysens/test_hba"}
        volumes |= {primary: "/primary"} if primary else {}
        self._volumes = [f"--volume={place}:{inside}" for place, inside in volumes.items()]
        self._container = ""

    def start(self) -> None:
        """Start it, and wait until it answers."""
        confined = ["--network=none", "--read-only", "--cap-drop=ALL", "--tmpfs=/tmp"]
        setting = ["-c", "hba_file=/etc/honeysens/test_hba"]
        self._container = docker(
            "run", "--detach", "--restart=unless-stopped", *confined, *self._volumes, IMAGE, *setting
        )
        eventually(self.answers)

    def copy(self) -> None:
        """Fill its folder with a copy of the one it follows."""
        options = ["--host=/primary", "--username=postgres", f"--pgdata={CLUSTER}", "--write-recovery-conf"]
        options += ["--wal-method=stream", "--checkpoint=fast"]
        docker("run", "--rm", "--network=none", *self._volumes, "--entrypoint=pg_basebackup", IMAGE, *options)

    @property
    def url(self) -> str:
        """Where the server finds it."""
        return url_of(self)

    def answers(self) -> bool:
        """Whether it takes connections."""
        return self._run("exec", self._container, "pg_isready", "--quiet").returncode == 0

    def sql(self, statement: str) -> str:
        """What its superuser is told."""
        return docker(*self._as_superuser(statement))

    def try_sql(self, statement: str) -> None:
        """Let its superuser say something that may be its end."""
        self._run(*self._as_superuser(statement))

    def log(self) -> str:
        """All it has said."""
        done = self._run("logs", self._container)
        return done.stdout + done.stderr

    def kill(self) -> None:
        """Kill its first process, which starts all others; the engine starts it again."""
        os.kill(eventually(self._process), 9)

    def kill_one_at_work(self) -> None:
        """Kill a process that is in the middle of a transaction of the server's."""
        eventually(self._killed_at_work)

    def remove(self) -> None:
        """Have it gone in a moment, with its container."""
        if self._container:
            docker("rm", "--force", "--volumes", self._container)
            self._container = ""

    def _process(self) -> int:
        """The first one; 0 while there is none."""
        return int(docker("inspect", "--format={{.State.Pid}}", self._container))

    def _killed_at_work(self) -> bool:
        first = eventually(self._process)
        with suppress(FileNotFoundError, ProcessLookupError):  # they come and go
            for process in Path(f"/proc/{first}/task/{first}/children").read_text().split():
                title = Path(f"/proc/{process}/cmdline").read_bytes().rstrip(b"\0").decode()
                if title.startswith("postgres: honeysens honeysens ") and not title.endswith(" idle"):
                    os.kill(int(process), 9)
                    return True
        return False

    def _as_superuser(self, statement: str) -> list[str]:
        return ["exec", self._container, "psql", "--username=postgres", "--no-align", "--tuples-only", "-c", statement]

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([DOCKER, *arguments], capture_output=True, text=True, check=False)


def url_of(*databases: FragilePostgres) -> str:
    """Where the server finds whichever of them takes what it writes."""
    hosts = "&".join(f"host={each.sockets}" for each in databases)
    return f"postgresql+psycopg://honeysens:{PASSWORD}@/honeysens?{hosts}&target_session_attrs=read-write"


@contextmanager
def fragile_postgres(data: Path) -> Iterator[FragilePostgres]:
    """One that runs for the length of a block, with its files in an empty folder."""
    with tempfile.TemporaryDirectory(prefix="hs-") as folder:
        database = FragilePostgres(Path(folder), data)
        try:
            database.start()
            yield database
        finally:
            database.remove()


@contextmanager
def standby_of(primary: FragilePostgres, data: Path) -> Iterator[FragilePostgres]:
    """Another that has everything the first one has acknowledged, for the length of a block."""
    with tempfile.TemporaryDirectory(prefix="hs-") as folder:
        standby = FragilePostgres(Path(folder), data, primary.sockets)
        try:
            standby.copy()
            standby.start()
            primary.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
            primary.sql("SELECT pg_reload_conf()")
            eventually(lambda: primary.sql("SELECT sync_state FROM pg_stat_replication") == "sync")
            yield standby
        finally:
            standby.remove()


def docker(*arguments: str) -> str:
    """What a command of the engine prints."""
    done = subprocess.run([DOCKER, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr}; is {IMAGE} built?"
    return done.stdout.strip()
