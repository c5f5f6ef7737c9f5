"""The honeypots' side of the spool: one Unix socket per service, mounted into its container.

Who speaks is known by the socket, never by a field. The dialogue is `sensor_wire.honeypot.socket`. Beside the socket
lies what the honeypot derives its keys from, and under which addresses it is reached.
"""

import shutil
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from pathlib import Path

from sensor_manager.files import write_if_changed
from sensor_manager.spool.dialogue import Dialogue
from sensor_manager.spool.listener import Listener
from sensor_wire.honeypot.socket import ADDRESSES_PATH, IDENTITY_PATH

IDENTITY_MODE = 0o400


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
        self._listeners: dict[str, Listener] = {}
        root.mkdir(parents=True, exist_ok=True)

    def folder(self, service: str) -> Path:
        """Return the folder that is mounted into this service's container."""
        return self._root / service

    def serve(self, services: Collection[str]) -> Mapping[str, str]:
        """Serve exactly these services from now on; sockets that are served already are left alone.

        Returns:
            Why not, for each service that lacks its socket or one of its files.
        """
        for service in self._listeners.keys() - set(services):
            self._listeners.pop(service).close()
            shutil.rmtree(self.folder(service), ignore_errors=True)
        lacking: dict[str, str] = {}
        for service in services:
            try:
                self._listen(service)
                self._tell(service)
            except OSError as error:  # /run is full, for example; whoever runs has all it needs
                lacking[service] = f"what {service} needs beside it cannot be written: {error}"
        return lacking

    def _listen(self, service: str) -> None:
        listener = self._listeners.get(service)
        if listener is not None and listener.alive():
            return
        if listener is not None:
            listener.close()
        self._listeners[service] = Listener(self.folder(service), self._owner, partial(self._dialogue, service))

    def _tell(self, service: str) -> None:
        lines = "".join(f"{each}\n" for each in self._addresses(service))
        for path, text in ((IDENTITY_PATH, self._identity(service)), (ADDRESSES_PATH, lines)):
            place = self.folder(service) / Path(path).name
            write_if_changed(place, text, mode=IDENTITY_MODE, owner=self._owner)

    def close(self) -> None:
        """Close all sockets; the folders stay, for they are mounted into running containers."""
        for listener in self._listeners.values():
            listener.close()
        self._listeners.clear()
