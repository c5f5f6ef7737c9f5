"""`python -m bench`: measure the server on this machine, or any other by URL and authority."""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.admin import Credentials, read_secret
from bench.errors import BenchError
from bench.event_path import FIGURES as EVENT_PATH
from bench.event_path import measure_event_path
from bench.honeypot_rates import FIGURES as RATES
from bench.honeypot_rates import Size as RateSize
from bench.honeypot_rates import measure_honeypot_rates
from bench.honeypots import FIGURES as HONEYPOTS
from bench.honeypots import measure_honeypots
from bench.images import FIGURES as IMAGES
from bench.images import measure_images
from bench.local_stack import DIST, local_stack
from bench.manager import FIGURES as MANAGER
from bench.manager import measure_manager
from bench.measure import measure
from bench.progress import Progress
from bench.results import GOALS, Result, table, write
from bench.ssh_logins import FIGURES as LOGINS
from bench.ssh_logins import Size as LoginSize
from bench.ssh_logins import measure_ssh_logins
from bench.statistics import figure
from bench.subject import Scale, Subject
from bench.target import Target


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line, checked."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"which to measure (all): {', '.join(GOALS)}")
    parser.add_argument("--output", type=Path, default=DIST / "results.json")
    elsewhere = parser.add_argument_group("another server than one made for this on this machine")
    elsewhere.add_argument("--url", help="https://host:port; simulated sensors are made there and removed again")
    elsewhere.add_argument("--ca-file", type=Path, help="the authority of its certificate")
    elsewhere.add_argument("--username", default="admin")
    elsewhere.add_argument("--password-file", type=Path)
    elsewhere.add_argument("--token-file", type=Path, help="an API token instead of name and password")
    elsewhere.add_argument(
        "--receiver-address", help="this machine as that server sees it: events are forwarded there meanwhile"
    )
    scale = parser.add_argument_group("scale")
    default = Scale()
    scale.add_argument("--sensors", type=_positive, default=default.sensors)
    scale.add_argument("--seconds", type=float, default=default.seconds, help="length of one run")
    scale.add_argument("--rounds", type=_positive, default=default.rounds, help="runs of each load")
    scale.add_argument("--in-flight", type=_positive, default=default.in_flight, help="requests at a time")
    scale.add_argument("--samples", type=_positive, default=default.samples, help="requests for each list")
    scale.add_argument("--events", type=_positive, default=default.events, help="loaded before lists are measured")
    parser.add_argument("--keep", action="store_true", help="leave the server of this machine running at the end")
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.figures) - GOALS.keys():
        parser.error(f"no such figure: {', '.join(sorted(unknown))}; there are {', '.join(GOALS)}")
    if chosen.url and not (chosen.ca_file and (chosen.password_file or chosen.token_file)):
        parser.error("--url needs --ca-file, and --password-file or --token-file")
    return chosen


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


@contextmanager
def subject(chosen: argparse.Namespace, folder: Path, progress: Progress) -> Iterator[Subject]:
    """The server that the command line means."""
    if not chosen.url:
        with local_stack(progress, folder, keep=chosen.keep) as local:
            yield local
        return
    if chosen.token_file:
        credentials = Credentials(token=read_secret(chosen.token_file))
    else:
        credentials = Credentials(chosen.username, read_secret(chosen.password_file))
    yield Subject(Target(chosen.url, chosen.ca_file), credentials, folder, receiver=chosen.receiver_address)


def _measured(chosen: argparse.Namespace, scale: Scale, folder: Path, progress: Progress) -> Iterator[Result]:
    """All that is wanted and can be measured there, each when it is known."""
    wanted = tuple(chosen.figures) or tuple(GOALS)
    if set(wanted) - MANAGER - EVENT_PATH - HONEYPOTS - RATES - LOGINS - IMAGES:
        with subject(chosen, folder, progress) as measured:
            yield from measure(measured, scale, wanted, progress)
    if chosen.url:
        return
    if set(wanted) & MANAGER:
        own = folder / "manager"
        own.mkdir()
        yield from measure_manager(own, set(wanted), progress)
    if set(wanted) & EVENT_PATH:
        own = folder / "event_path"
        own.mkdir()
        yield from measure_event_path(own, progress)
    if set(wanted) & HONEYPOTS:
        yield from measure_honeypots(folder / "honeypots", progress)
    if set(wanted) & RATES:
        size = RateSize(rounds=scale.rounds)
        yield from measure_honeypot_rates(folder / "rates", set(wanted), size, progress)
    if set(wanted) & LOGINS:
        yield from measure_ssh_logins(folder / "logins", set(wanted), LoginSize(rounds=scale.rounds), progress)
    if set(wanted) & IMAGES:
        yield from measure_images(set(wanted), progress)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, write; 0 when everything asked for was measured, whether it holds or not.

    What was measured before something failed took long, too: it is written all the same.
    """
    chosen, progress = options(arguments), Progress()
    scale = Scale(chosen.sensors, chosen.seconds, chosen.rounds, chosen.in_flight, chosen.samples, chosen.events)
    os.umask(0o077)
    results: list[Result] = []
    try:
        with tempfile.TemporaryDirectory(prefix="honeysens-bench-") as folder:
            for one in _measured(chosen, scale, Path(folder), progress):
                results.append(one)
                progress.say(f"{one.figure}: {figure(one.value)} {one.unit}")
    except BenchError as problem:
        progress.say(f"The measurement failed: {problem}")
        return 1
    except KeyboardInterrupt:
        progress.say("Interrupted; what was made has been removed.")
        return 130
    else:
        return 0
    finally:
        if results:
            results.sort(key=lambda one: list(GOALS).index(one.figure))
            write(results, chosen.output)
            sys.stdout.write(f"{table(results)}\n\nWritten to {chosen.output}\n")


if __name__ == "__main__":
    sys.exit(main())
