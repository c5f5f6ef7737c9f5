"""The poll's body: what a sensor reports of itself.

The answer is 200 with `Desired` and its `ETag`, or 204 when the `If-None-Match` of the request names the current one.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, IPvAnyAddress, StringConstraints

from sensor_wire.base import Count, ImageDigest, RevisionName, ServiceName, ShortText, Timestamp, WireModel
from sensor_wire.v1.architecture import Architecture


class ServiceState(StrEnum):
    """What a honeypot of the sensor is doing."""

    PULLING = "pulling"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    FAILED = "failed"
    UNKNOWN = "unknown"


class PullProgress(WireModel):
    """How much of an image has come, in bytes; `total` is what was missing, the layers of other images not counted."""

    done: Count
    total: Count


LogLine = Annotated[str, StringConstraints(max_length=200, pattern=r"^[ -~]*$")]
"""A line that a honeypot wrote: attackers have a hand in it, so it is plain printable ASCII."""


class ServiceReport(WireModel):
    """One honeypot as the sensor sees it."""

    name: ServiceName
    state: ServiceState
    revision: RevisionName | None = None
    digest: ImageDigest | None = None
    restarts: Count = 0
    error: Annotated[str, StringConstraints(max_length=1024)] | None = None
    progress: PullProgress | None = Field(default=None, description="of the image that is on its way")
    crash_loop: bool = Field(default=False, description="it ends again and again shortly after its start")
    log: Annotated[list[LogLine], Field(max_length=10, description="the last lines before it ended")] = Field(
        default_factory=list
    )


class CheckItem(WireModel):
    """One line of a sensor's self-check; when it is not `ok`, `detail` says what to do."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z]{1,16}$")]
    ok: bool
    detail: ShortText


class CheckReport(WireModel):
    """What a sensor found when it last looked for reasons why it could not, or might not, reach its server."""

    checked_at: Timestamp
    items: Annotated[list[CheckItem], Field(max_length=16)]


class SpoolReport(WireModel):
    """The sensor's event spool: events waiting, their bytes, and what was dropped or set aside since it was made.

    `refused` counts events of its honeypots that were malformed or too long, `damaged` the files that could not be
    read any more; events known to be lost with them are among the dropped ones.
    """

    depth: Count = 0
    bytes: Count = 0
    dropped: Count = 0
    quarantined: Count = 0
    refused: Count = 0
    damaged: Count = 0


class UpdateState(StrEnum):
    """How far a change of firmware is: the trial is undone unless the new one reaches the server."""

    NONE = "none"
    PREPARING = "preparing"
    TRYING = "trying"
    CONFIRMED = "confirmed"
    UNDONE = "undone"
    FAILED = "failed"


class UpdateReport(WireModel):
    """The last change of firmware: to which revision, and why it did not work."""

    state: UpdateState
    revision: RevisionName | None = None
    error: Annotated[str, StringConstraints(max_length=1024)] | None = None


class NetfilterReport(WireModel):
    """Somebody else has changed the sensor's rules: how often since its manager started, and the last repair."""

    repairs: Count
    repaired_at: Timestamp


class ConnectionState(StrEnum):
    """How far a change of network, proxy or server endpoint is: it is undone unless the server is reached with it."""

    TRYING = "trying"
    CONFIRMED = "confirmed"
    UNDONE = "undone"


class ConnectionReport(WireModel):
    """The last change of the way to the server, and what is wrong with it."""

    state: ConnectionState
    reason: ShortText | None = None


class Report(WireModel):
    """A sensor's state. Who it is comes from its certificate, never from the body. Sizes are bytes, times seconds."""

    observed_at: Timestamp
    generation: Annotated[Count, Field(description="the generation that is applied in full; 0 for none")] = 0
    firmware: RevisionName
    platform: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    architecture: Architecture
    addresses: Annotated[list[IPvAnyAddress], Field(max_length=64)] = Field(default_factory=list)
    uptime: Count = 0
    memory_total: Count = 0
    memory_available: Count = 0
    disk_total: Count = 0
    disk_used: Count = 0
    clock_offset: Annotated[
        float | None, Field(ge=-1e9, le=1e9, description="how far the clock was ahead of the server's at the last poll")
    ] = None
    trust: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = Field(
        default=None, description="SHA-256 of the authorities that the sensor trusts, as `ca_chain` had them"
    )
    spool: SpoolReport = SpoolReport()
    update: UpdateReport | None = None
    connection: ConnectionReport | None = None
    services: Annotated[list[ServiceReport], Field(max_length=64)] = Field(default_factory=list)
    check: CheckReport | None = None
    netfilter: NetfilterReport | None = None
    error: ShortText | None = Field(default=None, description="why the desired state is not applied as a whole")
