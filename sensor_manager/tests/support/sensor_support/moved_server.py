"""The real server's application over real TLS in this process, at a time that a test moves."""

import ssl
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, Self, override

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from sensor_manager.server.tls import NO_CHECK_TIME
from sensor_manager.stamp import Stamp

BOOT = "the-only-boot"


@dataclass
class MovedTime:
    """A time for both sides. The sensor's settable clock stands at its beginning, in 1970."""

    now: datetime
    began: datetime

    def go(self, by: timedelta) -> None:
        self.now += by

    @property
    def uptime(self) -> float:
        return (self.now - self.began).total_seconds()

    def stamp(self) -> Stamp:
        return Stamp(BOOT, self.uptime, self.uptime)

    def datetime_class(self) -> type[datetime]:
        """What can stand for `datetime` in a module that asks for the current moment."""
        time = self

        class Moved(datetime):
            @classmethod
            @override
            def now(cls, tz: tzinfo | None = None) -> Self:
                return time.now.astimezone(tz)  # type: ignore[return-value] # nobody asks for its class

        return Moved


class _Server(ThreadedWSGIServer):
    """Has the server's newest certificate for each connection, as nginx after being told to read it again.

    It asks for a certificate and passes it on (RFC 9440), whether it has expired or not: the application decides.
    """

    tls: Path

    @override
    def process_request_thread(self, request: Any, client_address: Any) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.tls / "server.crt", self.tls / "server.key")
        context.load_verify_locations(self.tls / "ca.crt")
        context.verify_mode = ssl.CERT_OPTIONAL
        context.verify_flags = ssl.VerifyFlags(context.verify_flags | NO_CHECK_TIME)
        with suppress(OSError):  # who does not trust us says so by hanging up
            request = context.wrap_socket(request, server_side=True)
            super().process_request_thread(request, client_address)
            return
        self.shutdown_request(request)


@contextmanager
def served(app: Any, port: int, tls: Path, time: MovedTime) -> Iterator[None]:
    """Serve an application on a port of 127.0.0.1.

    Args:
        app: a WSGI application that trusts 127.0.0.1 as its TLS proxy.
        port: which one.
        tls: the folder with what the proxy reads.
        time: what answers are dated by.
    """

    class Handler(WSGIRequestHandler):
        @override
        def make_environ(self) -> Any:
            environ = super().make_environ()
            environ.pop("HTTP_CLIENT_CERT", None)
            shown = self.connection.getpeercert(binary_form=True)
            if shown:
                environ["HTTP_CLIENT_CERT"] = f":{b64encode(shown).decode()}:"
            return environ

        @override
        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string(time.now.timestamp() if timestamp is None else int(timestamp))

        @override
        def log(self, *_: Any) -> None:
            pass

    server = _Server("127.0.0.1", port, app, Handler)
    server.tls = tls
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def beginning() -> MovedTime:
    """The present, to the second; an hour after the sensor was started."""
    now = datetime.now(UTC).replace(microsecond=0)
    return MovedTime(now, now - timedelta(hours=1))
