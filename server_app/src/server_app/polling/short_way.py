"""The short way to the answer of a poll by which nothing is new."""

from http import HTTPStatus

from server_app.api_base.short_way import Answer, Plain, Way
from server_app.context import Context
from server_app.db import now
from server_app.metrics.instruments import POLL_ANSWERS, Instruments
from server_app.pki.standing import require_active
from server_app.polling import service
from server_app.polling.known import KNOWN
from server_app.polling.reading import MAX_REPORT_BYTES, outside_of, sound
from server_app.polling.service import Visit
from server_app.polling.significant import digest


def _unchanged(context: Context, instruments: Instruments, request: Plain) -> Answer | None:
    found = KNOWN.first(context.database, fingerprint=request.proof.fingerprint)
    if found is None or require_active(found[0], request.proof) is not None:
        return None
    report, at = sound(request.body), now()
    if report is None:
        return None
    visit = Visit(request.proof.sensor_id, found[1], at, report, lambda tag: request.known == f'"{tag}"')
    tag = service.unchanged(context.contacts, visit, outside_of(context.settings), digest(report, at))
    if tag is None:
        return None
    instruments.count_poll(POLL_ANSWERS[HTTPStatus.NO_CONTENT])
    return Answer(HTTPStatus.NO_CONTENT, headers={"ETag": f'"{tag}"'})


POLL = Way(MAX_REPORT_BYTES, _unchanged)
