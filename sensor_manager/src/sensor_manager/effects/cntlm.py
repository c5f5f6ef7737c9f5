"""cntlm, which logs in at proxies by NTLM for those that cannot: the manager and the container engine."""

import contextlib
import socket
import subprocess
import threading
import time
from pathlib import Path

import structlog

from sensor_manager.effects.errors import EffectError
from sensor_manager.files import write_durably
from sensor_wire.v1.network import Proxy

PORT = 3128
START_SECONDS = 5.0
PAUSE = 0.02
LAST = 0xFF
ENCODING = "latin-1"
"""cntlm takes each byte of a name or password for one character."""

log = structlog.get_logger(__name__)


class Cntlm:
    """At most one cntlm, for one proxy; it ends with the manager.

    Args:
        config: its configuration, which holds the password and is for its owner only; best in memory.
        port: where it listens, on 127.0.0.1 only.
    """

    def __init__(self, config: Path, port: int = PORT) -> None:
        self._config = config
        self._port = port
        self._lock = threading.Lock()
        self._proxy: Proxy | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens, or would."""
        return f"http://127.0.0.1:{self._port}"

    def tunnel(self, proxy: Proxy) -> str:
        """Return the URL of a proxy on this machine that leads to the given one.

        Raises:
            EffectError: cntlm is missing or does not start, or the login cannot be written down.
        """
        with self._lock:
            running = self._process is not None and self._process.poll() is None
            if not running or proxy != self._proxy:
                self._end()
                self._begin(proxy)
                self._proxy = proxy
        return self.url

    def close(self) -> None:
        """End it, and forget the login."""
        with self._lock:
            self._end()

    def _begin(self, proxy: Proxy) -> None:
        try:
            write_durably(self._config, configuration(proxy, self._port), encoding=ENCODING)
        except OSError as error:
            raise EffectError(f"the login for the proxy cannot be written for cntlm: {error}") from error
        # The kernel ends it with the thread that starts it, so that none is left behind to hold the port.
        command = ["setpriv", "--pdeathsig", "KILL", "cntlm", "-f", "-c", str(self._config)]
        try:
            self._process = subprocess.Popen(  # noqa: S603 - fixed tools, no shell
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        except OSError as error:
            raise EffectError(f"cntlm did not start ({error}); add its package to the sensor") from error
        deadline = time.monotonic() + START_SECONDS
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._end()
                raise EffectError(f"cntlm does not serve port {self._port}; is it installed, and the port free?")
            time.sleep(PAUSE)
        log.info("cntlm started", proxy=f"{proxy.host}:{proxy.port}")

    def _listens(self) -> bool:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self._port), PAUSE).close()
            return True
        return False

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = self._proxy = None
        self._config.unlink(missing_ok=True)


def configuration(proxy: Proxy, port: int) -> str:
    """Return cntlm's configuration for a proxy.

    Raises:
        EffectError: a value has a character that would end its line, or that cntlm does not know.
    """
    domain, separator, user = (proxy.user or "").partition("\\")
    values = {
        "Username": user if separator else domain,
        "Domain": domain if separator else "",
        "Password": proxy.password or "",
        "Proxy": f"{proxy.host}:{proxy.port}",
        "Listen": f"127.0.0.1:{port}",
        "Auth": "NTLMv2",
    }
    return "".join(f"{name} {_written(value)}\n" for name, value in values.items())


def _written(value: str) -> str:
    """Return a value as its language has it, which knows quotation marks but nothing to protect one within them."""
    printable = all(character.isprintable() and ord(character) <= LAST for character in value)
    if printable and '"' not in value:
        return f'"{value}"'
    if not printable or "#" in value or value != value.strip() or value.startswith('"'):
        raise EffectError("the login for the proxy has characters that cntlm cannot be told; choose another password")
    return value
