"""What decides about an image's name, and what is staged for it."""

from pathlib import Path

import pytest

from roles.container_images.module_utils.image_build.context import ImageSpec, digest, stage, staged_files
from roles.container_images.module_utils.image_build.process import BuildError


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    for name, content in {
        "Dockerfile": "FROM ${BASE}\n",
        "app/run": "#!/bin/sh\n",
        "tests/test_app.py": "",
        "app/__pycache__/run.pyc": "",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    (folder / "app/run").chmod(0o700)
    return folder


def test_tests_and_caches_are_left_out(source: Path) -> None:
    assert set(staged_files(ImageSpec(name="x", context=source))) == {"Dockerfile", "app/run"}


def test_files_from_elsewhere_get_their_places(source: Path, tmp_path: Path) -> None:
    (tmp_path / "pins.txt").write_text("")
    (tmp_path / "more" / "deep").mkdir(parents=True)
    (tmp_path / "more" / "deep" / "file").write_text("")
    spec = ImageSpec(
        name="x", context=source, requirements=tmp_path / "pins.txt", extra_files={"extra": tmp_path / "more"}
    )
    assert set(staged_files(spec)) == {"Dockerfile", "app/run", "requirements.txt", "extra/deep/file"}


def test_staging_makes_a_clean_copy_with_normal_modes(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "leftover").write_text("")
    stage(ImageSpec(name="x", context=source, packages=(source,)), target)
    assert sorted(path.name for path in target.iterdir()) == ["Dockerfile", "app", "wheels"]
    assert (target / "app/run").stat().st_mode & 0o777 == 0o755
    assert (target / "Dockerfile").stat().st_mode & 0o777 == 0o644


def spec_of(source: Path) -> ImageSpec:
    return ImageSpec(name="x", context=source, build_args={"A": "1"})


def test_the_same_inputs_give_the_same_digest_whatever_their_times(source: Path) -> None:
    before = digest(spec_of(source), "sha256:base")
    (source / "Dockerfile").touch()
    (source / "tests" / "another.py").write_text("x = 1\n")
    assert digest(spec_of(source), "sha256:base") == before


def test_every_input_counts(source: Path, tmp_path: Path) -> None:
    lock = tmp_path / "npm"
    lock.mkdir()
    (lock / "package.json").write_text("{}")
    (lock / "package-lock.json").write_text("{}")
    variants = {
        digest(spec_of(source), "sha256:base"),
        digest(spec_of(source), "sha256:other base"),
        digest(ImageSpec(name="y", context=source, build_args={"A": "1"}), "sha256:base"),
        digest(ImageSpec(name="x", context=source, build_args={"A": "2"}), "sha256:base"),
        digest(ImageSpec(name="x", context=source, build_args={"A": "1"}, packages=(lock,)), "sha256:base"),
        digest(ImageSpec(name="x", context=source, build_args={"A": "1"}, npm_folder=lock), "sha256:base"),
    }
    (source / "app/run").chmod(0o600)
    variants.add(digest(spec_of(source), "sha256:base"))
    (source / "app/run").write_text("#!/bin/bash\n")
    variants.add(digest(spec_of(source), "sha256:base"))
    assert len(variants) == 8


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (ImageSpec(name="x", context=Path("/nowhere")), "/nowhere does not exist"),
        (ImageSpec(name="x", context=Path(__file__).parent), "has no Dockerfile"),
    ],
)
def test_what_is_missing_is_named(spec: ImageSpec, said: str) -> None:
    with pytest.raises(BuildError, match=said):
        staged_files(spec)
