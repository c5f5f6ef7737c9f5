"""Answers exploits as if they had worked. Nothing is run, fetched or written; what cannot be played gives None."""

from typing import NamedTuple

from web_honeypot import inclusions, injections, products
from web_honeypot.outcome import Case, Outcome
from web_honeypot.rules import Match

ANSWERS = inclusions.ANSWERS | injections.ANSWERS | products.ANSWERS
"""Who answers, by the name that rules give."""


class Answered(NamedTuple):
    """An outcome and the match it belongs to."""

    outcome: Outcome
    match: Match


def answer(case: Case, matches: tuple[Match, ...]) -> Answered | None:
    """Give the answer of the gravest rule that has one.

    Args:
        case: the request and who plays.
        matches: the rules that the request fits.
    """
    for match in matches:
        play = ANSWERS.get(match.rule.answer)
        outcome = play(case, match) if play else None
        if outcome is not None:
            return Answered(outcome, match)
    return None
