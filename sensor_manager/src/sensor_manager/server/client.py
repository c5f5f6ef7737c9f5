"""HTTPS to the server, with the sensor's certificate once it has one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import requests

from sensor_manager.server.clock import ServerClock
from sensor_manager.server.errors import ServerError
from sensor_manager.server.tls import OwnTimeAdapter

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


class ServerClient:
    """Requests to one server; for use by one thread.

    Args:
        url: `https://host:port`.
        authorities: file with the authorities that may have signed the server's certificate.
        credentials: files of certificate and key; None before enrolment.
        clock: judges the server's certificate, and learns from its answers; None leaves that to the machine's clock.
        read_timeout: seconds without a byte after which the server counts as hanging.
    """

    def __init__(
        self,
        url: str,
        authorities: Path,
        credentials: tuple[Path, Path] | None = None,
        *,
        clock: ServerClock | None = None,
        read_timeout: float = READ_TIMEOUT,
    ) -> None:
        self._url = url.rstrip("/")
        self._timeout = (CONNECT_TIMEOUT, read_timeout)
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = str(authorities)
        self._clock = clock
        if clock is not None:
            self._session.mount("https://", OwnTimeAdapter(clock.fault))
        if credentials is not None:
            self._session.cert = (str(credentials[0]), str(credentials[1]))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def get(self, path: str, headers: dict[str, str] | None = None) -> Response:
        """Send GET; raises `ServerError` when no answer comes."""
        return self._request("GET", path, None, headers or {})

    def post(self, path: str, body: str, headers: dict[str, str] | None = None) -> Response:
        """Send a JSON text by POST; raises `ServerError` when no answer comes. All statuses are answers."""
        return self._request("POST", path, body.encode(), {"Content-Type": "application/json", **(headers or {})})

    def _request(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Response:
        try:
            with self._session.request(
                method,
                f"{self._url}{path}",
                data=body,
                headers=headers,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as answer:
                if self._clock is not None:
                    self._clock.answered(answer.headers.get("Date"))
                kind = answer.headers.get("Content-Type", "").partition(";")[0].strip()
                return Response(answer.status_code, _read(answer), answer.headers.get("ETag"), kind == PROBLEM)
        except (requests.RequestException, OSError) as error:
            raise ServerError(f"{self._url}{path}: no answer ({error}); check network and server") from error


def _read(answer: requests.Response) -> bytes:
    content = bytearray()
    for chunk in answer.iter_content(CHUNK):
        content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            raise ServerError(f"the answer is longer than {MAX_ANSWER_BYTES} bytes; is this the HoneySens server?")
    return bytes(content)


def refusal(what: str, response: Response) -> ServerError:
    """Return the error for an answer that is not the hoped-for one, with the beginning of what it said."""
    said = response.body[:MAX_SHOWN].decode(errors="replace")
    return ServerError(f"{what} refused with status {response.status}: {said}", status=response.status)
