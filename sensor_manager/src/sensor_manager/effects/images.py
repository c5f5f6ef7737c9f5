"""Images on their way: each is pulled in a thread of its own, so that a slow one hinders no other service."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import structlog

from sensor_manager.effects.errors import EffectError
from sensor_manager.model import PullImage
from sensor_wire.v1.poll import PullProgress

type Fetch = Callable[[str, Callable[[PullProgress], None]], None]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PullResult:
    """How a pull ended; `error` is None when the image is there."""

    request: PullImage
    error: str | None


class ImagePuller:
    """Pulls in the background.

    Args:
        fetch: fetches one image by its reference and tells on the way how much of it has come; raises `EffectError`.
        on_end: called after each pull, from its thread.
    """

    def __init__(self, fetch: Fetch, on_end: Callable[[], None]) -> None:
        self._fetch = fetch
        self._on_end = on_end
        self._lock = threading.Lock()
        self._pulling: dict[str, PullProgress | None] = {}
        self._results: list[PullResult] = []

    def begin(self, request: PullImage) -> None:
        """Begin to pull unless the image is on its way already."""
        with self._lock:
            if request.image in self._pulling:
                return
            self._pulling[request.image] = None
        threading.Thread(target=self._run, args=(request,), name=f"pull-{request.service}", daemon=True).start()

    def pulling(self) -> Mapping[str, PullProgress | None]:
        """Return the images on their way by reference, and how much of each has come; None while that is unknown."""
        with self._lock:
            return dict(self._pulling)

    def results(self) -> list[PullResult]:
        """Return, once, the pulls that have ended."""
        with self._lock:
            ended, self._results = self._results, []
        return ended

    def _advance(self, image: str, progress: PullProgress) -> None:
        with self._lock:
            self._pulling[image] = progress

    def _run(self, request: PullImage) -> None:
        error: str | None = None
        try:
            self._fetch(request.image, partial(self._advance, request.image))
        except EffectError as failure:
            error = str(failure)
        except Exception as failure:
            log.exception("an image could not be pulled", image=request.image)
            error = f"{request.image} cannot be pulled: {failure!r}"
        with self._lock:
            del self._pulling[request.image]
            self._results.append(PullResult(request, error))
        self._on_end()
