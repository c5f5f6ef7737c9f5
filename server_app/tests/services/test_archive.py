"""Service archives with one thing wrong are refused, in bounded space, and nothing leaves the folder given."""

import gzip
import io
import tarfile
from pathlib import Path

import pytest
from service_builder import Member, archive, digest_of, image, metadata, service_archive, tar

from server_app.archives.bounded_tar import Limits
from server_app.errors import Invalid
from server_app.services.archive import CheckedArchive, unpack

MIB = 1024 * 1024
DIGEST, LAYOUT = image()
META = Member("metadata.xml", metadata(digest=DIGEST))
IMAGE = Member("service.tar", tar(*LAYOUT))


def check(folder: Path, content: bytes, total: int = 200 * MIB) -> CheckedArchive:
    file = folder / "upload.tar.gz"
    file.write_bytes(content)
    target = folder / "target"
    target.mkdir()
    return unpack(file, target, Limits(total))


def refusal(folder: Path, content: bytes, total: int = 200 * MIB) -> str:
    with pytest.raises(Invalid) as caught:
        check(folder, content, total)
    return caught.value.detail


def layout_with(*others: Member, without: str | None = None) -> bytes:
    """An archive whose image has other members in addition, or lacks one."""
    members = [member for member in LAYOUT if without is None or without not in member.name]
    return archive(META, Member("service.tar", tar(*members, *others)))


@pytest.mark.parametrize("members", [(META, IMAGE), (IMAGE, META)], ids=["metadata first", "image first"])
def test_a_good_archive_is_unpacked(tmp_path: Path, members: tuple[Member, ...]) -> None:
    checked = check(tmp_path, archive(*members))
    assert checked.manifest.digest == DIGEST
    blob = checked.layout / "blobs" / "sha256" / DIGEST.removeprefix("sha256:")
    assert digest_of(blob.read_bytes()) == DIGEST


def test_folders_and_leading_dots_in_the_image_are_as_tar_makes_them(tmp_path: Path) -> None:
    folders = [Member(name, type=tarfile.DIRTYPE) for name in ("./", "./blobs/", "./blobs/sha256/")]
    members = [Member(f"./{member.name}", member.content) for member in LAYOUT]
    assert check(tmp_path, archive(META, Member("service.tar", tar(*folders, *members)))).manifest.name == "cowrie"


STRANGE = [
    Member("../escape", b"x"),
    Member("/var/escape", b"x"),
    Member("metadata.xml/../../escape", b"x"),
    Member("readme.txt", b"x"),
    Member("./metadata.xml", b"x"),
    Member("metadata.xml", b"x"),
    Member("service.tar", b"x"),
    Member("x" * 5000, b"x"),
    Member("link", type=tarfile.SYMTYPE, target="/etc/passwd"),
    Member("link", type=tarfile.LNKTYPE, target="metadata.xml"),
    Member("device", type=tarfile.CHRTYPE),
    Member("device", type=tarfile.BLKTYPE),
    Member("pipe", type=tarfile.FIFOTYPE),
    Member("folder", type=tarfile.DIRTYPE),
]


@pytest.mark.parametrize("member", STRANGE, ids=lambda member: f"{member.name[:20]} {member.type!r}")
def test_a_strange_member_is_refused(tmp_path: Path, member: Member) -> None:
    before = set(tmp_path.parent.iterdir())
    assert "refused" in refusal(tmp_path, archive(META, IMAGE, member))
    assert set(tmp_path.parent.iterdir()) == before
    assert {path.name for path in tmp_path.iterdir()} == {"upload.tar.gz", "target"}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
@pytest.mark.parametrize("name", ["metadata.xml", "service.tar"])
def test_a_right_name_of_a_wrong_kind_is_refused(tmp_path: Path, name: str, kind: bytes) -> None:
    other = IMAGE if name == "metadata.xml" else META
    assert "no regular file" in refusal(tmp_path, archive(other, Member(name, type=kind, target="/etc/passwd")))


@pytest.mark.parametrize("member", STRANGE, ids=lambda member: f"{member.name[:20]} {member.type!r}")
def test_a_strange_member_of_the_image_is_refused(tmp_path: Path, member: Member) -> None:
    assert "refused" in refusal(tmp_path, layout_with(member))
    assert not (tmp_path / "escape").exists()


@pytest.mark.parametrize("name", ["metadata.xml", "service.tar"])
def test_a_missing_member_is_named(tmp_path: Path, name: str) -> None:
    members = [member for member in (META, IMAGE) if member.name != name]
    assert f"{name} is missing" in refusal(tmp_path, archive(*members))


@pytest.mark.parametrize("name", ["oci-layout", "index.json", *(member.name for member in LAYOUT[2:])])
def test_an_incomplete_image_is_refused(tmp_path: Path, name: str) -> None:
    assert "is missing in service.tar" in refusal(tmp_path, layout_with(without=name))


def test_a_blob_that_is_not_what_its_name_says_is_refused(tmp_path: Path) -> None:
    name = LAYOUT[-1].name
    assert "is not what its name says" in refusal(tmp_path, layout_with(Member(name, b"other"), without=name))


def test_a_blob_that_belongs_to_nothing_is_refused(tmp_path: Path) -> None:
    stray = b"stray"
    member = Member(f"blobs/sha256/{digest_of(stray)[7:]}", stray)
    assert "is not part of the image" in refusal(tmp_path, layout_with(member))


def test_the_digest_must_be_the_images(tmp_path: Path) -> None:
    other, _ = image("something else")
    wrong = Member("metadata.xml", metadata(digest=other))
    assert "digest in metadata.xml" in refusal(tmp_path, archive(wrong, IMAGE))


def test_the_architecture_must_be_the_images(tmp_path: Path) -> None:
    wrong = Member("metadata.xml", metadata(digest=DIGEST, architecture="armhf"))
    assert "linux/amd64, not for armhf" in refusal(tmp_path, archive(wrong, IMAGE))


@pytest.mark.parametrize("index", [b"", b"{", b"[]", b"{}", b'{"manifests": []}', b'{"manifests": [1]}', b"[" * 50_000])
def test_an_index_of_another_shape_is_refused(tmp_path: Path, index: bytes) -> None:
    assert "index.json" in refusal(tmp_path, layout_with(Member("index.json", index), without="index.json"))


def test_a_bomb_stops_at_the_ratio(tmp_path: Path) -> None:
    bomb = archive(META, Member("service.tar", tar(Member("index.json", b"\0" * 100 * MIB))))
    assert len(bomb) < MIB
    assert "refused" in refusal(tmp_path, bomb)
    blob = b"\0" * 100 * MIB
    bomb = layout_with(Member(f"blobs/sha256/{digest_of(blob)[7:]}", blob))
    (tmp_path / "second").mkdir()
    assert "times its size" in refusal(tmp_path / "second", bomb)
    assert sum(path.stat().st_size for path in (tmp_path / "second").rglob("*") if path.is_file()) < 50 * MIB


def test_a_header_that_claims_gigabytes_is_not_read(tmp_path: Path) -> None:
    info = tarfile.TarInfo("././@LongLink")
    info.type = tarfile.GNUTYPE_LONGNAME
    info.size = 8 * 1024**3
    assert "a header in it is too large" in refusal(
        tmp_path, gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + b"a" * MIB)
    )


def test_a_total_bound_holds(tmp_path: Path) -> None:
    assert "more than 1000 bytes" in refusal(tmp_path, service_archive(), total=1000)


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    blobs = [str(number).encode() for number in range(1100)]
    members = [Member(f"blobs/sha256/{digest_of(blob)[7:]}", blob) for blob in blobs]
    assert "members" in refusal(tmp_path, layout_with(*members))


NO_ARCHIVES = {
    "nothing": b"",
    "text": b"hello" * 1000,
    "gzipped nothing": gzip.compress(b""),
    "gzipped text": gzip.compress(b"hello" * 1000),
    "a tar as it is": tar(META, IMAGE),
}


@pytest.mark.parametrize("content", NO_ARCHIVES.values(), ids=NO_ARCHIVES.keys())
def test_what_is_no_gzipped_tar_is_refused(tmp_path: Path, content: bytes) -> None:
    assert "refused" in refusal(tmp_path, content)


def test_every_cut_is_noticed(tmp_path: Path) -> None:
    whole = service_archive()
    for number, length in enumerate(range(1, len(whole) - 200, 97)):  # the end is padding, where a cut does no harm
        folder = tmp_path / str(number)
        folder.mkdir()
        assert "refused" in refusal(folder, whole[:length]), length


def test_every_flipped_byte_of_the_image_is_noticed(tmp_path: Path) -> None:
    """But those of the tar's own headers that mean nothing, such as times: then the content is still right."""
    good = tar(META, IMAGE)
    for number, place in enumerate(range(0, len(good), 509)):
        folder = tmp_path / str(number)
        folder.mkdir()
        changed = bytearray(good)
        changed[place] ^= 0xFF
        try:
            checked = check(folder, gzip.compress(bytes(changed)))
        except Invalid:
            continue
        assert checked.manifest.digest == DIGEST


def test_garbage_after_the_archive_is_refused(tmp_path: Path) -> None:
    assert "damaged" in refusal(tmp_path, service_archive() + b"garbage")


def test_an_archive_by_another_tar_is_read(tmp_path: Path) -> None:
    """Python's own format has extended headers for times; they are fine."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT) as written:
        for member in (META, IMAGE):
            info = tarfile.TarInfo(member.name)
            info.size = len(member.content)
            info.mtime = 1.5
            written.addfile(info, io.BytesIO(member.content))
    assert check(tmp_path, buffer.getvalue()).manifest.name == "cowrie"
