"""Finding the most frequent of very many without adding all of them up. Pure.

Each list is the beginning of one that is sorted by how often its keys occur. What is in none of them can have at most
what each list ends with; when that is less than what the last of the most frequent has, nothing was overlooked.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Beginning:
    """The most frequent keys of one list, and how often others can occur in it at most: 0 when it is whole."""

    counts: dict[str, int] = field(default_factory=dict)
    rest: int = 0


def together(lists: Sequence[Beginning]) -> Counter[str]:
    """How often each key occurs in these lists."""
    found: Counter[str] = Counter()
    for one in lists:
        for key, count in one.counts.items():
            found[key] += count
    return found


def promising(lists: Sequence[Beginning], top: int) -> set[str]:
    """The keys of these lists that may be among the most frequent of all."""
    known = together(lists)
    unknown: Counter[str] = Counter()
    for one in lists:
        for key in one.counts:
            unknown[key] -= one.rest
    rest = overlooked(lists)
    enough = sorted(known.values(), reverse=True)[:top]
    least = enough[-1] if len(enough) == top else 0
    return {key for key, count in known.items() if count + rest + unknown[key] >= least}


def overlooked(lists: Sequence[Beginning]) -> int:
    """How often a key that none of these lists names can occur in all of them together."""
    return sum(one.rest for one in lists)


def most(counts: Counter[str], top: int) -> dict[str, int]:
    """The most frequent, of equals those whose names come first."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:top])


def proven(found: dict[str, int], top: int, rest: int) -> bool:
    """Whether none that was overlooked can belong to the most frequent.

    Args:
        found: the most frequent of what was looked at.
        top: how many are wanted.
        rest: how often another one can occur.
    """
    return rest == 0 or (len(found) == top and min(found.values()) > rest)
