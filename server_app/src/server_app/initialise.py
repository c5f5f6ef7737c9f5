"""What `server-app init` does: bring volumes, empty or old, to what web and worker need. Again, it changes nothing."""

import structlog
from sqlalchemy import select

from server_app import migrate
from server_app.accounts import service as accounts
from server_app.accounts.models import Role, User
from server_app.at_rest import sealing
from server_app.at_rest.keys import SecretKeys
from server_app.audit import recording
from server_app.db import Database, now
from server_app.divisions.models import Division
from server_app.files import exclusive
from server_app.models import Base
from server_app.pki.upkeep import Upkeep
from server_app.settings import Settings

ADMIN = "admin"
FIRST_DIVISION = "Default"
SHORTEST_PASSWORD = 8
LOG = structlog.get_logger(__name__)


def initialise(settings: Settings) -> None:
    """Database, certificates and the first user.

    Raises:
        RuntimeError: something an operator has to provide is missing; the message says what.
    """
    recording.listen()
    keys = SecretKeys(settings.secret_keys)
    database = Database(settings.database, keys)
    try:
        with exclusive(settings.data_dir / "init.lock"):
            if keys.take_over(settings.secret_keys_before):
                LOG.info("secret_keys_moved", file=str(keys.file))
            if keys.create():
                LOG.info("secret_keys_made", file=str(keys.file))
            migrate.upgrade(database, settings.data_dir)
            Upkeep(settings, database).run(now())
            _ensure_first_user(settings, database)
            _tell_unreadable(keys, database)
    finally:
        database.close()


def renew_secret_keys(settings: Settings) -> None:
    """Add a key and seal all secrets of the database with it. Servers that run take part at once.

    The keys before stay in the file: backups need them.

    Raises:
        SecretUnreadable: the key of a secret is missing; nothing was changed but that there is a new key.
    """
    keys = SecretKeys(settings.secret_keys)
    database = Database(settings.database, keys)
    try:
        keys.renew()
        with database.storing() as connection:
            count = sealing.seal_anew(connection, Base.metadata)
    finally:
        database.close()
    LOG.info("secrets_sealed_anew", count=count, file=str(keys.file))


def _tell_unreadable(keys: SecretKeys, database: Database) -> None:
    with database.storing() as connection:
        found = sealing.unreadable(connection, Base.metadata)
    if found:
        what = "restore the file from a backup, or set these secrets again; until then, what needs them does not work"
        LOG.error("secrets_unreadable", file=str(keys.file), secrets=found, what_to_do=what)


def _ensure_first_user(settings: Settings, database: Database) -> None:
    with database.writing() as session:
        if session.scalar(select(User.id).limit(1)) is not None:
            return
        accounts.create_user(session, ADMIN, _first_password(settings), Role.ADMIN)
        if session.scalar(select(Division.id).limit(1)) is None:
            session.add(Division(name=FIRST_DIVISION))
    LOG.info("first_user_made", name=ADMIN)


def _first_password(settings: Settings) -> str:
    file = settings.admin_password_file
    try:
        password = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise RuntimeError(f"The password for the first user cannot be read from {file}: {error.strerror}.") from error
    if len(password) < SHORTEST_PASSWORD:
        raise RuntimeError(
            f"The password in {file} has fewer than {SHORTEST_PASSWORD} characters. Choose a longer one."
        )
    return password
