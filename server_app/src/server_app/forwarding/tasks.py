"""What the worker does on behalf of people: the test of the settings, from where events are forwarded."""

import time

from server_app.db import Database, now
from server_app.forwarding.link import Link, Undeliverable
from server_app.forwarding.message import Sender, check_message
from server_app.forwarding.preferences import ForwardingSection
from server_app.preferences import service as preferences
from server_app.task_queue import TaskQueue

TEST = "test-forwarding"
OBJECTION_SECONDS = 0.5
LOOK_AGAIN = 0.02


def register(queue: TaskQueue, database: Database, host: str) -> None:
    """Let the worker test."""

    def run() -> str | None:
        with database.reading() as session:
            section = preferences.load(session, ForwardingSection)
        return test(section, host)

    queue.handle(TEST, run)


def test(section: ForwardingSection, host: str) -> str | None:
    """Send a test message by these settings.

    Returns:
        Why it did not arrive; None when the receiver's machine has taken it and nobody objected.
    """
    try:
        link = Link(section)
        try:
            # Over TLS 1.3, a receiver that wants a certificate of ours says so after the connection is made.
            _listen(link)
            link.send(check_message(Sender(host, section.facility), now()), 0)
            _listen(link)
        finally:
            link.close()
    except Undeliverable as failure:
        return str(failure)
    return None


def _listen(link: Link) -> None:
    deadline = time.monotonic() + OBJECTION_SECONDS
    while not link.ended() and time.monotonic() < deadline:
        time.sleep(LOOK_AGAIN)
