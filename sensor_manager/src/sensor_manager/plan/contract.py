"""The run contract of a honeypot: what decides whether a running container is still the wanted one."""

import hashlib
import json

from sensor_manager.model import ContainerSpec, Site
from sensor_manager.plan.addresses import Place
from sensor_wire.v1.desired import DesiredService

RUN_CONTRACT_VERSION = 1
"""Raised whenever the manager itself makes containers differently, so that old ones are replaced."""
HASH_LENGTH = 32
NETFILTER_ONLY = {"address", "port_ranges"}
"""What is not the container's business."""


def contract_hash(service: DesiredService) -> str:
    """Return the hash of everything that a container is made from; equal contracts need no new container."""
    content = [RUN_CONTRACT_VERSION, service.model_dump(mode="json", exclude=NETFILTER_ONLY)]
    return hashlib.sha256(_canonical(content).encode()).hexdigest()[:HASH_LENGTH]


def image_reference(site: Site, service: DesiredService) -> str:
    """Return the image by the server's registry and its digest, never by a tag."""
    return f"{site.registry}/{service.repository}@{service.digest}"


def container_spec(site: Site, service: DesiredService, place: Place) -> ContainerSpec:
    """Return the container that this service needs at this place."""
    return ContainerSpec(
        service=service.name,
        contract=contract_hash(service),
        revision=service.revision,
        image=image_reference(site, service),
        address=place.address,
        options=_canonical(service.options),
        memory_mb=service.limits.memory_mb,
        pids=service.limits.pids,
        address6=place.address6,
    )


def _canonical(content: object) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"))
