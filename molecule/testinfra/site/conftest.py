"""Fixtures of the tests against the running demo."""

from collections.abc import Iterator

import pytest
from scenario_testing.site import Api, Attacker, attacker, demo

HOSTS = range(100, 250)


@pytest.fixture(scope="session")
def api() -> Api:
    return demo()


@pytest.fixture
def intruder(api: Api) -> Iterator[Attacker]:
    """An attacker whose address the server has never seen, so that what it shows of him is this test's."""
    sensor = str(api.summary["sensor"]["address"])
    prefix = sensor.rpartition(".")[0]
    number = next(host for host in HOSTS if not api.items("/events/sessions", source=f"{prefix}.{host}", limit=1))
    with attacker(f"hs-t{number}", f"{prefix}.{number}", sensor) as one:
        yield one
