"""Hands an administrator's key to the worker: in a file, so that it is in no task and no log."""

import json
from datetime import datetime
from secrets import token_hex
from urllib.parse import urlsplit

from server_app.context import Context
from server_app.errors import FieldError, Invalid, Unavailable
from server_app.files import write_atomically
from server_app.pki import jobs
from server_app.pki.own_chain import checked
from server_app.pki.schemas import OwnCertificate
from server_app.task_queue import TaskFailed

LIMIT = 128 * 1024
WAIT_SECONDS = 15
RETRY_SECONDS = 30


def handed_over(context: Context, given: OwnCertificate, user_id: int, now: datetime) -> int:
    """Let the worker take over an own certificate of this user.

    Returns:
        The number of its row.

    Raises:
        Invalid: it cannot be used.
        Unavailable: the worker did not take it; nothing has changed.
    """
    host = urlsplit(context.settings.public_url).hostname or "localhost"
    checked(given.key, given.chain, given.authority, host, now)
    name = token_hex(16)
    file = context.settings.data_dir / f"{jobs.INCOMING}{name}"
    write_atomically(file, json.dumps(given.model_dump()).encode(), 0o600)
    try:
        answer = context.queue.enqueue(jobs.INSTALL, name, user_id, urgent=True)(WAIT_SECONDS)
    except (TimeoutError, TaskFailed) as error:
        raise Unavailable("The worker did not take the certificate. Try again.", RETRY_SECONDS) from error
    finally:
        file.unlink(missing_ok=True)
    if "refused" in answer:
        raise Invalid(answer["refused"], (FieldError("/chain", answer["refused"]),))
    number: int = answer["certificate"]
    return number
