"""The container engine's proxy: it reads its environment when it starts, and honeypots live on without it."""

from collections.abc import Sequence
from pathlib import Path

from sensor_manager.effects.commands import run_tool
from sensor_manager.files import write_if_changed

VARIABLE = "HTTPS_PROXY"
FOLDER_MODE = 0o700


def set_engine_proxy(folder: Path, url: str | None, restart: Sequence[str]) -> bool:
    """Have the engine use a proxy from now on; tell whether it was restarted for that.

    Args:
        folder: the engine's environment, one file for each variable (see s6-envdir); for its owner only.
        url: of the proxy, with its login; None for none.
        restart: the command that restarts the engine.

    Raises:
        EffectError: the engine is not restarted.
        OSError: the folder cannot be written.
    """
    file = folder / VARIABLE
    if url is None:
        changed = file.exists()
        file.unlink(missing_ok=True)
    else:
        folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
        changed = write_if_changed(file, url)
    if changed:
        try:
            run_tool(*restart)
        except BaseException:
            if url is not None:
                file.unlink(missing_ok=True)  # so that the next attempt finds a change
            raise
    return changed
