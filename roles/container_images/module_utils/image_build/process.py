"""The one place where the builder starts other programs."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

OUTPUT_TAIL_LINES = 40


class BuildError(Exception):
    """Something an operator has to know: what happened and what to do."""


def run(argv: Sequence[str], *, what: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """Run a program to its end and return its standard output.

    Args:
        argv: the program and its arguments, never through a shell.
        what: what is being done, for the error message.
        cwd: folder to run in.
        env: variables set on top of the inherited environment.

    Raises:
        BuildError: the program is missing or failed; carries the end of its output.
    """
    try:
        done = subprocess.run(  # noqa: S603 - the callers pass fixed programs and no shell is involved
            argv, cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise BuildError(f"{what} failed: {argv[0]} is not installed.") from error
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-OUTPUT_TAIL_LINES:])
        raise BuildError(f"{what} failed: {argv[0]} ended with {done.returncode}.\n{tail}")
    return done.stdout
