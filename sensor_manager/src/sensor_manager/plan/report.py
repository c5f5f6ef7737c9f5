"""What the sensor tells the server about its services."""

from dataclasses import dataclass, replace

from sensor_manager.model import Attempts, Forwarding, Observed, ObservedContainer, Site
from sensor_manager.plan.attempts import crash_loops
from sensor_manager.plan.containers import current_container
from sensor_manager.plan.contract import contract_hash, image_reference
from sensor_manager.plan.forwarding import forwarding
from sensor_manager.plan.in_force import reached
from sensor_manager.plan.netfilter import render_sensor
from sensor_manager.plan.services import Wanted, select
from sensor_wire.v1.desired import Desired
from sensor_wire.v1.poll import PullProgress, ServiceReport, ServiceState

MAX_ERROR = 1024
QUARTERS = 4
DIGEST_SEPARATOR = "@"


@dataclass(frozen=True, slots=True)
class ServicesReport:
    """The state of all services; `complete` says that the desired state is applied in full, netfilter too."""

    services: tuple[ServiceReport, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class _Sight:
    """What is seen of the sensor, and what netfilter shall let through."""

    observed: Observed
    site: Site
    forwarding: Forwarding


def report_services(observed: Observed, desired: Desired | None, site: Site) -> ServicesReport:
    """Describe every desired service and every honeypot that still has to go."""
    selection = select(observed, desired, site)
    let_through = forwarding(observed, selection, site)
    sight = _Sight(observed, site, let_through)
    reports = [_wanted_report(sight, wanted) for wanted in selection.wanted.values()]
    known = set(selection.wanted)
    for name, reason in selection.refused.items():
        if name not in known:
            known.add(name)
            reports.append(ServiceReport(name=name, state=ServiceState.FAILED, error=reason[:MAX_ERROR]))
    for container in observed.containers:
        if container.service not in known:
            known.add(container.service)
            state = ServiceState.STOPPING if desired is not None else ServiceState.UNKNOWN
            reports.append(ServiceReport(name=container.service, state=state).model_copy(update=_made_from(container)))
    complete = desired is not None and all(each.state is ServiceState.RUNNING for each in reports)
    complete = complete and not selection.refused and observed.netfilter == render_sensor(let_through)
    return ServicesReport(tuple(sorted(reports, key=lambda each: each.name)), complete)


def trouble_of(report: ServicesReport) -> str | None:
    """Return which honeypots do not run although they should; None when there are none."""
    failed = [each.name for each in report.services if each.state is ServiceState.FAILED]
    return f"{', '.join(failed)} cannot be run" if failed else None


def news_of(report: ServicesReport) -> ServicesReport:
    """Return what of a report the server wants to know at once: of a pull, every quarter."""
    return replace(report, services=tuple(_in_quarters(each) for each in report.services))


def _in_quarters(report: ServiceReport) -> ServiceReport:
    if report.progress is None or not report.progress.total:
        return report
    quarter = report.progress.done * QUARTERS // report.progress.total
    return report.model_copy(update={"progress": PullProgress(done=quarter, total=QUARTERS)})


def _wanted_report(sight: _Sight, wanted: Wanted) -> ServiceReport:
    observed = sight.observed
    container = current_container(observed, wanted)
    attempts = observed.attempts.get(contract_hash(wanted.service), Attempts())
    state = _state(sight, wanted, container, attempts)
    error = observed.netfilter_error or attempts.error
    if state is ServiceState.FAILED and error is None and container is not None:
        error = _ending(container, attempts)
    progress = observed.pulling.get(image_reference(sight.site, wanted.service))
    report = ServiceReport(
        name=wanted.service.name,
        state=state,
        error=error[:MAX_ERROR] if error else None,
        restarts=attempts.restarts,
        progress=progress,
        crash_loop=crash_loops(attempts),
        log=list(attempts.log),
    )
    return report if container is None else report.model_copy(update=_made_from(container))


def _ending(container: ObservedContainer, attempts: Attempts) -> str:
    ending = attempts.ending or ending_of(container)
    if not crash_loops(attempts):
        return f"{ending} and will be started again"
    return (
        f"{ending}, again and again ({attempts.restarts} restarts); see its last lines, change its options or revision"
    )


def ending_of(container: ObservedContainer) -> str:
    """Say how a container has ended."""
    return container.error or f"it ended with code {container.exit_code}"


def _state(sight: _Sight, wanted: Wanted, container: ObservedContainer | None, attempts: Attempts) -> ServiceState:
    observed, service = sight.observed, wanted.service
    if observed.netfilter_error is not None:
        return ServiceState.FAILED
    if container is not None and container.contract == contract_hash(service):
        if container.running and not crash_loops(attempts):
            ready = container.prepared or not service.catch_all
            ready = ready and reached(observed.netfilter, sight.forwarding, wanted.place.pot)
            return ServiceState.RUNNING if ready else ServiceState.STARTING
        return ServiceState.FAILED if attempts.count > 0 else ServiceState.STARTING
    image = image_reference(sight.site, service)
    if image in observed.pulling:
        return ServiceState.PULLING
    if attempts.error is not None:
        return ServiceState.FAILED
    return ServiceState.STARTING if image in observed.images else ServiceState.PULLING


def _made_from(container: ObservedContainer) -> dict[str, str | None]:
    _, _, digest = container.image.partition(DIGEST_SEPARATOR)
    return {"revision": container.revision or None, "digest": digest or None}
