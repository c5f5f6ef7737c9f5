"""Where this machine gets Debian from, whatever style its configuration has."""

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from image_builder.base.apt_sources import (
    Release,
    Source,
    deb822,
    has_index,
    machine_sources,
    parse_deb822,
    parse_one_line,
    released,
    rewritten,
)

ARCHIVE, SECURITY = "http://mirror.example/debian", "http://mirror.example/debian-security"
DEB822 = f"""Types: deb
# a comment within
URIs: {ARCHIVE}/
Suites: bookworm bookworm-updates
Components: main contrib

Types: deb deb-src
URIs: {SECURITY}
Suites: bookworm-security
Components:
 main
Signed-By: /usr/share/keyrings/x.gpg

Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
Enabled: no
"""
ONE_LINE = f"""# deb {ARCHIVE} bookworm main
deb [signed-by=/x.gpg arch=amd64] {ARCHIVE} bookworm main # the archive
deb-src {ARCHIVE} bookworm main
deb {SECURITY}/ bookworm-security main non-free
deb http://third.example/linux bookworm stable
"""


def test_both_styles_say_the_same() -> None:
    assert list(parse_deb822(DEB822)) == [
        Source(ARCHIVE, "bookworm"),
        Source(ARCHIVE, "bookworm-updates"),
        Source(SECURITY, "bookworm-security"),
    ]
    assert list(parse_one_line(ONE_LINE)) == [Source(ARCHIVE, "bookworm"), Source(SECURITY, "bookworm-security")]


def test_all_files_of_a_machine_count_and_mirror_lists_are_followed(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "mirrors.list").write_text(f"{ARCHIVE}/\nhttp://second.example/debian\n")
    (tmp_path / "sources.list").write_text(f"deb {SECURITY} bookworm-security main\n")
    (tmp_path / "sources.list.d" / "debian.sources").write_text(
        f"Types: deb\nURIs: mirror+file:{tmp_path}/mirrors.list\nSuites: bookworm\nComponents: main\n"
    )
    (tmp_path / "sources.list.d" / "old.list.save").write_text(f"deb {ARCHIVE} bookworm main\n")
    assert machine_sources(tmp_path) == [Source(SECURITY, "bookworm-security"), Source(ARCHIVE, "bookworm")]


@pytest.mark.parametrize("own", ["bookworm", "trixie"])
def test_suites_are_renamed_and_foreign_ones_dropped(own: str) -> None:
    sources = [
        Source(ARCHIVE, own),
        Source(ARCHIVE, own),
        Source(ARCHIVE, "stable-updates"),
        Source(SECURITY, f"{own}-security"),
        Source(ARCHIVE, f"{own}-backports"),
        Source("http://third.example", "nodistro"),
        Source("cdrom:[Debian]", own),
    ]
    assert rewritten(sources, own, "trixie") == [
        Source(ARCHIVE, "trixie"),
        Source(ARCHIVE, "trixie-updates"),
        Source(SECURITY, "trixie-security"),
    ]


def test_third_parties_that_use_debians_suite_names_are_not_debian() -> None:
    text = "Origin: {}\nSuite: stable\nDate: Sat, 12 Sep 2026 08:00:00 UTC\n"
    source = Source(ARCHIVE, "trixie")
    assert released(source, text.format("Docker")) is None
    found = released(source, text.format("Debian"))
    assert found is not None
    assert (found.suite, found.date, len(found.sha256)) == ("trixie", 1789200000, 64)


def test_the_written_file_is_read_back_the_same() -> None:
    releases = [Release(ARCHIVE, "trixie", 1, "a"), Release(SECURITY, "trixie-security", 2, "b")]
    assert list(parse_deb822(deb822(releases))) == [Source(ARCHIVE, "trixie"), Source(SECURITY, "trixie-security")]


INDEX = b"Package: x\n"
SHA256 = hashlib.sha256(INDEX).hexdigest()
IN_RELEASE = (
    f"Origin: Debian\nMD5Sum:\n 0 9 main/binary-armhf/Packages.xz\nSHA256:\n {SHA256} 9 main/binary-armhf/Packages.xz\n"
)


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[str]:
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("held", "found"),
    [
        ({"Packages.xz": INDEX}, {"armhf"}),
        ({"Packages.xz": b"an old one", f"by-hash/SHA256/{SHA256}": INDEX}, {"armhf"}),
        ({"Packages.xz": b"an old one"}, set()),
        ({}, set()),
    ],
)
def test_a_mirror_that_lags_behind_its_own_release_is_told(
    tmp_path: Path, mirror: str, held: dict[str, bytes], found: set[str]
) -> None:
    for name, content in held.items():
        file = tmp_path / "dists" / "trixie-security" / "main" / "binary-armhf" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    source = Source(mirror, "trixie-security")
    assert {name for name in ("armhf", "riscv64") if has_index(source, IN_RELEASE, name, "")} == found
