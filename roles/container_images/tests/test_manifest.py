"""The list of what was built."""

import json
from pathlib import Path

import pytest

from roles.container_images.module_utils.image_build import manifest
from roles.container_images.module_utils.image_build.process import BuildError


def entry(name: str, digest: str) -> manifest.Entry:
    return {"kind": "server", "name": name, "arch": "amd64", "digest": digest}


def test_an_entry_replaces_its_former_self_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "dist" / "manifest.json"
    assert manifest.update(path, entry("web", "1"), write=True)
    assert manifest.update(path, entry("app", "1"), write=True)
    assert manifest.update(path, entry("web", "2"), write=True)
    assert not manifest.update(path, entry("web", "2"), write=True)
    document = json.loads(path.read_text())
    assert document["format"] == 1
    assert [(item["name"], item["digest"]) for item in document["artifacts"]] == [("app", "1"), ("web", "2")]


def test_asking_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "dist" / "manifest.json"
    assert manifest.update(path, entry("web", "1"), write=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["not json", "[]", "{}", '{"format": 9, "artifacts": []}'])
def test_a_foreign_file_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(content)
    with pytest.raises(BuildError, match=r"manifest\.json"):
        manifest.read(path)
