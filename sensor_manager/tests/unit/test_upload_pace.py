"""How much is sent at once, and what a refusal means."""

import itertools

import pytest

from sensor_manager.plan.upload_pace import MAX_BYTES, MAX_ITEMS, Pace, Verdict, faster, judge, slower


def test_grows_while_full_batches_are_taken_and_no_further() -> None:
    pace, sizes = Pace(), []
    for _ in range(4):
        pace = faster(pace, pace.items)
        sizes.append(pace.items)
    assert sizes == [100, 200, 200, 200]
    assert faster(Pace(items=20), 3).items == 20


def test_halves_down_to_one_and_returns_with_care() -> None:
    pace = slower(Pace(items=200), 200)
    assert (pace.items, pace.bytes) == (100, MAX_BYTES // 2)
    assert slower(pace, 10).items == 5
    for _ in range(20):
        pace = slower(pace, pace.items)
    assert pace.items == 1
    assert 0 < pace.bytes < MAX_BYTES
    sizes = []
    for _ in range(60):
        pace = faster(pace, pace.items)
        sizes.append(pace.items)
    assert all(after - before <= max(1, before // 8 + 1) for before, after in itertools.pairwise(sizes))
    assert (sizes[-1], pace.bytes) == (MAX_ITEMS, MAX_BYTES)
    assert not pace.careful


@pytest.mark.parametrize(
    ("status", "ours", "of_many", "of_one"),
    [
        (413, False, Verdict.LESS, Verdict.POISON),
        (400, True, Verdict.LESS, Verdict.POISON),
        (422, True, Verdict.LESS, Verdict.POISON),
        (400, False, Verdict.LATER, Verdict.LATER),  # such as a proxy that does not like the certificate
        (422, False, Verdict.LATER, Verdict.LATER),
        (200, False, Verdict.LATER, Verdict.LATER),
        (302, False, Verdict.LATER, Verdict.LATER),
        (401, True, Verdict.LATER, Verdict.LATER),
        (403, True, Verdict.LATER, Verdict.LATER),
        (404, True, Verdict.LATER, Verdict.LATER),
        (407, False, Verdict.LATER, Verdict.LATER),
        (429, True, Verdict.LATER, Verdict.LATER),
        (500, True, Verdict.LESS_LATER, Verdict.SUSPECT),
        (500, False, Verdict.LATER, Verdict.LATER),
        (502, True, Verdict.LATER, Verdict.LATER),
        (503, True, Verdict.LATER, Verdict.LATER),
        (504, True, Verdict.LESS_LATER, Verdict.LATER),
        (None, False, Verdict.LESS_LATER, Verdict.LATER),
    ],
)
def test_what_a_refusal_means(status: int | None, ours: bool, of_many: Verdict, of_one: Verdict) -> None:  # noqa: FBT001 - pytest passes parameters by name
    assert judge(status, ours=ours, items=2) is of_many
    assert judge(status, ours=ours, items=1) is of_one
