"""What a honeypot's container is given, and nothing else."""

import hmac

import pytest
from sensor_support.builders import eventually
from sensor_support.namespaces import SENSOR
from sensor_support.sensor_process import Sensor

pytestmark = [pytest.mark.docker, pytest.mark.netns]


def test_run_contract(sensor: Sensor) -> None:
    sensor.want("pot", pot={"limits": {"memory_mb": 64, "pids": 16}})
    sensor.runs("pot")
    details = sensor.inspect("pot")
    host = details["HostConfig"]
    assert details["Config"]["User"] == "10001:10001"
    assert (host["ReadonlyRootfs"], host["Privileged"], host["CapDrop"], host["CapAdd"]) == (True, False, ["ALL"], None)
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert (host["Memory"], host["MemorySwap"], host["PidsLimit"]) == (64 << 20, 64 << 20, 16)
    assert host["RestartPolicy"]["Name"] in {"", "no"}
    assert [(each["Destination"], each["RW"]) for each in details["Mounts"]] == [("/run/honeysens", False)]
    status = sensor.meet("cat /proc/self/status; touch /x; touch /tmp/x && stat -c %a:%u /tmp; df -m /tmp | tail -1")
    assert "CapBnd:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    assert "touch: cannot touch '/x': Read-only file system" in status
    assert ":10001" in status
    assert " 64 " in status
    identity = sensor.connect("cat /run/honeysens/identity; stat -c ' %a:%u' /run/honeysens/identity")
    seed = bytes.fromhex((sensor.folder / "state/seed").read_text())
    assert f"{hmac.digest(seed, b'pot', 'sha256').hex()} 400:10001" in identity
    reached_by = sensor.connect("cat /run/honeysens/addresses").split()
    assert SENSOR in reached_by
    tried = sensor.connect("chmod 600 /run/honeysens/identity; rm /run/honeysens/identity; touch /run/honeysens/x")
    assert tried.count("Read-only file system") == 3
    sensor.kill()
    (sensor.folder / "run/services/pot/identity").unlink()
    sensor.start()
    eventually((sensor.folder / "run/services/pot/identity").exists, "it is there again")
    assert sensor.connect("cat /run/honeysens/identity; stat -c ' %a:%u' /run/honeysens/identity") == identity
