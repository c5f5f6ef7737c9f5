"""The sensor's seed: random, made once, and kept as long as its state.

It has nothing to do with the key that the server knows the sensor by, which is renewed.
"""

import secrets
from pathlib import Path

import structlog

from sensor_manager.files import write_durably

SEED_BYTES = 32

log = structlog.get_logger(__name__)


def load_seed(path: Path) -> bytes:
    """Return what the file holds (64 hexadecimal digits); one that holds nothing of use is told of and replaced."""
    try:
        seed = bytes.fromhex(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        log.info("a seed for what honeypots show as their own is made")
    except (OSError, ValueError) as error:
        _tell(path, type(error).__name__)
    else:
        if len(seed) == SEED_BYTES:
            return seed
        _tell(path, f"{len(seed)} bytes instead of {SEED_BYTES}")
    seed = secrets.token_bytes(SEED_BYTES)
    write_durably(path, f"{seed.hex()}\n")
    return seed


def _tell(path: Path, reason: str) -> None:
    log.warning("the seed cannot be used: honeypots get other host keys from now on", path=str(path), reason=reason)
