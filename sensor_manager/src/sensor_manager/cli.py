"""The command `sensor-manager`: `run` is the daemon, `health` its check."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from sensor_manager import __version__, heartbeat
from sensor_manager.platforms import PLATFORMS
from sensor_manager.settings import HEARTBEAT_NAME, Settings


def _absolute(text: str) -> Path:
    """Folders are handed to the container engine, which knows no working directory."""
    return Path(text).absolute()


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line; exits with 2 and a hint when it is wrong."""
    parser = argparse.ArgumentParser(prog="sensor-manager", description="The HoneySens sensor daemon.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="enrol, poll, keep the honeypots as the server wants them, forward events")
    run.add_argument(
        "--config", type=_absolute, default=Path("/etc/honeysens/sensor.json"), help="what the server made for it"
    )
    run.add_argument("--state", type=_absolute, default=Path("/var/lib/honeysens"), help="folder kept across restarts")
    run.add_argument("--interface", default="eth0", help="network interface whose traffic goes to the honeypots")
    run.add_argument("--platform", default="docker_x86", choices=sorted(PLATFORMS), help="what the sensor runs on")
    run.add_argument("--docker", default="unix:///var/run/docker.sock", help="address of the container engine")
    run.add_argument(
        "--docker-certs",
        type=_absolute,
        default=Path("/etc/docker/certs.d"),
        help="the engine's keys for registries",
    )
    health = commands.add_parser("health", help="exit with 0 if the daemon makes progress, else with 1 and a reason")
    for command in (run, health):
        command.add_argument(
            "--runtime", type=_absolute, default=Path("/run/honeysens"), help="sockets and signs of life"
        )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the process's exit code."""
    options = vars(parse_arguments(arguments))
    if options.pop("command") == "health":
        return _health(options["runtime"])
    from sensor_manager.daemon import run  # noqa: PLC0415 - the health check runs often and needs none of the daemon's imports

    return run(Settings(**options))


def _health(runtime: Path) -> int:
    reason = heartbeat.complaint(runtime / HEARTBEAT_NAME)
    if reason is not None:
        sys.stderr.write(f"unhealthy: {reason}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
