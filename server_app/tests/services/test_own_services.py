"""The honeypots of this repository declare what the server understands."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

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
