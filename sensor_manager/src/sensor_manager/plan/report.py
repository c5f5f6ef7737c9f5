"""What the sensor tells the server about its services."""

from dataclasses import dataclass

from sensor_manager.model import Attempts, Observed, ObservedContainer, Site
from sensor_manager.plan.containers import current_container
from sensor_manager.plan.contract import contract_hash, image_reference
from sensor_manager.plan.services import Wanted, select
from sensor_wire.v1.desired import Desired
from sensor_wire.v1.poll import ServiceReport, ServiceState

MAX_ERROR = 1024
DIGEST_SEPARATOR = "@"


@dataclass(frozen=True, slots=True)
class ServicesReport:
    """The state of all services; `complete` says that the desired state is applied in full."""

    services: tuple[ServiceReport, ...]
    complete: bool


def report_services(observed: Observed, desired: Desired | None, site: Site) -> ServicesReport:
    """Describe every desired service and every honeypot that still has to go."""
    selection = select(observed, desired, site)
    reports = [_wanted_report(observed, wanted, site) for wanted in selection.wanted.values()]
    known = set(selection.wanted)
    for name, reason in selection.refused.items():
        if name not in known:
            known.add(name)
            reports.append(ServiceReport(name=name, state=ServiceState.FAILED, error=reason[:MAX_ERROR]))
    for container in observed.containers:
        if container.service not in known:
            known.add(container.service)
            state = ServiceState.STOPPING if desired is not None else ServiceState.UNKNOWN
            reports.append(_report(container, state, None, 0))
    complete = desired is not None and all(each.state is ServiceState.RUNNING for each in reports)
    return ServicesReport(tuple(sorted(reports, key=lambda each: each.name)), complete and not selection.refused)


def _wanted_report(observed: Observed, wanted: Wanted, site: Site) -> ServiceReport:
    container = current_container(observed, wanted)
    attempts = observed.attempts.get(wanted.service.name)
    contract = contract_hash(wanted.service)
    if attempts is not None and attempts.contract != contract:
        attempts = None
    state = _state(observed, wanted, container, attempts, site)
    error = observed.netfilter_error or (attempts.error if attempts else None)
    if state is ServiceState.FAILED and error is None and container is not None:
        error = container.error or f"it ended with code {container.exit_code} and will be started again"
    restarts = attempts.restarts if attempts else 0
    if container is None:
        name = wanted.service.name
        return ServiceReport(name=name, state=state, error=error[:MAX_ERROR] if error else None, restarts=restarts)
    return _report(container, state, error, restarts)


def _state(
    observed: Observed, wanted: Wanted, container: ObservedContainer | None, attempts: Attempts | None, site: Site
) -> ServiceState:
    service = wanted.service
    if observed.netfilter_error is not None:
        return ServiceState.FAILED
    if container is not None and container.contract == contract_hash(service):
        if container.running:
            ready = container.prepared or not service.catch_all
            return ServiceState.RUNNING if ready else ServiceState.STARTING
        return ServiceState.FAILED if attempts is not None and attempts.count > 0 else ServiceState.STARTING
    image = image_reference(site, service)
    if image in observed.pulling:
        return ServiceState.PULLING
    if attempts is not None and attempts.error is not None:
        return ServiceState.FAILED
    return ServiceState.STARTING if image in observed.images else ServiceState.PULLING


def _report(container: ObservedContainer, state: ServiceState, error: str | None, restarts: int) -> ServiceReport:
    _, _, digest = container.image.partition(DIGEST_SEPARATOR)
    return ServiceReport(
        name=container.service,
        state=state,
        revision=container.revision,
        digest=digest or None,
        restarts=restarts,
        error=error[:MAX_ERROR] if error else None,
    )
