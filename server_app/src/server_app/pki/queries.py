"""Which certificates a user sees."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from server_app.accounts.principal import Principal
from server_app.errors import NotFound
from server_app.paging import Page, PageRequest, newest_first
from server_app.pki.models import Certificate, CertificateKind
from server_app.pki.states import CertificateState, is_in
from server_app.sensors.models import Sensor

_sensor_id: ColumnElement[int | None] = Certificate.__table__.c.sensor_id


@dataclass(frozen=True)
class Wanted:
    """Which certificates to list; None: all of them."""

    kind: CertificateKind | None = None
    sensor: int | None = None
    state: CertificateState | None = None


def list_certificates(
    session: Session, who: Principal, wanted: Wanted, page: PageRequest, now: datetime
) -> Page[Certificate]:
    """Authorities, the server's, and those of the sensors a user sees; the newest first."""
    query = _visible(who)
    if wanted.kind is not None:
        query = query.where(Certificate.kind == wanted.kind)
    if wanted.sensor is not None:
        query = query.where(_sensor_id == wanted.sensor)
    if wanted.state is not None:
        query = query.where(is_in(wanted.state, now))
    order = (Certificate.not_before, Certificate.id)
    return newest_first(session, query, order, lambda row: (row.not_before, row.id), page)


def get_certificate(session: Session, who: Principal, certificate_id: int) -> Certificate:
    """One certificate.

    Raises:
        NotFound: there is none of this number that the user sees.
    """
    row = session.scalar(_visible(who).where(Certificate.id == certificate_id))
    if row is None:
        raise NotFound(f"There is no certificate {certificate_id}.")
    return row


def _visible(who: Principal) -> Select[Certificate]:
    query = select(Certificate)
    if who.divisions is None:
        return query
    own = select(Sensor.id).where(Sensor.division_id.in_(who.divisions))
    return query.where(or_(_sensor_id.is_(None), _sensor_id.in_(own)))
