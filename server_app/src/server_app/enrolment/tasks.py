"""What the worker does for an enrolment: it alone has the authority's key."""

from server_app.db import Database, now
from server_app.enrolment import service
from server_app.enrolment.requests import public_key_of
from server_app.errors import Refusal
from server_app.pki.authority import Authority
from server_app.task_queue import TaskQueue

SIGN = "sign-sensor-certificate"


def register(queue: TaskQueue, database: Database, authority: Authority) -> None:
    """Let the worker sign."""

    def sign(claim: str, csr: str) -> str | None:
        """Sign for whoever the claimed token says; returns why not, or None."""
        try:
            key = public_key_of(csr)  # checked again: the queue is writable for others
            sensor_id = service.sensor_of_claim(database, claim)
            service.complete(database, claim, authority.issue_sensor(key, sensor_id, now()), now())
        except Refusal as refusal:
            return refusal.detail
        return None

    queue.handle(SIGN, sign)
