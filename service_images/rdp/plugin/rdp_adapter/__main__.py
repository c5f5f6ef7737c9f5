"""Runs the adapter beside the server."""

import asyncio
from pathlib import Path

from honeypot_adapter.follow import follow
from rdp_adapter.mapping import mapped

asyncio.run(follow(Path("/var/lib/honeypot/rdp.json"), mapped))
