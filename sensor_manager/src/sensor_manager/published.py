"""What others may read of the reconciler's last look: how services are reached, and how they are."""

import threading

from sensor_manager.model import Observed, Site
from sensor_manager.plan.containers import current_container
from sensor_manager.plan.destination import Exposure, exposure
from sensor_manager.plan.report import ServicesReport, report_services
from sensor_manager.plan.services import select
from sensor_wire.v1.desired import Desired


class Published:
    """`publish` is for one thread; what it leaves may be read by all."""

    def __init__(self) -> None:
        self._exposures: dict[str, Exposure] = {}
        self._sandboxes: dict[str, str] = {}
        self._lock = threading.Lock()
        self._report = ServicesReport((), complete=False)
        self._generation = 0

    def exposure(self, service: str) -> Exposure:
        """Return how the service is reached at this moment."""
        return self._exposures.get(service, Exposure())

    def sandbox(self, service: str) -> str | None:
        """Return the network namespace of a service if it is prepared for a catch-all."""
        return self._sandboxes.get(service)

    def report(self) -> tuple[int, ServicesReport]:
        """Return the generation that is applied in full, and the state of all services."""
        with self._lock:
            return self._generation, self._report

    def publish(self, observed: Observed, desired: Desired | None, site: Site) -> set[str]:
        """Let everybody see what is now, before anything is started.

        Returns:
            The services whose socket must be there.
        """
        selection = select(observed, desired, site)
        self._exposures = {name: exposure(wanted, observed.addresses) for name, wanted in selection.wanted.items()}
        found = {name: current_container(observed, wanted) for name, wanted in selection.wanted.items()}
        self._sandboxes = {name: each.sandbox for name, each in found.items() if each is not None and each.prepared}
        report = report_services(observed, desired, site)
        with self._lock:
            self._report = report
            if desired is not None and report.complete:
                self._generation = desired.generation
        return selection.wanted.keys() | {each.service for each in observed.containers}
