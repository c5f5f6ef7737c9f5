"""What the database says of a sensor's certificate whose chain has been verified, looked at with each request."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, bindparam, select
from sqlalchemy.orm import InstrumentedAttribute

from server_app.errors import Forbidden
from server_app.pki.client_cert import Proof
from server_app.pki.models import Certificate

_TABLE = Certificate.__table__.c


class Standing(NamedTuple):
    """A certificate's number and state; `sensor_id` is None for one that is no sensor's."""

    id: int
    sensor_id: int | None
    revoked_at: datetime | None
    superseded_at: datetime | None
    used_at: datetime | None


def standing_of(*beside: ColumnElement[Any] | InstrumentedAttribute[Any]) -> Select[Any]:
    """The query for the `Standing` of the certificate with the parameter `fingerprint`, and other columns after it."""
    columns = [_TABLE[name] for name in Standing._fields]
    return select(*columns, *beside).where(_TABLE.fingerprint == bindparam("fingerprint"))


def require_active(standing: Standing | None, proof: Proof) -> int | None:
    """Check the state of a certificate. Pure.

    Returns:
        Its number when it is used for the first time, for `service.note_first_use`; otherwise None.

    Raises:
        Forbidden: it is not known, not this sensor's, revoked or superseded.
    """
    if standing is None or standing.sensor_id != proof.sensor_id:
        raise Forbidden("The client certificate is not known to this server. Enrol the sensor again.")
    if standing.revoked_at is not None:
        raise Forbidden("The client certificate has been revoked. Enrol the sensor again.")
    if standing.superseded_at is not None:
        raise Forbidden("The client certificate has been replaced by a newer one, which has been used already.")
    return standing.id if standing.used_at is None else None
