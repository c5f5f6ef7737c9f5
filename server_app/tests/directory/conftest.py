"""A real directory with alice, and a server that asks it."""

from collections.abc import Iterator

import pytest
from directory_of_alice import Directory
from server_bench import Bench
from slapd_process import Slapd, slapd


@pytest.fixture(scope="session")
def running_slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with slapd(tmp_path_factory.mktemp("slapd")) as running:
        yield running


@pytest.fixture
def directory(bench: Bench, running_slapd: Slapd) -> Iterator[Directory]:
    yield Directory(bench, running_slapd)
    running_slapd.clear()
