"""When a new authority or an own server certificate is announced, used and ended. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from server_app.pki import lifetimes
from server_app.pki.models import Phase


@dataclass(frozen=True)
class Standing:
    """Where an authority stands. `holders`: the certificates of sensors which it has signed and which still hold."""

    id: int
    phase: Phase
    since: datetime
    not_after: datetime
    holders: int = 0


@dataclass(frozen=True)
class Announce:
    """Make a new authority and tell the sensors, because the active one ends in some time."""


@dataclass(frozen=True)
class Activate:
    """Use what has been announced; what was active before retires."""

    id: int


@dataclass(frozen=True)
class End:
    """Trust an authority no more."""

    id: int


type Step = Announce | Activate | End


def authority_steps(authorities: Sequence[Standing], behind: int, overlap: timedelta, now: datetime) -> list[Step]:
    """What is due with the authorities.

    Args:
        authorities: those that have not ended.
        behind: sensors in contact, and archives not used yet, that do not know all of the authorities.
        overlap: how long those are waited for at most.
        now: the current moment.
    """
    coming = [each for each in authorities if each.phase is Phase.NEXT]
    steps: list[Step] = [Activate(each.id) for each in coming if may_activate(each.since, behind, overlap, now)]
    steps += [
        End(each.id)
        for each in authorities
        if each.phase is Phase.RETIRING and (each.holders == 0 or each.not_after <= now)
    ]
    active = [each for each in authorities if each.phase is Phase.ACTIVE]
    if not coming and all(each.not_after - now < lifetimes.AUTHORITY_RENEWAL for each in active):
        steps.append(Announce())
    return steps


def may_activate(since: datetime, behind: int, overlap: timedelta, now: datetime) -> bool:
    """Whether what has been announced may be used.

    Args:
        since: when it was announced.
        behind: how many would not trust it.
        overlap: how long those are waited for at most.
        now: the current moment.
    """
    return behind == 0 or now - since >= overlap
