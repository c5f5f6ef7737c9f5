"""How the sensor is, on one page."""

from collections.abc import Iterator

from sensor_manager.plan.selfcheck import page
from sensor_manager.status import Status
from sensor_wire.v1.poll import ConnectionState, ServiceReport

MIB = 1024 * 1024
EXACT_SECONDS = 2.0
"""An answer's date has no parts of seconds, and takes a moment to come."""
CONNECTIONS = {
    ConnectionState.TRYING: "a change is tried, and undone unless the server answers",
    ConnectionState.CONFIRMED: "as the server wants it",
    ConnectionState.UNDONE: "the last change was undone",
}


def status_page(status: Status | None, complaint: str | None, now: float) -> Iterator[str]:
    """Yield the page's lines.

    Args:
        status: what the manager left at its last cycle.
        complaint: why the manager is not healthy.
        now: monotonic time in seconds.
    """
    yield f"manager     {complaint or 'makes progress'}"
    if status is None:
        yield "            it has not finished a cycle yet; see: sensor-manager logs"
        return
    report = status.report
    yield f"sensor      {status.sensor}, {report.platform} ({report.architecture}), firmware {report.firmware}"
    yield f"server      {status.server}, {_contact(status, now)}"
    if report.connection is not None:
        reason = f": {report.connection.reason}" if report.connection.reason else ""
        yield f"connection  {CONNECTIONS[report.connection.state]}{reason}"
    yield f"clock       {_clock(report.clock_offset)}"
    yield f"addresses   {', '.join(map(str, report.addresses)) or 'none'}"
    yield f"state       generation {report.generation} of {status.wanted_generation} is applied in full"
    if report.error:
        yield f"error       {report.error}"
    if report.netfilter is not None:
        repairs, last = report.netfilter.repairs, report.netfilter.repaired_at
        yield f"netfilter   changed by somebody else {repairs} times, last put right {last:%Y-%m-%d %H:%M} UTC"
    spool = report.spool
    yield f"events      {spool.depth} wait, {spool.dropped} were dropped, {_set_aside(spool.quarantined)}"
    if spool.refused or spool.damaged:
        yield f"            {spool.refused} of honeypots were refused, {spool.damaged} files of events were damaged"
    yield f"disk        {report.disk_used // MIB} of {report.disk_total // MIB} MiB used"
    yield f"memory      {report.memory_available // MIB} of {report.memory_total // MIB} MiB available"
    for service in report.services:
        yield from _service(service)
    if report.check is not None and not all(each.ok for each in report.check.items):
        yield f"self-check  of {report.check.checked_at:%Y-%m-%d %H:%M} UTC"
        yield from (f"            {line}" for line in page(report.check.items))


def _contact(status: Status, now: float) -> str:
    if status.answered_at is None:
        return f"has not answered yet: {status.refusal or 'nobody has asked'}"
    since = f"last answer {now - status.answered_at:.0f} s ago"
    return f"{since}; since then: {status.refusal}" if status.refusal else since


def _clock(offset: float | None) -> str:
    if offset is None:
        return "the server has not told the time yet; events are corrected once it has"
    if abs(offset) < EXACT_SECONDS:
        return "agrees with the server's"
    return f"{abs(offset):.0f} s {'ahead of' if offset > 0 else 'behind'} the server's; events carry the server's time"


def _set_aside(count: int) -> str:
    return f"{count} set aside; see: sensor-manager quarantine" if count else "0 set aside"


def _service(service: ServiceReport) -> Iterator[str]:
    progress = ""
    if service.progress is not None and service.progress.total:
        progress = f" {100 * service.progress.done // service.progress.total} %"
    restarts = f", {service.restarts} restarts" if service.restarts else ""
    yield f"service     {service.name} {service.revision or ''} {service.state}{progress}{restarts}"
    if service.error:
        yield f"            {service.error}"
    yield from (f"            | {line}" for line in service.log)
