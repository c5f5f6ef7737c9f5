from typing import ClassVar

from server_app.fields import PollInterval
from server_app.preferences.section import Section


class SensorSection(Section):
    """What holds for sensors that have no value of their own; null means what the server's environment says."""

    name: ClassVar[str] = "sensors"

    poll_interval: PollInterval | None = None

    def interval(self, environment: int) -> int:
        """Seconds between the polls of a sensor without an interval of its own.

        Args:
            environment: the interval that the server was started with.
        """
        return self.poll_interval or environment
