"""Login throttling: after some failures, attempts from that address have to wait longer and longer."""

from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from server_app.accounts.models import LoginFailures
from server_app.db import upsert

FREE_PER_ACCOUNT = 5
FREE_PER_ADDRESS = 20
LONGEST = timedelta(minutes=15)
FORGET_AFTER = timedelta(hours=1)


def wait(failures: int, free: int) -> timedelta:
    """How long to wait after so many failures, of which `free` cost nothing: 1 s, doubled each time, at most 15 min."""
    if failures < free:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(failures - free, 20)), LONGEST)


def seconds_to_wait(session: Session, username: str, address: str, now: datetime) -> int:
    """Seconds until this address may try this account again; 0 for at once."""
    longest = timedelta(0)
    for key, free in _keys(username, address):
        row = session.get(LoginFailures, key)
        if row is not None and now - row.last_at < FORGET_AFTER:
            longest = max(longest, row.last_at + wait(row.failures, free) - now)
    return ceil(longest.total_seconds())


def count(session: Session, username: str, address: str, now: datetime) -> None:
    """Count an attempt as failed until `forget` says otherwise, and drop counts of long ago."""
    session.execute(delete(LoginFailures).where(LoginFailures.last_at < now - FORGET_AFTER))
    for key, _ in _keys(username, address):
        session.execute(
            upsert(session, LoginFailures)
            .values(key=key, failures=1, last_at=now)
            .on_conflict_do_update(
                index_elements=[LoginFailures.key], set_={"failures": LoginFailures.failures + 1, "last_at": now}
            )
        )


def forget(session: Session, username: str, address: str) -> None:
    """After a success: the account is free again from this address, and the address has one failure less."""
    (account, _), (place, _) = _keys(username, address)
    session.execute(delete(LoginFailures).where(LoginFailures.key == account))
    session.execute(update(LoginFailures).where(LoginFailures.key == place).values(failures=LoginFailures.failures - 1))


def _keys(username: str, address: str) -> tuple[tuple[str, int], tuple[str, int]]:
    # Hashed: the table shall not become a list of who tried to log in from where.
    pair = sha256(f"account {username}\n{address}".encode()).hexdigest()
    return (pair, FREE_PER_ACCOUNT), (sha256(f"address {address}".encode()).hexdigest(), FREE_PER_ADDRESS)
