"""The answer to a poll: the state the server wants this sensor to be in."""

from typing import Annotated

from pydantic import Field, IPvAnyAddress, JsonValue, StringConstraints

from sensor_wire.base import (
    ContainerPort,
    Count,
    ImageDigest,
    PemText,
    PortNumber,
    PortRange,
    RepositoryPath,
    RevisionName,
    ServiceName,
    WireModel,
)
from sensor_wire.v1.network import Network, Proxy, ServerEndpoint


class Limits(WireModel):
    """Bounds of one honeypot container; the sensor may be stricter, never laxer."""

    memory_mb: Annotated[int, Field(ge=16, le=4096)] = 256
    pids: Annotated[int, Field(ge=4, le=4096)] = 128


class DesiredService(WireModel):
    """One honeypot that should run, for the sensor's own architecture.

    `ports` maps a port of the container to the port of the sensor under which it is offered, for example
    `{"2222/tcp": 22}`; `port_ranges` are offered as well. `address` is the one of the sensor's addresses under which
    all of it is; null: those that have no services of their own. A catch-all without address also gets what nobody
    takes at addresses that have no catch-all of their own. The image is `repository@digest` in the server's registry.
    """

    name: ServiceName
    revision: RevisionName
    repository: RepositoryPath
    digest: ImageDigest
    ports: Annotated[dict[ContainerPort, PortNumber], Field(max_length=256)] = Field(default_factory=dict)
    port_ranges: Annotated[list[PortRange], Field(max_length=64)] = Field(default_factory=list)
    address: IPvAnyAddress | None = None
    catch_all: bool = False
    raw: bool = False
    options: Annotated[dict[str, JsonValue], Field(max_length=64)] = Field(default_factory=dict)
    limits: Limits = Limits()


class DesiredFirmware(WireModel):
    """The firmware that should run: its revision, and the signed target that holds it."""

    revision: RevisionName
    target: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,255}$")]


class Desired(WireModel):
    """What this sensor should be. `generation` rises only when something in it really changed.

    `server`, `network` and `firmware` null: they stay as they are. `proxy` null: there is none.
    """

    generation: Count
    poll_interval: Annotated[int, Field(ge=1, le=86400, description="seconds")]
    ca_chain: PemText
    server: ServerEndpoint | None = None
    network: Network | None = None
    proxy: Proxy | None = None
    firmware: DesiredFirmware | None = None
    services: Annotated[list[DesiredService], Field(max_length=64)] = Field(default_factory=list)
