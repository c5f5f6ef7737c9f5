"""HTTPS to the server, with the sensor's certificate once it has one."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from urllib3 import BaseHTTPResponse, Timeout
from urllib3.exceptions import HTTPError

from sensor_manager.plan.proxy import ProxyPlace
from sensor_manager.server.clock import ServerClock
from sensor_manager.server.errors import ServerError
from sensor_manager.server.tls import connections

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 20.0
MAX_ANSWER_BYTES = 4 * 1024 * 1024
MAX_SHOWN = 200
CHUNK = 65536
PROBLEM = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: status, body, and the entity tag if there was one; `problem` says that it is a problem document."""

    status: int
    body: bytes
    etag: str | None
    problem: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """By which proxy to get to the server, and whose clock judges its certificate and learns from its answers."""

    clock: ServerClock
    proxy: ProxyPlace | None = None


class ServerClient:
    """Requests to one server; for use by one thread.

    Args:
        url: `https://host:port`.
        authorities: file with the authorities that may have signed the server's certificate.
        credentials: files of certificate and key; None before enrolment.
        way: how to get there, and by whose clock to judge; None means directly and by the machine's.
        read_timeout: seconds without a byte after which the server counts as hanging.
    """

    def __init__(
        self,
        url: str,
        authorities: Path,
        credentials: tuple[Path, Path] | None = None,
        *,
        way: Way | None = None,
        read_timeout: float = READ_TIMEOUT,
    ) -> None:
        self._url = url.rstrip("/")
        self._timeout = Timeout(connect=CONNECT_TIMEOUT, read=read_timeout)
        self._clock = way.clock if way else None
        fault, proxy = (way.clock.fault, way.proxy) if way else (None, None)
        try:
            self._connections = connections(authorities, credentials, fault, proxy)
        except OSError as error:
            raise ServerError(f"certificate or authorities cannot be used: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connections.clear()

    def get(self, path: str, headers: dict[str, str] | None = None) -> Response:
        """Send GET; raises `ServerError` when no answer comes."""
        return self._request("GET", path, None, headers or {})

    def post(self, path: str, body: str, headers: dict[str, str] | None = None) -> Response:
        """Send a JSON text by POST; raises `ServerError` when no answer comes. All statuses are answers."""
        return self._request("POST", path, body.encode(), {"Content-Type": "application/json", **(headers or {})})

    def _request(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Response:
        try:
            answer = self._connections.request(
                method,
                f"{self._url}{path}",
                body=body,
                headers=headers,
                timeout=self._timeout,
                redirect=False,
                retries=False,
                preload_content=False,
            )
            with closing(answer):
                if self._clock is not None:
                    self._clock.answered(answer.headers.get("Date"))
                kind = answer.headers.get("Content-Type", "").partition(";")[0].strip()
                return Response(answer.status, _read(answer), answer.headers.get("ETag"), kind == PROBLEM)
        except (HTTPError, OSError) as error:
            raise ServerError(f"{self._url}{path}: no answer ({error}); check network and server") from error


def _read(answer: BaseHTTPResponse) -> bytes:
    content = bytearray()
    for chunk in answer.stream(CHUNK):
        content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            raise ServerError(f"the answer is longer than {MAX_ANSWER_BYTES} bytes; is this the HoneySens server?")
    return bytes(content)


def refusal(what: str, response: Response) -> ServerError:
    """Return the error for an answer that is not the hoped-for one, with the beginning of what it said."""
    said = response.body[:MAX_SHOWN].decode(errors="replace")
    return ServerError(f"{what} refused with status {response.status}: {said}", status=response.status)
