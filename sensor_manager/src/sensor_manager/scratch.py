"""How it goes with files that mean nothing after a reboot: what cannot be written is told, and hinders nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

log = structlog.get_logger(__name__)


class Scratch:
    """Remembers what could not be written lately; for use by one thread, may be read by all."""

    def __init__(self) -> None:
        self._errors: dict[str, str] = {}

    @property
    def error(self) -> str | None:
        """What cannot be written and why; None when all is well."""
        return next(iter(dict(self._errors).values()), None)

    @contextmanager
    def trying(self, what: str) -> Iterator[None]:
        """Write something in a block whose `OSError` goes no further."""
        try:
            yield
        except OSError as error:
            if what not in self._errors:
                log.warning("not written", what=what, reason=str(error))
            self._errors[what] = f"{what} cannot be written: {error}"
        else:
            self._errors.pop(what, None)
