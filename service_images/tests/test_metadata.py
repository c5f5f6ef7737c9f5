"""Each service's metadata is a manifest of the contract, once the build has added digest and architecture."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from sensor_wire.honeypot.manifest import ServiceManifest

SERVICES = Path(__file__).parents[1]
NAMES = sorted(file.parent.name for file in SERVICES.glob("*/metadata.xml"))


@pytest.mark.parametrize("name", NAMES)
def test_metadata_is_a_manifest(name: str) -> None:
    root = ET.parse(SERVICES / name / "metadata.xml").getroot()  # noqa: S314 - our own file
    text = {element.tag: element.text or "" for element in root}
    manifest = ServiceManifest.parse_strict(
        {
            "name": text["name"],
            "repository": text["repository"],
            "description": text["description"],
            "architecture": "amd64",
            "raw_network_access": json.loads(text["rawNetworkAccess"]),
            "catch_all": json.loads(text["catchAll"]),
            "port_assignment": json.loads(text["portAssignment"]),
            "revision": text["revision"],
            "revision_description": text["revisionDescription"],
            "port_ranges": json.loads(text.get("portRanges", "[]")),
            "options": json.loads(text.get("options", "{}")),
            "digest": "sha256:" + "0" * 64,
            "limits": {"memory_mb": int(text["memory"]), "pids": int(text["pids"])},
        }
    )
    assert manifest.name == name
    assert manifest.catch_all == (not manifest.port_assignment)


@pytest.mark.parametrize("name", NAMES)
def test_its_image_for_another_architecture_is_tried_too(name: str) -> None:
    tests = (SERVICES / name / "tests").glob("test_*.py")
    assert any("pytest.mark.emulated" in file.read_text(encoding="utf-8") for file in tests)
