"""Reading `metadata.xml`: the fields that the contract names, each once, and nothing else."""

from pydantic import ValidationError

from sensor_wire.honeypot.manifest import ServiceManifest
from sensor_wire.honeypot.metadata import LIMITS, OPTIONAL, REQUIRED, ElementError, element_of, manifest_of
from server_app.archives import flat_xml
from server_app.archives.flat_xml import wrong
from server_app.field_errors import field_errors
from server_app.option_schema import UnfitSchemaError, check_schema
from server_app.services.claims import claims

ROOT = "service"
HIGHEST_PORT = 65535


def parse(content: bytes) -> ServiceManifest:
    """The manifest in a `metadata.xml`.

    Args:
        content: at most `flat_xml.MAX_BYTES`.

    Raises:
        Invalid: names the element that is missing, unknown, repeated or wrong.
    """
    texts = flat_xml.elements(content, ROOT, REQUIRED.keys(), {*OPTIONAL, *LIMITS})
    try:
        manifest = manifest_of(texts)
    except ElementError as error:
        raise wrong(error.element, error.reason) from error
    except ValidationError as error:
        first = field_errors(error)[0]
        raise wrong(element_of(first.pointer.split("/")[1]), first.reason) from error
    _check_options(manifest)
    _check_ports(manifest)
    return manifest


def _check_options(manifest: ServiceManifest) -> None:
    try:
        check_schema(manifest.options)
    except (UnfitSchemaError, RecursionError) as error:
        raise wrong("options", str(error)[:200]) from error


def _check_ports(manifest: ServiceManifest) -> None:
    taken: dict[str, str] = {}
    for container_port, port in manifest.port_assignment.items():
        number, _, protocol = container_port.partition("/")
        if int(number) > HIGHEST_PORT:
            raise wrong("portAssignment", f"there is no port {number}")
        other = taken.setdefault(f"{port}/{protocol}", container_port)
        if other != container_port:
            raise wrong("portAssignment", f"{other} and {container_port} both want {port}/{protocol}")
    wanted = claims(manifest.port_assignment, manifest.port_ranges)
    for position, claim in enumerate(wanted):
        if (twin := next((each for each in wanted[:position] if each.overlaps(claim)), None)) is not None:
            raise wrong("portRanges", f"{twin} and {claim} overlap")
