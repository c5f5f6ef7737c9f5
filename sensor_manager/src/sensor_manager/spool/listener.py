"""One service's socket and its connections."""

import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import structlog

from sensor_manager.spool.dialogue import Dialogue
from sensor_wire.honeypot.socket import SOCKET_PATH

MAX_CONNECTIONS = 16
BACKLOG = 16
SERVICE_FOLDER_MODE = 0o755
SOCKET_MODE = 0o600

log = structlog.get_logger(__name__)


class Listener:
    """Listens from the start; each connection has a thread.

    Args:
        folder: of the service; made if it is missing.
        owner: user id that alone may connect.
        dialogue: makes the dialogue of one connection.
    """

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
        """Close the socket and all connections."""
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
