"""The content of a service archive's `metadata.xml` (root element `service`), as the documents define it.

    <service>
      <name>cowrie</name><repository>honeysens/cowrie</repository><description>…</description>
      <architecture>amd64</architecture><rawNetworkAccess>false</rawNetworkAccess><catchAll>false</catchAll>
      <portAssignment>{"2222/tcp": 22}</portAssignment>
      <revision>1.0.0</revision><revisionDescription>…</revisionDescription>
      <digest>sha256:…</digest>                     the manifest's digest within service.tar (OCI layout)
      <memory>256</memory><pids>128</pids>          optional, MiB and number
      <options>{…JSON Schema…}</options>            optional
    </service>
"""

from typing import Annotated

from pydantic import Field, JsonValue

from sensor_wire.base import (
    ContainerPort,
    ImageDigest,
    LongText,
    PortNumber,
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
    revision: RevisionName
    revision_description: LongText
    digest: ImageDigest
    limits: Limits = Limits()
    options: dict[str, JsonValue] = Field(default_factory=dict)
