"""The desired state of a sensor, from rows. Pure: the same rows always give the same bytes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from importlib.metadata import version
from ipaddress import ip_address
from typing import Any

from sensor_wire.base import PortRange
from sensor_wire.v1.desired import Desired, DesiredFirmware, DesiredService, Limits
from sensor_wire.v1.network import ServerEndpoint
from server_app.assignments import persona_options
from server_app.assignments.models import ServiceAssignment
from server_app.option_schema import Schema
from server_app.platforms.models import Firmware
from server_app.sensors.effective import Environment, effective
from server_app.sensors.handed_out import network_of, proxy_of
from server_app.sensors.models import Sensor
from server_app.sensors.persona import Persona
from server_app.sensors.preferences import SensorSection
from server_app.services.models import ServiceRevision

_PROGRAM = (version("server-app"), Desired.model_json_schema())


@dataclass(frozen=True)
class Surroundings:
    """What the poll takes from outside of the database."""

    environment: Environment
    ca_chain: str  # PEM

    @cached_property
    def key(self) -> str:
        """Changes with any of this, and with the version of the server and its contract."""
        return sha256(repr((_PROGRAM, self.environment, self.ca_chain)).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Assigned:
    """What a sensor shall run: services with their revisions, and firmware (None: what it has)."""

    services: Iterable[ServiceAssignment]
    firmware: Firmware | None


def desired_state(
    sensor: Sensor,
    architecture: str,
    assigned: Assigned,
    system: SensorSection,
    outside: Surroundings,
) -> Desired:
    """What this sensor should be, with generation 0.

    Args:
        sensor: whose state it is.
        architecture: the sensor's own; services without an image for it are left out.
        assigned: what it shall run.
        system: values for what the sensor does not have itself.
        outside: what is not in the database.
    """
    found = ((chosen_revision(assignment, architecture), assignment) for assignment in assigned.services)
    chosen = [(revision, assignment) for revision, assignment in found if revision is not None]
    values = effective(sensor, system, outside.environment)
    stories = _stories(values.persona, chosen)
    services = [_desired_service(revision, each, stories[each.address]) for revision, each in chosen]
    return Desired(
        generation=0,
        poll_interval=values.poll_interval,
        ca_chain=outside.ca_chain,
        server=ServerEndpoint.model_validate(values.server.model_dump()),
        network=network_of(sensor, values),
        proxy=proxy_of(values),
        firmware=None if assigned.firmware is None else _desired_firmware(assigned.firmware),
        services=sorted(services, key=lambda service: service.name),
    )


def content_hash(desired: Desired, keyed: Callable[[bytes], str]) -> str:
    """SHA-256 of the content without its generation, hexadecimal; equal states have equal hashes.

    Args:
        desired: the state.
        keyed: hashes with a key what holds secrets: they must not be found by trying.
    """
    content = desired.model_dump_json(exclude={"generation"}).encode()
    proxy, dot1x = desired.proxy, desired.network and desired.network.dot1x
    has_secrets = (proxy is not None and proxy.password is not None) or dot1x is not None
    return keyed(content) if has_secrets else sha256(content).hexdigest()


def chosen_revision(assignment: ServiceAssignment, architecture: str) -> ServiceRevision | None:
    """The image that an assignment means on this architecture; None when there is none."""
    wanted = assignment.revision or assignment.service.default_revision
    found = (
        revision
        for revision in assignment.service.revisions
        if (revision.revision, revision.architecture) == (wanted, architecture)
    )
    return next(found, None)


def _desired_firmware(firmware: Firmware) -> DesiredFirmware:
    return DesiredFirmware(revision=firmware.revision, target=f"firmware/{firmware.platform}/{firmware.revision}")


def _stories(
    persona: Persona, chosen: Iterable[tuple[ServiceRevision, ServiceAssignment]]
) -> dict[str | None, dict[str, Any]]:
    """What the services under each address claim to be."""
    schemas: dict[str | None, list[Schema]] = {}
    for revision, assignment in chosen:
        schemas.setdefault(assignment.address, []).append(revision.options)
    return {address: persona_options.one_story(persona.options(), each) for address, each in schemas.items()}


def _desired_service(
    revision: ServiceRevision, assignment: ServiceAssignment, persona: Mapping[str, Any]
) -> DesiredService:
    return DesiredService(
        name=revision.service.name,
        revision=revision.revision,
        repository=revision.service.repository,
        digest=revision.digest,
        ports=dict(sorted(revision.ports.items())),
        port_ranges=[PortRange.model_validate(each) for each in revision.port_ranges],
        address=None if assignment.address is None else ip_address(assignment.address),
        catch_all=revision.catch_all,
        raw=revision.raw,
        options=persona_options.effective(revision.options, persona, assignment.options).values,
        limits=Limits.model_validate(revision.limits),
    )
