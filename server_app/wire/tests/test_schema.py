"""The committed JSON Schema is the one the types give: a change of the contract shows in the diff."""

from pathlib import Path

import pytest

from sensor_wire.schema import PUBLISHED, rendered

FOLDER = Path(__file__).parent.parent / "schema"


@pytest.mark.parametrize("name", PUBLISHED)
def test_committed_schema_is_current(name: str) -> None:
    committed = (FOLDER / f"{name}.json").read_text(encoding="utf-8")

    assert committed == rendered(PUBLISHED[name]), "run `make schema` and look at the difference"


def test_no_schema_is_left_over() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(PUBLISHED)
