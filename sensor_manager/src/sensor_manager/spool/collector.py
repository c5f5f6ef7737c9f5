"""The honeypots' side of the spool: one Unix socket per service, mounted into its container.

Who speaks is known by the socket, never by a field. The dialogue is `sensor_wire.honeypot.socket`. Beside the socket
lies what the honeypot derives its keys from, and under which addresses it is reached.
"""

import os
import shutil
import socket
import threading
from collections.abc import Callable, Collection, Iterable
from functools import partial
from pathlib import Path

import structlog

from sensor_manager.files import write_if_changed
from sensor_manager.spool.dialogue import Dialogue
from sensor_wire.honeypot.socket import ADDRESSES_PATH, IDENTITY_PATH, SOCKET_PATH

MAX_CONNECTIONS = 16
BACKLOG = 16
SERVICE_FOLDER_MODE = 0o755
SOCKET_MODE = 0o600
IDENTITY_MODE = 0o400

log = structlog.get_logger(__name__)


class Collector:
    """Serves one socket for each service, `<root>/<service>/events.sock`; a bad service never disturbs another.

    Args:
        root: folder of the services' folders; each of them is mounted into its container, so it must outlive it.
        owner: user id of the honeypots, who alone may connect.
        dialogue: makes the dialogue of one connection for the service of this name.
        identity: the text of the service's file `identity`, beside its socket; only the honeypots may read it.
        addresses: those under which a service is reached, for the file `addresses`; likewise.
    """

    def __init__(
        self,
        root: Path,
        owner: int,
        dialogue: Callable[[str], Dialogue],
        identity: Callable[[str], str],
        addresses: Callable[[str], Iterable[object]] = lambda _service: (),
    ) -> None:
        self._root = root
        self._owner = owner
        self._dialogue = dialogue
        self._identity = identity
        self._addresses = addresses
        self._listeners: dict[str, _Listener] = {}
        root.mkdir(parents=True, exist_ok=True)

    def folder(self, service: str) -> Path:
        """Return the folder that is mounted into this service's container."""
        return self._root / service

    def serve(self, services: Collection[str]) -> None:
        """Serve exactly these services from now on; sockets that are served already are left alone."""
        for service in self._listeners.keys() - set(services):
            self._listeners.pop(service).close()
            shutil.rmtree(self.folder(service), ignore_errors=True)
        for service in services:
            listener = self._listeners.get(service)
            if listener is not None and listener.alive():
                continue
            if listener is not None:
                listener.close()
            self._listeners[service] = _Listener(self.folder(service), self._owner, partial(self._dialogue, service))
        for service in services:
            lines = "".join(f"{each}\n" for each in self._addresses(service))
            for path, text in ((IDENTITY_PATH, self._identity(service)), (ADDRESSES_PATH, lines)):
                place = self.folder(service) / Path(path).name
                write_if_changed(place, text, mode=IDENTITY_MODE, owner=self._owner)

    def close(self) -> None:
        """Close all sockets; the folders stay, for they are mounted into running containers."""
        for listener in self._listeners.values():
            listener.close()
        self._listeners.clear()


class _Listener:
    """One service's socket and its connections."""

    def __init__(self, folder: Path, owner: int, dialogue: Callable[[], Dialogue]) -> None:
        folder.mkdir(exist_ok=True)
        folder.chmod(SERVICE_FOLDER_MODE)
        self._path = folder / Path(SOCKET_PATH).name
        self._dialogue = dialogue
        self._slots = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closed = False
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(self._path))
        os.chown(self._path, owner, -1)
        self._path.chmod(SOCKET_MODE)
        self._socket.listen(BACKLOG)
        self._inode = self._path.stat().st_ino
        threading.Thread(target=self._accept, name=f"collector-{folder.name}", daemon=True).start()

    def alive(self) -> bool:
        """Tell whether the path still leads to this socket."""
        try:
            return self._path.stat().st_ino == self._inode
        except FileNotFoundError:
            return False

    def close(self) -> None:
        with self._lock:
            self._closed = True
            open_sockets = [self._socket, *self._connections]
        for each in open_sockets:
            _shut(each)
        self._socket.close()

    def _accept(self) -> None:
        while True:
            self._slots.acquire()
            try:
                connection, _ = self._socket.accept()
            except OSError:
                if self._closed:
                    return
                self._slots.release()
                log.exception("a honeypot's connection was not accepted", path=str(self._path))
                continue
            threading.Thread(target=self._converse, args=(connection,), name="honeypot", daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        with self._lock:
            if self._closed:
                connection.close()
                return
            self._connections.add(connection)
        try:
            with connection:
                self._dialogue().run(connection)
        except OSError as error:
            log.info("a honeypot's connection ended", path=str(self._path), reason=str(error))
        finally:
            with self._lock:
                self._connections.discard(connection)
            self._slots.release()


def _shut(each: socket.socket) -> None:
    """Wake whoever waits in the socket; it may be closed already."""
    try:
        each.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
