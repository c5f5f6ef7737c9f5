import subprocess
from collections.abc import Iterator

import pytest
from scenario_testing.machine import DOCKER, eventually, run
from scenario_testing.sensor import HARDENED, IMAGE, SENSOR, engine_answers, inside, nested


@pytest.fixture(scope="session")
def image() -> str:
    """An image in the engine inside; that of the honeypots' base."""
    eventually("the engine inside answers", engine_answers)
    with subprocess.Popen([DOCKER, "save", IMAGE], stdout=subprocess.PIPE) as save:
        subprocess.run([DOCKER, "exec", "-i", SENSOR, "docker", "load", "-q"], stdin=save.stdout, check=True)
    return IMAGE


@pytest.fixture
def honeypot(image: str) -> Iterator[str]:
    """A container as hardened as honeypots are, on a network of its own, with a socket folder."""
    run(DOCKER, "start", SENSOR)
    eventually("the engine inside answers", engine_answers)
    name = "pot"
    inside("install", "-d", "-o", "10001", "/run/honeysens/services/pot")
    nested("network", "create", "--subnet=10.10.10.0/29", "pot")
    mount = "--volume=/run/honeysens/services/pot:/run/honeysens"
    nested("run", "-d", f"--name={name}", *HARDENED, "--network=pot", mount, image, "sleep", "infinity")
    yield name
    nested("rm", "-f", name)
    nested("network", "rm", "pot")
