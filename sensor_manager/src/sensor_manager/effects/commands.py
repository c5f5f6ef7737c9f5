"""Running the machine's own tools."""

import subprocess

from sensor_manager.effects.errors import EffectError

TIMEOUT = 20
MAX_OUTPUT = 400


def run_tool(*command: str, stdin: str = "") -> str:
    """Run a tool with text on its standard input and return its standard output.

    Raises:
        EffectError: it is missing, hangs or fails.
    """
    try:
        done = subprocess.run(  # noqa: S603 - fixed tools, no shell, arguments are the manager's own
            command, input=stdin, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
    except FileNotFoundError as error:
        raise EffectError(f"{command[0]} is not installed; add its package to the sensor") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EffectError(f"{command[0]} did not run: {error}") from error
    if done.returncode != 0:
        raise EffectError(f"{' '.join(command)} failed: {done.stderr.strip()[:MAX_OUTPUT]}")
    return done.stdout
