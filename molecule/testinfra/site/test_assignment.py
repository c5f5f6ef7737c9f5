"""Taking a honeypot away and giving it back changes the sensor within one poll and two seconds."""

import subprocess

from scenario_testing.machine import eventually
from scenario_testing.site import Api, Attacker, honeypot_container, nested_docker

POLL_SECONDS = 5
BANNER = "import socket,sys; s = socket.create_connection((sys.argv[1], 22), 10); s.settimeout(10); print(s.recv(64))"


def banner(intruder: Attacker) -> str:
    done: subprocess.CompletedProcess[str] = intruder.run("python3", "-c", BANNER, intruder.sensor, check=False)
    return done.stdout


def images() -> str:
    return nested_docker("images", "--format", "{{.Repository}}")


def test_an_assignment_taken_away_and_given_back(api: Api, intruder: Attacker) -> None:
    assignment = f"/sensors/{api.summary['sensor']['id']}/services/cowrie"
    eventually("cowrie answers", lambda: "SSH-2.0" in banner(intruder))
    assert "honeysens/cowrie" in images()

    api.call("DELETE", assignment)
    try:
        eventually("container gone", lambda: not honeypot_container("cowrie"), POLL_SECONDS + 2)
        eventually("image gone", lambda: "honeysens/cowrie" not in images(), POLL_SECONDS + 2)

        assert "SSH" not in banner(intruder)
        eventually(
            "recon answers on port 22",
            lambda: [
                contact for contact in api.contacts(intruder.address, "recon") if contact["destination"]["port"] == 22
            ],
        )
    finally:
        api.call("PUT", assignment, json={"revision": None})
    eventually("cowrie is back", lambda: "SSH-2.0" in banner(intruder))
