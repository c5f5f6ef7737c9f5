"""What the sensor says of itself: to the server, and to those who come to look."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from sensor_manager import __version__
from sensor_manager.connection import ConnectionKeeper
from sensor_manager.plan.report import ServicesReport, news_of
from sensor_manager.platforms.base import Platform
from sensor_manager.reach import Reach
from sensor_manager.reconciler import Reconciler
from sensor_manager.scratch import Scratch
from sensor_manager.server.clock import ServerClock
from sensor_manager.server.identity import trusted
from sensor_manager.settings import Settings
from sensor_manager.spool.store import SpoolStore
from sensor_manager.status import Status
from sensor_wire.sensor_config import SensorConfig
from sensor_wire.v1.desired import Desired
from sensor_wire.v1.poll import Report

MAX_ADDRESSES = 64


@dataclass(frozen=True, slots=True)
class Reporter:
    """Puts together what the manager's parts know."""

    settings: Settings
    config: SensorConfig
    platform: Platform
    reconciler: Reconciler
    store: SpoolStore
    reach: Reach
    connection: ConnectionKeeper
    clock: ServerClock
    scratch: Scratch

    def news(self) -> tuple[object, ServicesReport]:
        """Return what the server wants to know at once when it changes."""
        generation, services = self.reconciler.published.report()
        return (generation, self.reconciler.rules.repairs, self.scratch.error), news_of(services)

    def report(self) -> Report:
        """Return the report of this moment."""
        figures = self.platform.figures(self.settings.state)
        addresses = (*self.platform.addresses(self.settings.interface), *self.connection.further_addresses)
        generation, services = self.reconciler.published.report()
        error = self.reconciler.rules.error or self.scratch.error
        return Report(
            observed_at=self.clock.now() or datetime.now(UTC),
            generation=generation,
            firmware=__version__,
            platform=self.platform.name,
            architecture=self.platform.architecture,
            addresses=list(dict.fromkeys(addresses))[:MAX_ADDRESSES],
            uptime=figures.uptime,
            memory_total=figures.memory_total,
            memory_available=figures.memory_available,
            disk_total=figures.disk_total,
            disk_used=figures.disk_used,
            clock_offset=self.clock.offset(),
            connection=self.connection.report(),
            trust=trusted(self.settings.authorities),
            spool=self.store.report(),
            services=list(services.services),
            check=self.reach.last_check,
            netfilter=self.reconciler.rules.repairs,
            error=error[:256] if error else None,
        )

    def status(self, desired: Desired | None) -> Status:
        """Return the state of this moment for people."""
        return Status(
            sensor=f"{self.config.sensor_id} {self.config.sensor_name}",
            server=self.connection.url(self.config),
            written_at=time.monotonic(),
            answered_at=self.reach.answered_at,
            refusal=self.reach.refusal,
            wanted_generation=desired.generation if desired else 0,
            report=self.report(),
            attempts=dict(self.reconciler.attempts()),
            netfilter_error=self.reconciler.rules.error,
        )
