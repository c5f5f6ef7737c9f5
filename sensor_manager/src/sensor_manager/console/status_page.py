"""How the sensor is, on one page."""

from collections.abc import Iterator

from sensor_manager.plan.selfcheck import page
from sensor_manager.status import Status
from sensor_wire.v1.poll import ServiceReport

MIB = 1024 * 1024


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
    yield f"addresses   {', '.join(map(str, report.addresses)) or 'none'}"
    yield f"state       generation {report.generation} of {status.wanted_generation} is applied in full"
    if report.error:
        yield f"error       {report.error}"
    if report.netfilter is not None:
        repairs, last = report.netfilter.repairs, report.netfilter.repaired_at
        yield f"netfilter   changed by somebody else {repairs} times, last put right {last:%Y-%m-%d %H:%M} UTC"
    spool = report.spool
    yield f"events      {spool.depth} wait, {spool.dropped} were dropped, {spool.quarantined} set aside"
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


def _service(service: ServiceReport) -> Iterator[str]:
    progress = ""
    if service.progress is not None and service.progress.total:
        progress = f" {100 * service.progress.done // service.progress.total} %"
    restarts = f", {service.restarts} restarts" if service.restarts else ""
    yield f"service     {service.name} {service.revision or ''} {service.state}{progress}{restarts}"
    if service.error:
        yield f"            {service.error}"
    yield from (f"            | {line}" for line in service.log)
