"""What was measured, against what it should be: as JSON for programs, as a table for people. Pure but for `write`."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.statistics import figure


@dataclass(frozen=True)
class Goal:
    """The unit of a figure, and the bound it should keep, if there is one."""

    unit: str
    at_least: float | None = None
    at_most: float | None = None

    def holds(self, value: float) -> bool | None:
        """Whether a value keeps the bound; None when there is none."""
        if self.at_least is not None:
            return value >= self.at_least
        return None if self.at_most is None else value <= self.at_most

    def __str__(self) -> str:
        if self.at_least is not None:
            return f">= {figure(self.at_least)}"
        return "" if self.at_most is None else f"<= {figure(self.at_most)}"


GOALS = {
    "polls_unchanged_per_s": Goal("polls/s", at_least=1000),
    "events_batch50_per_s": Goal("events/s", at_least=10_000),
    "events_single_per_s": Goal("events/s", at_least=1000),
    "event_list_p95_ms": Goal("ms", at_most=50),
    "event_list_growth": Goal("x", at_most=1.5),
    "dashboard_p95_ms": Goal("ms", at_most=100),
    "dashboard_growth": Goal("x", at_most=1.5),
    "web_worker_rss_mib": Goal("MiB"),
    "manager_start_s": Goal("s", at_most=3),
    "apply_change_s": Goal("s", at_most=2),
    "manager_cycle_cpu_ms": Goal("ms", at_most=50),
    "manager_rss_mib": Goal("MiB", at_most=60),
    "sensor_events_per_s": Goal("events/s", at_least=1000),
    "honeypot_cowrie_logins_per_s": Goal("logins/s", at_least=20),
    "honeypot_cowrie_200_sessions_mib": Goal("MiB", at_most=256),
    "honeypot_recon_per_s": Goal("connections/s", at_least=500),
    "honeypot_web_http_per_s": Goal("connections/s", at_least=500),
    "honeypot_web_https_per_s": Goal("connections/s", at_least=500),
    "honeypot_rdp_per_s": Goal("connections/s", at_least=500),
    "honeypot_conpot_per_s": Goal("connections/s", at_least=500),
    "honeypot_netservices_per_s": Goal("connections/s", at_least=500),
    "honeypots_flood_lost": Goal("connections", at_most=0),
    "honeypots_rss_mib": Goal("MiB", at_most=450),
    "honeypots_disk_mb": Goal("MB", at_most=900),
    "honeypots_disk_armhf_mb": Goal("MB", at_most=900),
}
"""Every figure there is, in the order of the table."""


@dataclass(frozen=True)
class Result:
    """One line of `results.json`; `floor` and `ratio` (value / floor) are None where there is no floor."""

    figure: str
    value: float
    unit: str
    floor: float | None
    ratio: float | None
    goal: str
    holds: bool | None
    conditions: str


def result(name: str, value: float, conditions: str, floor: float | None = None) -> Result:
    """A measured value beside its goal and its floor."""
    goal = GOALS[name]
    ratio = None if floor is None else round(value / floor, 3)
    rounded = None if floor is None else round(floor, 2)
    return Result(name, round(value, 2), goal.unit, rounded, ratio, str(goal), goal.holds(value), conditions)


def write(results: Iterable[Result], file: Path) -> None:
    """Put all results into a file, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps([asdict(one) for one in results], indent=2) + "\n", encoding="utf-8")
    fresh.replace(file)


def table(results: Sequence[Result]) -> str:
    """The results as people read them; the conditions stand below, by figure."""
    head = ("figure", "value", "unit", "floor", "ratio", "goal", "holds")
    rows = [head, *(_row(one) for one in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    numbers = {1, 3, 4, 5}
    lines = [
        "  ".join(
            cell.rjust(width) if column in numbers else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    rule = "-" * max(map(len, lines))
    notes = [f"{one.figure}: {one.conditions}" for one in results]
    return "\n".join([lines[0], rule, *lines[1:], "", *notes])


def _row(one: Result) -> tuple[str, ...]:
    floor = "" if one.floor is None else figure(one.floor)
    ratio = "" if one.ratio is None else f"{one.ratio:.2f}"
    holds = {None: "", True: "yes", False: "NO"}[one.holds]
    return one.figure, figure(one.value), one.unit, floor, ratio, one.goal, holds
