"""What `init` and the worker do so that certificates are always there in time; only they can read the keys."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from urllib.parse import urlsplit

import structlog
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select
from sqlalchemy.orm import Session

from server_app.db import Database
from server_app.errors import Conflict
from server_app.files import exclusive
from server_app.pki import authority, fleet, keyring, own_chain, own_turn, records, rotation
from server_app.pki.authority import Authority
from server_app.pki.client_cert import fingerprint
from server_app.pki.models import AuthorityCertificate, Phase
from server_app.pki.preferences import CertificateSection
from server_app.pki.publication import Publication, trusted
from server_app.pki.rotation import Activate, Announce, End, Standing, Step
from server_app.preferences import service as preferences
from server_app.settings import Settings

LOG = structlog.get_logger(__name__)


class Upkeep:
    """Authorities, the server's certificate, and what the proxy reads."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._host = urlsplit(settings.public_url).hostname or "localhost"
        self._publication = Publication(settings.ca_dir, settings.tls_dir, settings.server_names or (self._host,))

    def run(self, now: datetime) -> None:
        """Do what is due; again, it changes nothing.

        Raises:
            RuntimeError: the key of an authority is missing.
        """
        with self._alone():
            self._run(now)

    def change_authority(self, now: datetime, done: Callable[[Session, int], None]) -> None:
        """Make the next authority. The sensors are told of it, and when they know it, it is used.

        Args:
            now: the current moment.
            done: told of the number of its certificate, in the transaction that stores it.

        Raises:
            Conflict: one is on its way already.
        """
        with self._alone():
            with self._database.writing() as session:
                if any(row.phase is Phase.NEXT for row in records.authorities(session)):
                    raise Conflict("A new authority is on its way already. Wait until it is used, or end it.")
                done(session, self._announce(session, now).id)
            self._run(now)

    def install(self, key: str, chain: str, anchor: str | None, now: datetime) -> int:
        """Take over an own server certificate; it is used when the sensors know its authority.

        Returns:
            The number of its row.

        Raises:
            Invalid: it cannot be used.
        """
        own = own_chain.checked(key, chain, anchor, self._host, now)
        with self._alone():
            with self._database.writing() as session:
                number = own_turn.replace_coming(session, own, now)
                keyring.add_server_key(self._settings.ca_dir, fingerprint(own.leaf), key)
            self._run(now)
        return number

    def active(self, session: Session) -> Authority:
        """The authority that signs.

        Raises:
            RuntimeError: it or its key is missing.
        """
        return keyring.key_of(self._settings.ca_dir, records.active_authority(session).fingerprint)

    def _alone(self) -> AbstractContextManager[None]:
        return exclusive(self._settings.data_dir / "certificates.lock")

    def _run(self, now: datetime) -> None:
        with self._database.writing() as session:
            self._publication.tidy(session)
            self._adopt(session, now)
            behind = self._behind(session, now)
            for step in self._due(session, behind, now):
                self._take(session, step, now)
            for row in records.server_certificates(session):
                own_turn.use(session, row, behind, now)
            session.flush()
            self._publication.write(session, now)

    def _announce(self, session: Session, now: datetime) -> AuthorityCertificate:
        active = self.active(session)
        fresh = authority.create(now, active)
        keyring.add(self._settings.ca_dir, fresh)
        link = active.link_to(fresh.certificate).public_bytes(Encoding.PEM).decode()
        row = _row_of(fresh, Phase.NEXT, now, link)
        session.add(row)
        session.flush()
        LOG.info("authority_announced", certificate=row.id, not_after=row.not_after.isoformat())
        return row

    def _adopt(self, session: Session, now: datetime) -> None:
        """Take over the authority of an empty or older database."""
        if session.scalar(select(AuthorityCertificate.id).limit(1)) is not None:
            return
        keyring.load_or_create(self._settings.ca_dir, now)
        found = sorted(
            keyring.load_all(self._settings.ca_dir).values(), key=lambda each: each.certificate.not_valid_before_utc
        )
        session.add_all(_row_of(each, Phase.RETIRING, now) for each in found[:-1])
        session.add(_row_of(found[-1], Phase.ACTIVE, now))
        session.flush()
        records.fill_issuers(session)

    def _behind(self, session: Session, now: datetime) -> int:
        """How many do not know yet what has been announced; 0 when nothing has."""
        rows = [*records.authorities(session), *records.server_certificates(session)]
        since = [row.phase_since for row in rows if row.phase is Phase.NEXT and row.phase_since is not None]
        if not since:
            return 0
        trust = trusted(session)
        return fleet.behind(session, trust.own + trust.foreign, max(since), now)

    def _due(self, session: Session, behind: int, now: datetime) -> list[Step]:
        holders = records.holders(session, now)
        standing = [
            Standing(row.id, row.phase, row.phase_since, row.not_after, holders.get(row.id, 0))
            for row in records.authorities(session)
            if row.phase is not None and row.phase_since is not None
        ]
        return rotation.authority_steps(standing, behind, preferences.load(session, CertificateSection).overlap, now)

    def _take(self, session: Session, step: Step, now: datetime) -> None:
        match step:
            case Announce():
                self._announce(session, now)
            case Activate(number):
                records.enter(records.active_authority(session), Phase.RETIRING, now)
                records.enter(session.get_one(AuthorityCertificate, number), Phase.ACTIVE, now)
                LOG.info("authority_activated", certificate=number)
            case End(number):
                records.enter(session.get_one(AuthorityCertificate, number), Phase.ENDED, now)
                LOG.info("authority_ended", certificate=number)


def _row_of(found: Authority, phase: Phase, now: datetime, link: str | None = None) -> AuthorityCertificate:
    return AuthorityCertificate(**records.described(found.certificate), phase=phase, phase_since=now, link_pem=link)
