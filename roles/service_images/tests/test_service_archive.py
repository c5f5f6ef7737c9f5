"""Names and metadata of service archives; the molecule scenario tests whole archives of real images."""

from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring

from roles.service_images.module_utils import service_archive

METADATA = "<service><name>cowrie</name><revision>1.0.0</revision><digest>old</digest></service>"


@pytest.fixture
def metadata(tmp_path: Path) -> Path:
    file = tmp_path / "metadata.xml"
    file.write_text(METADATA)
    return file


def test_archives_are_named_as_the_documents_do(metadata: Path) -> None:
    assert service_archive.read_service(metadata, "armhf").file_name == "cowrie-1.0.0-armhf.tar.gz"


def test_the_build_fills_in_what_only_it_knows(metadata: Path) -> None:
    completed = fromstring(service_archive.complete_metadata(metadata, digest="sha256:ab", architecture="amd64"))
    assert [element.text for element in completed.findall("digest")] == ["sha256:ab"]
    assert completed.findtext("architecture") == "amd64"
    assert completed.findtext("name") == "cowrie"


def test_metadata_without_a_revision_is_named(metadata: Path) -> None:
    metadata.write_text("<service><name>cowrie</name></service>")
    with pytest.raises(service_archive.ArchiveError, match="no revision"):
        service_archive.read_service(metadata, "amd64")


def test_an_image_that_is_not_there_leaves_no_file(metadata: Path, tmp_path: Path) -> None:
    service = service_archive.read_service(metadata, "amd64")
    target = tmp_path / "out" / service.file_name
    with pytest.raises(service_archive.ArchiveError):
        service_archive.write_archive(metadata, "honeysens/there-is-no-such:image", service, target)
    assert list((tmp_path / "out").iterdir()) == []
