"""The honeypot that docs/adding-a-honeypot.md shows, written out: `python example.py FOLDER` makes `FOLDER/finger`."""

import re
import shutil
import sys
from pathlib import Path

SERVICES = Path(__file__).parents[3]
PAGE = SERVICES.parent / "docs" / "adding-a-honeypot.md"
NAME = "finger"
_FILE = re.compile(r"^`([^`\n]+)`\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def write(folder: Path) -> Path:
    """Write the page's files into a folder like `service_images/`, beside what all honeypots share.

    Returns:
        The honeypot's own folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(
        SERVICES / "adapter", folder / "adapter", ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True
    )
    shutil.copy(SERVICES / "conftest.py", folder)
    for name, content in _FILE.findall(PAGE.read_text(encoding="utf-8")):
        file = folder / NAME / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    return folder / NAME


if __name__ == "__main__":
    write(Path(sys.argv[1]))
