"""When an authority is announced, used and ended."""

from datetime import UTC, datetime, timedelta

import pytest

from server_app.pki.models import Phase
from server_app.pki.rotation import Activate, Announce, End, Standing, Step, authority_steps

NOW = datetime(2026, 11, 21, tzinfo=UTC)
OVERLAP = timedelta(days=14)
YEARS = timedelta(days=365)


def standing(
    phase: Phase, number: int = 1, *, days: float = 1, left: timedelta = 9 * YEARS, holders: int = 1
) -> Standing:
    return Standing(number, phase, NOW - timedelta(days=days), NOW + left, holders)


ACTIVE = standing(Phase.ACTIVE)


@pytest.mark.parametrize(
    ("authorities", "behind", "steps"),
    [
        ([ACTIVE], 0, []),
        ([standing(Phase.ACTIVE, left=1.9 * YEARS)], 5, [Announce()]),
        ([standing(Phase.ACTIVE, left=1.9 * YEARS), standing(Phase.NEXT, 2)], 5, []),
        ([ACTIVE, standing(Phase.NEXT, 2)], 1, []),
        ([ACTIVE, standing(Phase.NEXT, 2)], 0, [Activate(2)]),
        ([ACTIVE, standing(Phase.NEXT, 2, days=13.9)], 1, []),
        ([ACTIVE, standing(Phase.NEXT, 2, days=14)], 1, [Activate(2)]),
        ([standing(Phase.RETIRING, 1), standing(Phase.ACTIVE, 2)], 0, []),
        ([standing(Phase.RETIRING, 1, holders=0), standing(Phase.ACTIVE, 2)], 9, [End(1)]),
        ([standing(Phase.RETIRING, 1, left=timedelta()), standing(Phase.ACTIVE, 2)], 9, [End(1)]),
    ],
)
def test_steps(authorities: list[Standing], behind: int, steps: list[Step]) -> None:
    assert authority_steps(authorities, behind, OVERLAP, NOW) == steps
