"""A process that works with a spool and is killed, or whose disk fails, at any system call; run as a module.

It has all imports done and forks once for each path on its standard input, so that hundreds of runs are cheap. The
child stops itself until somebody has attached to it, and notes in `<path>.log` what the outside may rely on:
`+id` an event is acknowledged, `-id` it is about to be deleted.
"""

import logging
import os
import signal
import sys
from pathlib import Path

import structlog

from sensor_manager.spool.store import SpoolStore, SpoolUnavailableError
from sensor_support.builders import event, uuid7

EVENTS = 8
BALLAST = 16384
TRIES = 4


def work(path: Path, events: int) -> None:
    """Append events; upload some of them, and set one aside, in between."""
    log = os.open(f"{path}.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    with SpoolStore(path, ballast=BALLAST) as store:
        for number in range(events):
            for _ in range(TRIES):
                try:
                    store.append(event(number, summary="x" * 200))
                except SpoolUnavailableError:
                    continue
                os.write(log, f"+{uuid7(number)}\n".encode())
                break
            if number % 3 == 2:
                delete(store, log, aside=number % 2 == 0)


def delete(store: SpoolStore, log: int, *, aside: bool) -> None:
    """Delete the three oldest events, or set one aside; try again while the disk fails."""
    for _ in range(TRIES):
        try:
            batch = store.oldest(1 if aside else 3, 10**6)
            for each in batch:
                os.write(log, f"-{each.id}\n".encode())
            if aside:
                store.set_aside(batch[0], "bad")
            else:
                store.forget(batch)
        except SpoolUnavailableError:
            continue
        return


def serve() -> None:
    """Fork for each line, `<path> <events>`; tell the child's number, and its end."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    for line in sys.stdin:
        path, events = line.split()
        child = os.fork()
        if not child:
            os.kill(os.getpid(), signal.SIGSTOP)
            try:
                work(Path(path), int(events))
            finally:
                os._exit(0)
        os.waitpid(child, os.WUNTRACED)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        os.waitpid(child, 0)
        sys.stdout.write("ended\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
