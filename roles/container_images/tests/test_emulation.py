"""Whether the kernel can run programs of another architecture, and what is said where it cannot."""

from pathlib import Path

import pytest

from roles.container_images.module_utils.image_build import emulation
from roles.container_images.module_utils.image_build.architecture import AMD64, ARMHF
from roles.container_images.module_utils.image_build.process import BuildError

ENTRY = "{}\ninterpreter /usr/libexec/qemu-binfmt/arm-binfmt-P\nflags: {}\noffset 0\nmagic 7f454c46\n"


@pytest.fixture
def other_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")


@pytest.mark.usefixtures("other_machine")
def test_what_is_registered_for_containers_too_is_enough(tmp_path: Path) -> None:
    (tmp_path / "qemu-arm").write_text(ENTRY.format("enabled", "POF"))
    emulation.check(ARMHF, tmp_path)


@pytest.mark.usefixtures("other_machine")
@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (None, "qemu-arm is not registered"),
        (ENTRY.format("disabled", "POF"), "is not enabled"),
        (ENTRY.format("enabled", "P"), "without the flag F"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, entry: str | None, said: str) -> None:
    if entry:
        (tmp_path / "qemu-arm").write_text(entry)
    with pytest.raises(BuildError, match=f"cannot run armhf programs: .*{said}"):
        emulation.check(ARMHF, tmp_path)


@pytest.mark.usefixtures("other_machine")
def test_own_programs_need_no_emulation(tmp_path: Path) -> None:
    emulation.check(AMD64, tmp_path)


def test_the_registration_is_the_definitions_only_line() -> None:
    assert emulation.registration("# a comment\n:qemu-arm:M::\\x7f:\\xff:/usr/bin/qemu:POF\n").startswith(
        ":qemu-arm:M::"
    )
    with pytest.raises(BuildError, match="registers nothing"):
        emulation.registration("# a comment\n")
