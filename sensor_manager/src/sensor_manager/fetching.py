"""How an image comes to the sensor: looked at in the server's registry first, fetched by the engine then."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

import structlog

from sensor_manager.effects.errors import EffectError
from sensor_manager.effects.ports import Engine
from sensor_manager.plan.pulling import ImageFacts, Layer, PullMeter, missing_layers, objection
from sensor_manager.server.client import ServerClient
from sensor_manager.server.errors import ServerError
from sensor_manager.server.registry import image_facts
from sensor_wire.v1.architecture import Architecture
from sensor_wire.v1.poll import PullProgress

log = structlog.get_logger(__name__)


class ImageFetcher:
    """Fetches images that fit this sensor and its disk; several at once as far as all of them fit.

    Args:
        engine: pulls and stores.
        connect: makes a client with the sensor's certificate; raises `ServerError` while the sensor is not enrolled.
        architecture: the sensor's own.
    """

    def __init__(
        self,
        engine: Engine,
        connect: Callable[[], AbstractContextManager[ServerClient]],
        architecture: Architecture,
    ) -> None:
        self._engine = engine
        self._connect = connect
        self._architecture = architecture
        self._changed = threading.Condition()
        self._under_way: dict[str, tuple[Layer, ...]] = {}

    def fetch(self, image: str, tell: Callable[[PullProgress], None]) -> None:
        """Fetch an image (`registry/repository@digest`) and tell on the way how much of it has come.

        Raises:
            EffectError: it cannot be had, does not fit, or did not come as a whole.
        """
        _, _, name = image.partition("/")
        repository, _, digest = name.partition("@")
        try:
            with self._connect() as client:
                facts = image_facts(client, repository, digest, self._architecture)
        except ServerError as error:
            raise EffectError(f"{image} cannot be pulled: {error}") from error
        missing = self._reserve(image, facts)
        try:
            meter = PullMeter(missing)
            for step in self._engine.pull(image):
                tell(meter.note(step))
        finally:
            with self._changed:
                del self._under_way[image]
                self._changed.notify_all()

    def _reserve(self, image: str, facts: ImageFacts) -> tuple[Layer, ...]:
        """Return what is missing once there is room for it, beside all that other pulls still bring."""
        with self._changed:
            while True:
                missing, free = missing_layers(facts, self._engine.layers()), self._engine.free_bytes()
                reason = objection(facts, self._architecture, missing, free)
                if reason is not None:
                    raise EffectError(f"{image} is not pulled: {reason}")
                others = {layer for layers in self._under_way.values() for layer in layers}
                together = objection(facts, self._architecture, {*missing, *others}, free) if missing else None
                if together is None or not others:
                    self._under_way[image] = missing
                    return missing
                log.info("a pull waits for others, whose room it might take", image=image)
                self._changed.wait()
