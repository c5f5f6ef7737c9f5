"""The most frequent of many lists, from the beginnings of the lists alone."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from server_app.stats.leading import Gathered, most, promising, proven

LISTS = st.lists(st.dictionaries(st.sampled_from("abcdefghij"), st.integers(1, 9), max_size=10), max_size=5)


def gathered(lists: list[dict[str, int]], depth: int) -> Gathered:
    found = Gathered()
    for whole in lists:
        counts = most(Counter(whole), depth)
        rest = min(counts.values()) if len(counts) == depth else 0
        found.counts.update(counts)
        found.known.update(dict.fromkeys(counts, rest))
        found.rest += rest
    return found


@given(lists=LISTS, depth=st.integers(1, 11), top=st.integers(1, 4))
def test_what_is_proven_is_what_adding_everything_up_gives(lists: list[dict[str, int]], depth: int, top: int) -> None:
    whole: Counter[str] = sum(map(Counter, lists), Counter())
    beginnings = gathered(lists, depth)
    chosen = promising(beginnings, top)
    found = most(Counter({key: whole[key] for key in chosen}), top)
    if proven(found, top, beginnings.rest):
        assert found == most(whole, top)
    else:
        assert depth <= max(map(len, lists))


def test_few_rows_prove_a_clear_lead() -> None:
    lists = [{"a": 1000, "b": 900, **{f"x{number}-{other}": 3 for number in range(99)}} for other in range(10)]
    beginnings = gathered(lists, 3)
    assert proven({"a": 10_000, "b": 9000}, 2, beginnings.rest)
    assert {"a", "b"} <= promising(beginnings, 2)
    assert not any(key.startswith("x") for key in promising(beginnings, 2))
