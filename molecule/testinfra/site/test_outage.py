"""No event is lost and none is stored twice while the server is away and the manager dies."""

import json
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from scenario_testing.machine import docker, eventually, run
from scenario_testing.site import SENSOR, Api, Attacker

LOGINS = 200
SERVER = ("honeysens-proxy", "honeysens-web", "honeysens-worker")


def kill_manager() -> None:
    docker("exec", SENSOR, "pkill", "-9", "-f", "sensor-manager run")


def try_once(intruder: Attacker, password: str) -> None:
    """Log in with a password that is refused: asked again, OpenSSH may send an empty one while sshpass goes away."""
    command = intruder.ssh_command("id")
    command.insert(command.index("ssh") + 1, "-oNumberOfPasswordPrompts=1")
    run(*command, check=False, env=os.environ | {"SSHPASS": password})


def passwords(api: Api, intruder: Attacker) -> Counter[str]:
    query = {"format": "ndjson", "source": intruder.address, "service": "cowrie"}
    events = map(json.loads, api.call("GET", "/events/export", params=query).iter_lines())
    return Counter(detail["data"] for event in events for detail in event["details"] if detail["kind"] == "password")


def test_two_hundred_sessions_survive_an_absent_server_and_a_killed_manager(api: Api, intruder: Attacker) -> None:
    expected = Counter(f"attempt-{number}" for number in range(LOGINS))
    docker("stop", *SERVER)
    try:
        with ThreadPoolExecutor(8) as pool:
            halves = sorted(expected)[: LOGINS // 2], sorted(expected)[LOGINS // 2 :]
            list(pool.map(lambda password: try_once(intruder, password), halves[0]))
            later = [pool.submit(try_once, intruder, password) for password in halves[1]]
            kill_manager()
            for login in later:
                login.result()
    finally:
        docker("start", *reversed(SERVER))

    eventually("server is back", lambda: identify(api))
    eventually(f"{LOGINS} sessions", lambda: len(api.contacts(intruder.address, "cowrie")) >= LOGINS or None)
    eventually("all credentials", lambda: sum(passwords(api, intruder).values()) >= LOGINS or None)
    assert len(api.contacts(intruder.address, "cowrie")) == LOGINS
    assert passwords(api, intruder) == expected


def identify(api: Api) -> bool:
    return (
        run("curl", "-s", "--cacert", api.ca_file, f"{api.url}/api/system/identify", check=False).stdout == "HoneySens"
    )
