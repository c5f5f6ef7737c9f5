"""What any release has ever sent must parse for ever. Samples are added, never changed or removed."""

import json
from pathlib import Path

import pytest

from sensor_wire.schema import PUBLISHED

FOLDER = Path(__file__).parent / "samples"
SAMPLES = sorted(FOLDER.glob("*/*.json"))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_sample_parses_and_keeps_its_content(path: Path) -> None:
    sample = json.loads(path.read_text(encoding="utf-8"))

    parsed = PUBLISHED[path.stem].parse_strict(sample)

    assert json.loads(parsed.model_dump_json(exclude_unset=True)) == sample


@pytest.mark.parametrize("release", sorted(path for path in FOLDER.iterdir()), ids=lambda path: path.name)
def test_a_release_has_a_sample_of_each_type(release: Path) -> None:
    assert {path.stem for path in release.glob("*.json")} >= {"v1-report", "v1-desired", "v1-event", "sensor-config"}
