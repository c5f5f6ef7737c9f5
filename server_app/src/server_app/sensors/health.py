"""What is wrong with a sensor, judged by its report. Pure."""

from datetime import datetime, timedelta

from sensor_wire.v1.poll import ConnectionState, Report, ServiceState, UpdateState
from server_app.sensors.models import Health

CLOCK_TOLERANCE = 60.0  # seconds
DISK_FULL = 0.95
REPAIR_REMEMBERED = timedelta(days=1)


def clock_offset(report: Report, received_at: datetime) -> float:
    """How many seconds the sensor's clock is ahead, by its own account or by the time its report bears."""
    if report.clock_offset is not None:
        return report.clock_offset
    return (report.observed_at - received_at).total_seconds()


def warnings(report: Report, received_at: datetime) -> list[str]:
    """What should be looked at, in words for people."""
    failed = [service for service in report.services if service.state is ServiceState.FAILED]
    found = [f"{each.name} {'ends again and again' if each.crash_loop else 'does not run'}" for each in failed]
    if report.disk_total and report.disk_used > DISK_FULL * report.disk_total:
        found.append("the disk is nearly full")
    if abs(clock_offset(report, received_at)) > CLOCK_TOLERANCE:
        found.append("the clock is wrong")
    if report.netfilter is not None and received_at - report.netfilter.repaired_at < REPAIR_REMEMBERED:
        found.append("somebody has changed the netfilter rules; they were put right")
    if report.update is not None and report.update.state in {UpdateState.UNDONE, UpdateState.FAILED}:
        found.append("the last update of the firmware did not work")
    if report.connection is not None and report.connection.reason is not None:
        undone = report.connection.state is ConnectionState.UNDONE
        what = "the change of its connection was undone" if undone else "its connection is not as it should be"
        found.append(f"{what}: {report.connection.reason}")
    return found


def health_of(report: Report, received_at: datetime) -> Health:
    """An error keeps the desired state from being applied; of warnings, the rest works."""
    if report.error:
        return Health.ERROR
    return Health.WARNING if warnings(report, received_at) else Health.OK
