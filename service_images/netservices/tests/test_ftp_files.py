"""What FTP shows and keeps, within its bounds."""

import hashlib

import pytest
from netservices import ftp_files
from netservices.ftp_files import Files, Upload, resolve
from netservices.ftp_words import listing
from netservices.persona import Persona

from honeypot_adapter.identity import Identity


def files() -> Files:
    return Files(Persona("files01", "intranet.local", "linux", "", Identity(bytes(32))))


def upload(target: Files, path: str, *parts: bytes) -> Upload:
    incoming = Upload(target, path)
    for part in parts:
        incoming.add(part)
    return incoming


@pytest.mark.parametrize(
    ("folder", "name", "path"),
    [
        ("/", "a", "/a"),
        ("/pub", "..", "/"),
        ("/pub", "../../../etc/passwd", "/etc/passwd"),
        ("/pub", "/incoming//x", "/incoming/x"),
        ("/", "//a", "/a"),
        ("/pub", "", "/pub"),
    ],
)
def test_names_stay_within_the_root(folder: str, name: str, path: str) -> None:
    assert resolve(folder, name) == path


def test_what_a_guest_leaves_can_be_seen_and_fetched() -> None:
    target = files()
    digest = upload(target, "/incoming/x.exe", b"MZ", b"\x00").done(1_795_221_250.0)
    assert digest == hashlib.sha256(b"MZ\x00").hexdigest()
    kept = target.file("/incoming/x.exe")
    assert kept is not None
    assert (kept.content, kept.size) == (b"MZ\x00", 3)
    assert [each.name for each in target.entries("/")] == ["incoming", "pub"]
    now = 1_795_221_300.0
    assert listing(target.entries("/incoming"), now, microsoft=False) == (
        "-rw-r--r--    1 107      107             3 Nov 21 00:34 x.exe\r\n"
    )
    assert (
        listing(target.entries("/incoming"), now, microsoft=True) == "11-21-26  12:34AM                    3 x.exe\r\n"
    )


def test_ours_are_not_replaced_and_folders_are_not_made() -> None:
    target = files()
    assert [target.may_write(path) for path in ("/pub/README.txt", "/pub", "/", "/new/x", "/pub/x", "/x")] == [
        *(False, False, False, False, True, True)
    ]


def test_room_is_bounded_and_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ftp_files, "MAX_KEPT", 100)
    monkeypatch.setattr(ftp_files, "MAX_UPLOAD", 1000)
    monkeypatch.setattr(ftp_files, "MAX_ROOM", 250)
    target = files()
    assert target.room == 250
    large = upload(target, "/large", b"x" * 60, b"x" * 60)
    assert target.room == 250, "what is not kept takes room"
    assert large.add(b"x" * 880)
    assert not large.add(b"x")
    large.done(0.0)
    entry = target.file("/large")
    assert entry is not None
    assert (entry.content, entry.size) == (None, 1001)
    others = [upload(target, f"/{number}", b"x" * 100) for number in range(4)]
    assert 0 <= target.room <= 50
    for each in others:
        each.done(0.0)
    assert target.room == 150, "the oldest stay when there is no room"
    assert [each.name for each in target.entries("/") if not each.folder] == ["1", "2", "3"]
    upload(target, "/3", b"x").done(0.0)
    assert target.room == 149


def test_number_of_files_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ftp_files, "MAX_FILES", 3)
    target = files()
    for number in range(5):
        upload(target, f"/{number}").done(0.0)
    assert [each.name for each in target.entries("/") if not each.folder] == ["2", "3", "4"]
