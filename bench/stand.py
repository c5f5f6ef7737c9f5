"""One honeypot's container and the sensor's end of its socket, as the honeypots' own tests make them."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree as ET

from bench.local_stack import ROOT

SERVICES = ROOT / "service_images"
SEED = "5e" * 32
if TYPE_CHECKING:
    from honeypot_testing.container import HoneypotContainer
    from honeypot_testing.sensor_end import SensorEnd


class Stand(NamedTuple):
    """What runs."""

    container: "HoneypotContainer"
    end: "SensorEnd"

    def processor(self) -> float:
        """Seconds of processor time that the honeypot's processes have used so far."""
        return sum(map(_processor_seconds, self.container.processes()))


@contextmanager
def stand(  # noqa: PLR0913 - a container has that many
    service: str,
    image: str,
    folder: Path,
    *,
    bare: bool = False,
    command: Sequence[str] = (),
    options: Mapping[str, object] | None = None,
) -> Iterator[Stand]:
    """Run a honeypot.

    Args:
        service: its folder.
        image: its image.
        folder: for the socket; is made.
        bare: its software without the adapter.
        command: something else in its place; it finds the folder as /run/honeysens.
        options: an operator's.
    """
    support = str(SERVICES / "tests" / "support")
    if support not in sys.path:
        sys.path.append(support)
    from honeypot_testing.captured import capture  # noqa: PLC0415 - what the honeypots' tests are made with
    from honeypot_testing.container import HoneypotContainer  # noqa: PLC0415
    from honeypot_testing.sensor_end import SensorEnd  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    identity = folder / "identity"
    identity.write_text(SEED, encoding="ascii")
    for path, mode in ((folder, 0o755), (identity, 0o644)):
        path.chmod(mode)  # the honeypots are other users
    metadata = ET.parse(SERVICES / service / "metadata.xml")  # noqa: S314 - our own file
    memory = int(metadata.findtext("memory", "256"))
    with (
        SensorEnd(folder / "events.sock") as end,
        HoneypotContainer(image, folder, memory, options, bare=bare, command=command) as container,
    ):
        if metadata.findtext("catchAll") == "true" and not bare and not command:
            capture(container, end)
        yield Stand(container, end)


def _processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
