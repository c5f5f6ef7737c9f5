"""Fixtures of the tests against the running demo."""

from collections.abc import Iterator
from itertools import count

import pytest
from site_testing.lab import Api, Attacker, attacker, demo

NUMBERS = count(100)


@pytest.fixture(scope="session")
def api() -> Api:
    return demo()


@pytest.fixture
def intruder(api: Api) -> Iterator[Attacker]:
    """An attacker whose address no other test has used."""
    number = next(NUMBERS)
    sensor = str(api.summary["sensor"]["address"])
    prefix = sensor.rpartition(".")[0]
    with attacker(f"hs-t{number}", f"{prefix}.{number}", sensor) as one:
        yield one
