"""What netfilter was given and what it listed right after, kept for as long as the rules themselves."""

from pathlib import Path

import structlog
from pydantic import BaseModel, TypeAdapter, ValidationError

from sensor_manager.effects.stand_ins import Way

log = structlog.get_logger(__name__)


class Fingerprint(BaseModel):
    """Rules as they were applied.

    Attributes:
        listing: hash of what the kernel listed right after.
        ipv6: whether the kernel was told to hand on packets of IPv6, too.
        ways: the routes that belong to them.
    """

    rules: str
    listing: str
    ipv6: bool = False
    ways: tuple[Way, ...] = ()


_BOOK = TypeAdapter(dict[str, Fingerprint])


class RulesBook:
    """Fingerprints by the path of their network namespace, empty for the sensor's own.

    Args:
        path: file that keeps them, so that a restarted manager recognises its own rules. It must not survive the rules
            themselves, that is a reboot.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = _read(path)

    def get(self, namespace: str | None) -> Fingerprint | None:
        """Return what was noted of a namespace."""
        return self._known.get(namespace or "")

    def note(self, namespace: str | None, fingerprint: Fingerprint) -> None:
        """Keep what was applied in a namespace."""
        self._known[namespace or ""] = fingerprint
        self._write()

    def forget_all_but(self, living: set[str]) -> None:
        """Drop what is known of namespaces that are gone; the sensor's own stays."""
        gone = self._known.keys() - living - {""}
        for namespace in gone:
            del self._known[namespace]
        if gone:
            self._write()

    def _write(self) -> None:
        temporary = self._path.with_suffix(".new")
        try:
            temporary.write_bytes(_BOOK.dump_json(self._known))
            temporary.replace(self._path)
        except OSError as error:
            log.warning("what was applied is not kept; the next manager applies it again", reason=str(error))
            for each in (temporary, self._path):  # of an old book, the next one would think somebody had meddled
                each.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Fingerprint]:
    try:
        return _BOOK.validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return {}
