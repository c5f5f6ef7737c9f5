"""The content of a service archive's `metadata.xml`, as the documents define it.

The root element is `service`. Its children, each exactly once: `name`, `repository`, `description`, `architecture`,
`rawNetworkAccess` and `catchAll` (`true` or `false`), `portAssignment` (JSON, `{"2222/tcp": 22}`), `revision`,
`revisionDescription`, `digest` (of the manifest within `service.tar`, an OCI layout); and optionally `memory` (MiB),
`pids` (number), `options` (JSON Schema of what an operator may set) and `portRanges` (JSON,
`[{"protocol": "tcp", "first": 5900, "last": 5910}]`, with `container_port` where all lead to one port).
"""

from typing import Annotated

from pydantic import Field, JsonValue

from sensor_wire.base import (
    ContainerPort,
    ImageDigest,
    LongText,
    PortNumber,
    PortRange,
    RepositoryPath,
    RevisionName,
    ServiceName,
    WireModel,
)
from sensor_wire.v1.architecture import Architecture
from sensor_wire.v1.desired import Limits


class ServiceManifest(WireModel):
    """One revision of a service for one architecture."""

    name: ServiceName
    repository: RepositoryPath
    description: LongText
    architecture: Architecture
    raw_network_access: bool
    catch_all: bool
    port_assignment: Annotated[dict[ContainerPort, PortNumber], Field(max_length=256)]
    port_ranges: Annotated[list[PortRange], Field(max_length=64)] = Field(default_factory=list)
    revision: RevisionName
    revision_description: LongText
    digest: ImageDigest
    limits: Limits = Limits()
    options: dict[str, JsonValue] = Field(default_factory=dict)
