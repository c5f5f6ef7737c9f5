"""The 802.1X supplicant as a process of its own."""

import os
import shutil
import socket
from pathlib import Path

from sensor_manager.effects.helper_process import HelperProcess
from sensor_manager.files import write_durably
from sensor_manager.plan.dot1x import CONFIGURATION, fingerprint, supplicant_files
from sensor_wire.v1.network import Dot1x

PROGRAM = "wpa_supplicant"
FOLDER_MODE = 0o700
ANSWER_SECONDS = 2.0
AUTHORIZED = "suppPortStatus=Authorized"


class Supplicant:
    """Proves at the switch who the sensor is; goes on without the manager.

    Args:
        interface: whose cable leads to the switch.
        runtime: folder for its files; they hold secrets and are better not kept on a disk.
    """

    def __init__(self, interface: str, runtime: Path) -> None:
        self._interface = interface
        self._folder = runtime.absolute() / f"dot1x-{interface}"
        self._process = HelperProcess(PROGRAM, interface, self._folder / "pid")

    @property
    def running(self) -> str | None:
        """The fingerprint of the settings with which one runs; None when none does."""
        if not self._process.running:
            return None
        try:
            return (self._folder / "fingerprint").read_text(encoding="ascii")
        except FileNotFoundError:
            return None

    def authorized(self) -> bool:
        """Whether the switch has let it in, as far as it knows."""
        control, own = self._folder / "control" / self._interface, self._folder / f"asks-{os.getpid()}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asking:
            asking.settimeout(ANSWER_SECONDS)
            try:
                asking.bind(str(own))
                asking.connect(str(control))
                asking.send(b"STATUS")
                return AUTHORIZED in asking.recv(4096).decode(errors="replace")
            except OSError:
                return False
            finally:
                own.unlink(missing_ok=True)

    def start(self, dot1x: Dot1x) -> None:
        """Begin to authenticate, after ending another one.

        Raises:
            EffectError: the program is missing or cannot be started.
        """
        self.stop()
        self._folder.mkdir(mode=FOLDER_MODE)
        files = supplicant_files(dot1x, str(self._folder)) | {"fingerprint": fingerprint(dot1x)}
        for name, text in files.items():
            write_durably(self._folder / name, text)
        self._process.start(["-D", "wired", "-c", str(self._folder / CONFIGURATION)], {})

    def stop(self) -> None:
        """End it, whoever started it, and remove its files."""
        self._process.stop()
        shutil.rmtree(self._folder, ignore_errors=True)
