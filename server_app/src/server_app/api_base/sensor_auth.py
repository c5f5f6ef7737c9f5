"""Who sent the request: a sensor, by the client certificate that the trusted proxy passes on."""

from collections.abc import Callable
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.x509.verification import Store
from flask import request

from server_app.api_base.auth import client_address, from_trusted_proxy
from server_app.audit import actor
from server_app.audit.actor import Actor, ActorKind
from server_app.context import context
from server_app.db import now
from server_app.errors import Forbidden, Unauthenticated
from server_app.pki import service
from server_app.pki.client_cert import BadCertificate, from_header, sensor_of

HEADER = "Client-Cert"


def sensor_required[R](view: Callable[..., R]) -> Callable[..., R]:
    """Hand the number of the sensor to a view as `sensor_id`."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> R:
        return view(*args, **kwargs, sensor_id=authenticated_sensor())

    wrapper.__dict__.setdefault("_spec", {}).update(security="certificate")
    return wrapper


def authenticated_sensor() -> int:
    """The sensor whose certificate came with this request, checked anew at each one.

    Raises:
        Unauthenticated: there is no certificate, or it did not come from the trusted proxy.
        Forbidden: it is not a valid one of a sensor, or it has been revoked.
    """
    value = request.headers.get(HEADER) if from_trusted_proxy() else None
    if not value:
        raise Unauthenticated("A sensor's client certificate is required. Enrol the sensor.")
    try:
        certificate = from_header(value)
        sensor_id = sensor_of(certificate, _authorities(), now())
    except BadCertificate as error:
        raise Forbidden(f"The client certificate is refused: {error}. Enrol the sensor again.") from error
    with context().database.reading() as session:
        fresh = service.require_active(session, certificate, sensor_id)
    actor.become(Actor(ActorKind.SENSOR, sensor_id, address=client_address()))
    if fresh is not None:
        with context().database.writing() as session:
            service.note_first_use(session, fresh, sensor_id, now())
    return sensor_id


def _authorities() -> Store:
    path = context().settings.ca_certificate
    return _loaded(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _loaded(path: Path, _changed: int) -> Store:
    return Store(x509.load_pem_x509_certificates(path.read_bytes()))
