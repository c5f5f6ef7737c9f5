"""The command `sensor-manager`: `run` is the daemon, the others look at it and change nothing."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from pathlib import Path

from sensor_manager import __version__, heartbeat
from sensor_manager.settings import HEARTBEAT_NAME, PLATFORM_NAMES, Settings

DEFAULT_LINES = 50


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
    run.add_argument("--platform", default="docker_x86", choices=PLATFORM_NAMES, help="what the sensor runs on")
    run.add_argument("--docker", default="unix:///var/run/docker.sock", help="address of the container engine")
    run.add_argument(
        "--docker-certs",
        type=_absolute,
        default=Path("/etc/docker/certs.d"),
        help="the engine's keys for registries",
    )
    run.add_argument(
        "--host-network",
        action="store_true",
        help="the network namespace is a machine's own: what it listens on and forwards is left alone",
    )
    run.add_argument(
        "--management",
        type=ip_address,
        action="append",
        default=[],
        metavar="ADDRESS",
        help="an address of the machine that no honeypot gets; may be repeated",
    )
    health = commands.add_parser("health", help="exit with 0 if the daemon makes progress, else with 1 and a reason")
    looks = [
        commands.add_parser("plan", help="tell what would be done next, and why"),
        commands.add_parser("status", help="tell on one page how the sensor is"),
        commands.add_parser("check", help="look for reasons why the sensor is silent; exit with 1 if there are any"),
        commands.add_parser("quarantine", help="show the events that the server does not take, and why"),
        logs := commands.add_parser("logs", help="show the last lines of the manager, or of a service"),
    ]
    logs.add_argument("service", nargs="?", help="whose lines; the manager's if nobody is named")
    logs.add_argument("--lines", type=int, default=DEFAULT_LINES, help="how many")
    for command in (run, health, *looks):
        command.add_argument(
            "--runtime", type=_absolute, default=Path("/run/honeysens"), help="sockets and signs of life"
        )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the process's exit code."""
    options = vars(parse_arguments(arguments))
    command = options.pop("command")
    if command == "health":
        return _health(options["runtime"])
    if command == "run":
        from sensor_manager.daemon import run  # noqa: PLC0415 - the health check runs often and needs none of its imports

        return run(Settings(**options | {"management": tuple(options["management"])}))
    return _look(command, **options)


def _look(command: str, runtime: Path, service: str | None = None, lines: int = DEFAULT_LINES) -> int:
    from sensor_manager.console import commands  # noqa: PLC0415 - as above
    from sensor_manager.plan.selfcheck import FAILED  # noqa: PLC0415 - as above

    shown: dict[str, Iterator[str]] = {
        "plan": commands.show_plan(runtime),
        "status": commands.show_status(runtime),
        "check": commands.show_check(runtime),
        "quarantine": commands.show_quarantine(runtime),
        "logs": commands.show_logs(runtime, service, lines),
    }
    failed = False
    try:
        for line in shown[command]:
            failed = failed or (command == "check" and line.startswith(FAILED))
            sys.stdout.write(f"{line}\n")
    except commands.EXPECTED as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return int(failed)


def _health(runtime: Path) -> int:
    reason = heartbeat.complaint(runtime / HEARTBEAT_NAME)
    if reason is not None:
        sys.stderr.write(f"unhealthy: {reason}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
