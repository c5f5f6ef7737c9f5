"""`dist/manifest.json`: the list of everything that was built, and the only thing deploy roles read."""

import fcntl
import json
from pathlib import Path
from typing import Any

from .process import BuildError

FORMAT = 1
Entry = dict[str, Any]


def read(path: Path) -> list[Entry]:
    """The artifacts of a manifest; none if there is no such file yet.

    Raises:
        BuildError: the file is no manifest of ours.
    """
    if not path.exists():
        return []
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["format"] == FORMAT:
            return list(document["artifacts"])
    except (ValueError, KeyError, TypeError) as error:
        raise BuildError(f"{path} is no artifact manifest ({error}). Remove it and build again.") from error
    raise BuildError(f"{path} has format {document['format']}, not {FORMAT}. Remove it and build again.")


def merge(artifacts: list[Entry], entry: Entry) -> list[Entry]:
    """The artifacts with `entry` in place of the former one of the same kind, name and architecture, sorted."""

    def key(item: Entry) -> tuple[str, str, str]:
        return (item["kind"], item["name"], item["arch"])

    return sorted([*(item for item in artifacts if key(item) != key(entry)), entry], key=key)


def update(path: Path, entry: Entry, *, write: bool) -> bool:
    """Put one entry into the manifest; returns whether that changes it, and touches nothing unless `write`."""
    if not write:
        return merge(read(path), entry) != read(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = read(path)
        after = merge(before, entry)
        if after != before:
            partial = path.with_suffix(".partial")
            document = {"format": FORMAT, "artifacts": after}
            partial.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", encoding="utf-8")
            partial.replace(path)
    return after != before
