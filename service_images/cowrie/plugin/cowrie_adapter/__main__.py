"""Runs the adapter beside cowrie."""

import asyncio
from pathlib import Path

from cowrie_adapter.artifacts import Artifacts
from cowrie_adapter.mapping import CowrieMapping
from honeypot_adapter.follow import follow

asyncio.run(follow(Path("/var/lib/honeypot/cowrie.json"), CowrieMapping(Artifacts(Path("/tmp/downloads")).head)))  # noqa: S108 - the container's own tmpfs
