"""The honeypots of this repository declare what the server understands."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from server_app.assignments import persona_options
from server_app.assignments.persona_options import Origin
from server_app.sensors.host_names import NAMES
from server_app.sensors.models import Sensor
from server_app.sensors.persona import OsFamily, SystemPersona, persona_of
from server_app.services import metadata

DECLARED = sorted((Path(__file__).parents[3] / "service_images").glob("*/metadata.xml"))
BY_THE_BUILD = {"architecture": "amd64", "digest": "sha256:" + "0" * 64}


@pytest.mark.parametrize("file", DECLARED, ids=lambda file: file.parent.name)
def test_own_service(file: Path) -> None:
    root = ET.parse(file).getroot()  # noqa: S314 - our own file
    for tag, text in BY_THE_BUILD.items():
        ET.SubElement(root, tag).text = text
    manifest = metadata.parse(ET.tostring(root))
    assert manifest.name == file.parent.name


@pytest.mark.parametrize("family", OsFamily)
@pytest.mark.parametrize("file", DECLARED, ids=lambda file: file.parent.name)
def test_own_services_take_the_names_that_are_made(file: Path, family: OsFamily) -> None:
    """Else the ports of a sensor to which nobody has given a persona would tell several stories."""
    schema = json.loads(ET.parse(file).getroot().findtext("options") or "{}")  # noqa: S314 - our own file
    for number in (*range(16), *range(NAMES - 16, NAMES)):  # each word, with the first and the last number
        persona = persona_of(Sensor(persona={"os_family": family}, name_number=number), SystemPersona()).options()
        origins = persona_options.effective(schema, persona, {}).origins
        for name in ("host_name", "domain"):
            assert origins.get(name, Origin.PERSONA) is Origin.PERSONA, (name, persona[name])


@pytest.mark.parametrize(
    ("names", "made"),
    [
        (["conpot", "cowrie", "netservices", "rdp", "recon", "web"], OsFamily.LINUX),
        (["netservices", "rdp", "web"], OsFamily.WINDOWS),
        (["netservices", "recon"], OsFamily.LINUX),
    ],
)
def test_own_services_beside_each_other_are_of_one_kind(names: list[str], made: OsFamily) -> None:
    schemas = [
        json.loads(ET.parse(file).getroot().findtext("options") or "{}")  # noqa: S314 - our own file
        for file in DECLARED
        if file.parent.name in names
    ]
    story = persona_options.one_story({}, schemas)
    kinds = {persona_options.effective(schema, story, {}).values.get("os_family") for schema in schemas}
    assert kinds - {None} == {made}
