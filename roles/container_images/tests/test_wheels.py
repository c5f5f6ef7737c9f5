"""Which pins apply to our images, and wheels of our own."""

import zipfile
from pathlib import Path

import pytest

from roles.container_images.module_utils.image_build import pins, wheels
from roles.container_images.module_utils.image_build.architecture import AMD64, ARMHF, Architecture

REQUIREMENTS = r"""# a comment
colorama==0.4.6 ; sys_platform == 'win32' \
    --hash=sha256:aa
old==1.0 ; python_full_version < '3.13' \
    --hash=sha256:bb
new==2.0 ; python_full_version >= '3.13' \
    --hash=sha256:cc \
    --hash=sha256:dd
plain==3.0 \
    --hash=sha256:ee
intel==4.0 ; platform_machine == 'x86_64' \
    --hash=sha256:ff
"""


@pytest.mark.parametrize(("architecture", "more"), [(AMD64, ["intel==4.0 --hash=sha256:ff"]), (ARMHF, [])])
def test_pins_are_chosen_for_the_images_python_and_machine_not_for_ours(
    architecture: Architecture, more: list[str]
) -> None:
    assert pins.lines(pins.applicable(REQUIREMENTS, architecture)).splitlines() == [
        "new==2.0 --hash=sha256:cc --hash=sha256:dd",
        "plain==3.0 --hash=sha256:ee",
        *more,
    ]


def test_our_wheels_are_the_same_bytes_every_time(tmp_path: Path) -> None:
    package = Path(__file__).parents[3] / "server_app" / "wire"
    for name in ("first", "second"):
        wheels.build(package, tmp_path / name)
    (first,) = (tmp_path / "first").iterdir()
    (second,) = (tmp_path / "second").iterdir()
    assert first.read_bytes() == second.read_bytes()
    assert "sensor_wire/__init__.py" in zipfile.ZipFile(first).namelist()
