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
from server_app.glance import Glance
from server_app.pki import service
from server_app.pki.client_cert import BadCertificate, Proof, proven
from server_app.pki.standing import Standing, require_active, standing_of

HEADER = "Client-Cert"
STANDING = Glance(standing_of(), Standing)
REMEMBERED = 4096
"""Certificates whose signatures were good, for as long as the authorities stay the same; about a kilobyte each."""


def sensor_required[R](view: Callable[..., R]) -> Callable[..., R]:
    """Hand the number of the sensor to a view as `sensor_id`."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> R:
        return view(*args, **kwargs, sensor_id=authenticated_sensor())

    wrapper.__dict__.setdefault("_spec", {}).update(security="certificate")
    return wrapper


def certificate_required[R](view: Callable[..., R]) -> Callable[..., R]:
    """Hand what the certificate proves to a view as `proof`, for what looks at its state once more."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> R:
        return view(*args, **kwargs, proof=_admitted())

    wrapper.__dict__.setdefault("_spec", {}).update(security="certificate")
    return wrapper


def known_sensor_required[K, R](known: Glance[tuple[Standing, K]]) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """The same, and as `known` what else is read of the sensor with the same query.

    Args:
        known: a query made by `standing_of`.
    """

    def decorate(view: Callable[..., R]) -> Callable[..., R]:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> R:
            proof = _shown()
            found = known.first(context().database, fingerprint=proof.fingerprint)
            _admit(proof, None if found is None else found[0])
            return view(*args, **kwargs, sensor_id=proof.sensor_id, known=None if found is None else found[1])

        wrapper.__dict__.setdefault("_spec", {}).update(security="certificate")
        return wrapper

    return decorate


def authenticated_sensor() -> int:
    """The sensor whose certificate came with this request.

    Its state is read anew at each request: a revoked one is refused at the very next. Only what cannot change is
    remembered, that a signature is good.

    Raises:
        Unauthenticated: there is no certificate, or it did not come from the trusted proxy.
        Forbidden: it is not a valid one of a sensor, or it has been revoked.
    """
    return _admitted().sensor_id


def proof_of(value: str, authorities: Path) -> Proof:
    """What the header's value proves at this moment.

    Args:
        value: the header's.
        authorities: the file of those that are trusted.

    Raises:
        BadCertificate: see `proven`.
    """
    changed = authorities.stat().st_mtime_ns
    proof = _verified(value, authorities, changed)
    return proof if proof.holds(now()) else proven(value, _loaded(authorities, changed), now())


def _admitted() -> Proof:
    proof = _shown()
    _admit(proof, STANDING.first(context().database, fingerprint=proof.fingerprint))
    return proof


def _shown() -> Proof:
    value = request.headers.get(HEADER) if from_trusted_proxy() else None
    if not value:
        raise Unauthenticated("A sensor's client certificate is required. Enrol the sensor.")
    try:
        return proof_of(value, context().settings.ca_certificate)
    except BadCertificate as error:
        raise Forbidden(f"The client certificate is refused: {error}. Enrol the sensor again.") from error


def _admit(proof: Proof, standing: Standing | None) -> None:
    fresh = require_active(standing, proof)
    actor.become(Actor(ActorKind.SENSOR, proof.sensor_id, address=client_address()))
    if fresh is not None:
        with context().database.writing() as session:
            service.note_first_use(session, fresh, proof.sensor_id, now())


@lru_cache(maxsize=REMEMBERED)
def _verified(value: str, path: Path, changed: int) -> Proof:
    return proven(value, _loaded(path, changed), now())


@lru_cache(maxsize=2)
def _loaded(path: Path, _changed: int) -> Store:
    return Store(x509.load_pem_x509_certificates(path.read_bytes()))
