"""Front-end files that come from npm packages, pinned by a lock file."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from .process import BuildError, run


def vendor(folder: Path, files: Mapping[str, str], target: Path, cache: Path) -> None:
    """Install the locked packages of `folder` in a scratch copy and copy the named files into `target`.

    Args:
        folder: holds package.json and package-lock.json.
        files: place below `target` → path below the installed folder, such as `node_modules/x/dist/x.min.js`.
        target: the staged build context.
        cache: npm's own download cache.

    Raises:
        BuildError: npm failed, or a package does not hold a named file.
    """
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(folder / name, work / name)
        run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", f"--cache={cache}"],
            what=f"Installing the packages of {folder}",
            cwd=work,
        )
        for place, source in files.items():
            if not (work / source).is_file():
                raise BuildError(f"{folder}: the packages hold no file {source}.")
            (target / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(work / source, target / place)
