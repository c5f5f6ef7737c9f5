"""Runs the adapter beside the services."""

import asyncio
from pathlib import Path

from honeypot_adapter.follow import follow
from netservices_adapter.mapping import map_line

asyncio.run(follow(Path("/var/lib/honeypot/journal.json"), map_line))
