"""Login throttling: after some failures, further attempts have to wait longer and longer.

Three counts: of an account from one address, of an address for all accounts, and of an account from all addresses. The
last one bounds a guesser with many addresses; it does not hold where the account was logged in from of late, and is
never long, so that nobody can lock the owner out.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import IPv6Address, ip_address
from math import ceil

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from server_app.accounts.models import LoginFailures, LoginPlace
from server_app.db import upsert

FORGET_AFTER = timedelta(hours=1)
KNOWN_FOR = timedelta(days=30)


@dataclass(frozen=True)
class Count:
    """What is counted: so many failures are free, and no wait is longer."""

    what: str
    free: int
    longest: timedelta


PAIR = Count("account", 5, timedelta(minutes=15))
ADDRESS = Count("address", 20, timedelta(minutes=15))
ACCOUNT = Count("everywhere", 50, timedelta(seconds=30))


def wait(failures: int, count: Count) -> timedelta:
    """How long to wait after so many failures: nothing while they are free, then 1 s, doubled each time."""
    if failures < count.free:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(failures - count.free, 20)), count.longest)


def seconds_to_wait(session: Session, username: str, address: str, now: datetime) -> int:
    """Seconds until this address may try this account again; 0 for at once."""
    keys = _keys(username, address)
    place = session.get(LoginPlace, keys[PAIR])
    known = place is not None and now - place.last_at < KNOWN_FOR
    longest = timedelta(0)
    for count, key in keys.items():
        row = session.get(LoginFailures, key)
        if row is not None and now - row.last_at < FORGET_AFTER and not (known and count is ACCOUNT):
            longest = max(longest, row.last_at + wait(row.failures, count) - now)
    return ceil(longest.total_seconds())


def count(session: Session, username: str, address: str, now: datetime) -> None:
    """Count an attempt as failed until `forget` says otherwise, and drop counts of long ago."""
    session.execute(delete(LoginFailures).where(LoginFailures.last_at < now - FORGET_AFTER))
    for key in sorted(_keys(username, address).values()):  # in one order: two at once must not wait for each other
        session.execute(
            upsert(session, LoginFailures)
            .values(key=key, failures=1, last_at=now)
            .on_conflict_do_update(
                index_elements=[LoginFailures.key], set_={"failures": LoginFailures.failures + 1, "last_at": now}
            )
        )


def forget(session: Session, username: str, address: str, now: datetime) -> None:
    """After a success: the account is free again from this address, which is known now; the others have one less."""
    keys = _keys(username, address)
    session.execute(delete(LoginFailures).where(LoginFailures.key == keys[PAIR]))
    for key in sorted((keys[ADDRESS], keys[ACCOUNT])):
        session.execute(
            update(LoginFailures).where(LoginFailures.key == key).values(failures=LoginFailures.failures - 1)
        )
    session.execute(delete(LoginPlace).where(LoginPlace.last_at < now - KNOWN_FOR))
    session.execute(
        upsert(session, LoginPlace)
        .values(key=keys[PAIR], last_at=now)
        .on_conflict_do_update(index_elements=[LoginPlace.key], set_={"last_at": now})
    )


def _keys(username: str, address: str) -> dict[Count, str]:
    # Hashed: the table shall not become a list of who tried to log in from where.
    place = network(address)
    return {
        PAIR: _hash(f"account {username}\n{place}"),
        ADDRESS: _hash(f"address {place}"),
        ACCOUNT: _hash(f"everywhere {username}"),
    }


def network(address: str) -> str:
    """What one client can change at will counts as one address: of IPv6, the lower half."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(IPv6Address(int(parsed) >> 64 << 64)) if isinstance(parsed, IPv6Address) else address


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()
