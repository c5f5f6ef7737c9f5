from datetime import datetime

from pydantic import JsonValue

from sensor_wire.base import PortRange, RevisionName
from sensor_wire.v1.desired import Limits
from server_app.api_base.body import ApiModel


class ServiceChange(ApiModel):
    """The revision that sensors run which have not pinned one."""

    default_revision: RevisionName


class RevisionItem(ApiModel):
    """One image of a service; `options` is the JSON Schema of what can be set, empty for nothing.

    `image_missing` tells that the registry does not have it: upload it again.
    """

    revision: str
    architecture: str
    description: str
    digest: str
    raw: bool
    catch_all: bool
    ports: dict[str, int]
    port_ranges: list[PortRange]
    limits: Limits
    options: dict[str, JsonValue]
    image_missing: bool
    created_at: datetime


class ServiceItem(ApiModel):
    """A service with its revisions, newest first."""

    name: str
    repository: str
    description: str
    default_revision: str
    revisions: list[RevisionItem]


class RevisionRemoval(ApiModel):
    """`force` lets sensors that have pinned the revision fall back to the default."""

    force: bool = False


class RegistryStatus(ApiModel):
    """Whether the registry of the images answers, and the images it lacks, as `service revision architecture`."""

    available: bool
    missing: list[str]


class ServiceList(ApiModel):
    """The catalogue."""

    items: list[ServiceItem]
    next: None = None
