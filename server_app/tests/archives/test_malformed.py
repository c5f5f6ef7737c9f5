"""Hundreds of malformed archives of both kinds: each is refused with a reason, in little memory, and leaves nothing."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import check_malformed
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from malformed import KINDS, malformed
from service_builder import archive

from server_app.errors import Refusal

MEMORY_MIB = 64
AT_LEAST = 250
"""Of each kind."""


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_every_malformed_archive_is_refused(make: Any, tmp_path: Path) -> None:
    folder = tmp_path / "archives"
    folder.mkdir()
    names = []
    for number, (what, content) in enumerate(malformed(make())):
        names.append(what)
        (folder / f"{make.__name__}-{number}").write_bytes(content)
    outside = set(tmp_path.iterdir())

    program = [sys.executable, check_malformed.__file__, str(folder), str(4 * MEMORY_MIB)]
    done = subprocess.run(program, capture_output=True, text=True, check=True, cwd=tmp_path)

    found = json.loads(done.stdout)

    def named(files: list[str]) -> list[str]:
        return [names[int(file.partition("-")[2])] for file in files]

    assert dict(zip(named(found["broken"]), found["broken"].values(), strict=True)) == {}
    assert named(found["accepted"]) == []
    assert named(found["left"]) == []
    assert found["refused"] == len(names) >= AT_LEAST
    assert found["rss_mib"] < MEMORY_MIB
    assert set(tmp_path.iterdir()) == outside
    assert not Path("/tmp/escape").exists()  # noqa: S108 - where the archives want to write


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_the_good_archive_they_are_made_from_is_accepted(make: Any, tmp_path: Path) -> None:
    file = tmp_path / make.__name__
    file.write_bytes(archive(*make().members))
    check_malformed.check(file, tmp_path)


@settings(
    derandomize=True, max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_no_changed_byte_goes_unnoticed(make: Any, tmp_path: Path, data: st.DataObject) -> None:
    """But those of gzip's header, which say nothing about the content."""
    content = bytearray(archive(*make().members))
    for place in data.draw(st.lists(st.integers(10, len(content) - 1), min_size=1, max_size=5, unique=True)):
        content[place] ^= data.draw(st.integers(1, 255))
    file = tmp_path / make.__name__
    file.write_bytes(content)
    with pytest.raises(Refusal):
        check_malformed.check(file, tmp_path)
