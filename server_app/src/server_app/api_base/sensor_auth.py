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
from server_app.pki.client_cert import BadCertificate, Proof, proven

HEADER = "Client-Cert"
REMEMBERED = 4096
"""Certificates whose signatures were good, for as long as the authorities stay the same; about a kilobyte each."""


def sensor_required[R](view: Callable[..., R]) -> Callable[..., R]:
    """Hand the number of the sensor to a view as `sensor_id`."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> R:
        return view(*args, **kwargs, sensor_id=authenticated_sensor())

    wrapper.__dict__.setdefault("_spec", {}).update(security="certificate")
    return wrapper


def authenticated_sensor() -> int:
    """The sensor whose certificate came with this request.

    Its state is read anew at each request: a revoked one is refused at the very next. Only what cannot change is
    remembered, that a signature is good.

    Raises:
        Unauthenticated: there is no certificate, or it did not come from the trusted proxy.
        Forbidden: it is not a valid one of a sensor, or it has been revoked.
    """
    value = request.headers.get(HEADER) if from_trusted_proxy() else None
    if not value:
        raise Unauthenticated("A sensor's client certificate is required. Enrol the sensor.")
    try:
        proof = _proof(value)
    except BadCertificate as error:
        raise Forbidden(f"The client certificate is refused: {error}. Enrol the sensor again.") from error
    with context().database.glancing() as connection:
        fresh = service.require_active(connection, proof)
    actor.become(Actor(ActorKind.SENSOR, proof.sensor_id, address=client_address()))
    if fresh is not None:
        with context().database.writing() as session:
            service.note_first_use(session, fresh, proof.sensor_id, now())
    return proof.sensor_id


def _proof(value: str) -> Proof:
    path = context().settings.ca_certificate
    changed = path.stat().st_mtime_ns
    proof = _verified(value, path, changed)
    return proof if proof.holds(now()) else proven(value, _loaded(path, changed), now())


@lru_cache(maxsize=REMEMBERED)
def _verified(value: str, path: Path, changed: int) -> Proof:
    return proven(value, _loaded(path, changed), now())


@lru_cache(maxsize=2)
def _loaded(path: Path, _changed: int) -> Store:
    return Store(x509.load_pem_x509_certificates(path.read_bytes()))
