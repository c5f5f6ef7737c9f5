"""Source distributions are found where this machine's pip would look, checked, and not run."""

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from roles.container_images.module_utils.image_build import sources
from roles.container_images.module_utils.image_build.architecture import AMD64, ARMHF
from roles.container_images.module_utils.image_build.pins import Pin
from roles.container_images.module_utils.image_build.process import BuildError

SETUP = (
    "from pathlib import Path\nPath({!r}).touch()\nfrom setuptools import setup\nsetup(name='tool', version='1.0')\n"
)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder that pip is told to look into, and nowhere else."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return folder


def sdist(index: Path, run: Path) -> str:
    """Make tool 1.0, which leaves the file `run` behind when it is run; returns its hash."""
    with tarfile.open(index / "tool-1.0.tar.gz", "w:gz") as tar:
        for name, content in (
            ("PKG-INFO", "Metadata-Version: 1.0\nName: tool\n"),
            ("setup.py", SETUP.format(str(run))),
        ):
            member = tarfile.TarInfo(f"tool-1.0/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content.encode()))
    return hashed(index / "tool-1.0.tar.gz")


def wheel(index: Path, platform: str) -> str:
    """Make a wheel of tool 1.0 for a platform; returns its hash."""
    file = index / f"tool-1.0-cp313-cp313-{platform}.whl"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("tool-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tool\nVersion: 1.0\n")
        archive.writestr("tool-1.0.dist-info/WHEEL", f"Wheel-Version: 1.0\nTag: cp313-cp313-{platform}\n")
        archive.writestr("tool-1.0.dist-info/RECORD", "")
    return hashed(file)


def hashed(file: Path) -> str:
    return f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"


def test_only_what_has_no_wheel_for_the_architecture_is_fetched_and_none_of_it_run(tmp_path: Path, index: Path) -> None:
    run, target = tmp_path / "it was run", tmp_path / "target"
    pin = Pin("tool==1.0", (sdist(index, run), wheel(index, "manylinux_2_17_x86_64")))
    assert sources.without_wheel([pin], AMD64, target) == {}
    found = sources.without_wheel([pin], ARMHF, target)
    assert found == {pin: target / "tool-1.0.tar.gz"}
    assert hashed(found[pin]) == pin.hashes[0]
    assert not run.exists()


def test_what_is_not_pinned_is_refused(tmp_path: Path, index: Path) -> None:
    sdist(index, tmp_path / "run")
    pin = Pin("tool==1.0", (wheel(index, "manylinux_2_17_x86_64"), "sha256:" + 64 * "0"))
    with pytest.raises(BuildError, match=r"tool==1\.0 has neither a wheel for armhf nor"):
        sources.without_wheel([pin], ARMHF, tmp_path / "target")


def test_what_the_index_does_not_have_is_named(tmp_path: Path, index: Path) -> None:
    assert index.is_dir()
    with pytest.raises(BuildError, match="missing-tool"):
        sources.without_wheel([Pin("missing-tool==1.0", ())], ARMHF, tmp_path / "target")


def test_a_cached_file_that_was_spoilt_is_fetched_again(tmp_path: Path, index: Path) -> None:
    pin = Pin("tool==1.0", (sdist(index, tmp_path / "run"),))
    target = tmp_path / "target"
    for _ in range(2):
        assert hashed(sources.without_wheel([pin], ARMHF, target)[pin]) == pin.hashes[0]
        (target / "tool-1.0.tar.gz").write_bytes(b"half of it")


def test_pips_settings_become_uvs(tmp_path: Path) -> None:
    settings = {"index-url": "https://a.example/simple", "extra-index-url": "https://b.example\nhttps://c.example"}
    settings |= {"find-links": f"{tmp_path} /not/there https://d.example", "cert": "/ca.crt"}
    assert sources.uv_settings(settings) == {
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_DEFAULT_INDEX": "https://a.example/simple",
        "UV_INDEX": "https://b.example https://c.example",
        "UV_FIND_LINKS": f"{tmp_path},https://d.example",
        "SSL_CERT_FILE": "/ca.crt",
    }
