"""The short way: what sensors ask a thousand times a second is answered before Flask, which costs more than the answer.

It is for what is plain: a sound request of a sensor that may, with the answer that the view would give. Whatever is not
plain goes to the application, which sees the request as if nobody had looked at it, and refuses in its own words.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from io import BytesIO
from time import perf_counter
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import structlog

from server_app.api_base.auth import is_in
from server_app.api_base.sensor_auth import proof_of
from server_app.audit import actor
from server_app.audit.actor import Actor, ActorKind
from server_app.context import Context
from server_app.database_away import is_away
from server_app.errors import Refusal
from server_app.metrics.instruments import Instruments
from server_app.pki.client_cert import BadCertificate, Proof

LOG = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Plain:
    """A request of a sensor: what its certificate proves, the body, and the header If-None-Match."""

    proof: Proof
    body: bytes
    known: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered; `headers` beside the body's type and length."""

    status: HTTPStatus
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Way:
    """The short way to one POST; `answer` gives None for what is not plain, before anything has been done."""

    limit: int
    answer: Callable[[Context, Instruments, Plain], Answer | None]


class ShortWay:
    """The application, and before it the short ways.

    Args:
        app: what answers everything else.
        context: as the application's views have it.
        instruments: where answers are counted, as the application counts its own.
        ways: by path.
    """

    def __init__(
        self, app: WSGIApplication, context: Context, instruments: Instruments, ways: Mapping[str, Way]
    ) -> None:
        self._app = app
        self._context = context
        self._instruments = instruments
        self._ways = ways
        self._trusted = context.settings.trusted_tls_proxy
        self._authorities = context.settings.ca_certificate

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        path = environ["PATH_INFO"]
        way = self._ways.get(path) if environ["REQUEST_METHOD"] == "POST" else None
        if way is None:
            return self._app(environ, start_response)
        began = perf_counter()
        answer = self._answer(way, environ)
        if answer is None:
            return self._app(environ, start_response)
        self._instruments.count("POST", path, answer.status, began)
        headers = [("Content-Type", "application/json"), *answer.headers.items()]
        if answer.body:
            headers.append(("Content-Length", str(len(answer.body))))
        start_response(f"{answer.status.value} {answer.status.phrase.upper()}", headers)
        return [answer.body] if answer.body else []

    def _answer(self, way: Way, environ: WSGIEnvironment) -> Answer | None:
        length, certificate = environ.get("CONTENT_LENGTH", ""), environ.get("HTTP_CLIENT_CERT")
        if not certificate or not length.isdecimal() or not 0 < int(length) <= way.limit:
            return None
        if "HTTP_TRANSFER_ENCODING" in environ or not is_in(environ.get("REMOTE_ADDR", ""), self._trusted):
            return None
        body = environ["wsgi.input"].read(int(length))
        environ["wsgi.input"] = BytesIO(body)
        if len(body) != int(length):
            return None
        try:
            proof = proof_of(certificate, self._authorities)
            address = environ.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip() or environ["REMOTE_ADDR"]
            with actor.acting(Actor(ActorKind.SENSOR, proof.sensor_id, address=address)):
                plain = Plain(proof, body, environ.get("HTTP_IF_NONE_MATCH", ""))
                return way.answer(self._context, self._instruments, plain)
        except (BadCertificate, Refusal):
            return None
        except Exception as error:  # whatever it is, the application meets it, too
            if not is_away(error):  # that would be told at each attempt of each sensor
                LOG.warning("short_way_left", path=environ["PATH_INFO"], exc_info=True)
            return None
