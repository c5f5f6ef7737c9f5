"""The server's log: a JSON object a line, for the adapter."""

import json
import time
from pathlib import Path

LOG_PATH = Path("/var/lib/honeypot/rdp.json")


class Journal:
    """Appends lines; nothing rotates them, for the adapter frees what it has read."""

    def __init__(self, path: Path = LOG_PATH) -> None:
        self._file = path.open("a", encoding="ascii", buffering=1)

    def tell(self, event: str, session: str, **fields: object) -> None:
        """Write what happened in a session now (`time` is in seconds since the epoch)."""
        line = {"event": event, "session": session, "time": time.time(), **fields}
        self._file.write(json.dumps(line, separators=(",", ":")) + "\n")
