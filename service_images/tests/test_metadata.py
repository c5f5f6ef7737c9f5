"""Each service's metadata is a manifest of the contract, once the build has added digest and architecture."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from sensor_wire.honeypot.metadata import manifest_of

SERVICES = Path(__file__).parents[1]
NAMES = sorted(file.parent.name for file in SERVICES.glob("*/metadata.xml"))
BUILT = {"architecture": "amd64", "digest": "sha256:" + "0" * 64}
"""What the build adds."""


@pytest.mark.parametrize("name", NAMES)
def test_metadata_is_a_manifest(name: str) -> None:
    root = ET.parse(SERVICES / name / "metadata.xml").getroot()  # noqa: S314 - our own file
    manifest = manifest_of({element.tag: element.text or "" for element in root} | BUILT)
    assert manifest.name == name
    assert manifest.catch_all == (not manifest.port_assignment)
    assert manifest.limits.model_fields_set == {"memory_mb", "pids"}, "limits are its own"


@pytest.mark.parametrize("name", NAMES)
def test_its_image_for_another_architecture_is_tried_too(name: str) -> None:
    tests = (SERVICES / name / "tests").glob("test_*.py")
    assert any("pytest.mark.emulated" in file.read_text(encoding="utf-8") for file in tests)
