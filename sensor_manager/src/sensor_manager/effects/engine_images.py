"""The images in the engine, whoever made them."""

import shutil
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sensor_manager.effects.engine_api import EngineApi, saying
from sensor_manager.effects.errors import EffectError


class EngineImages:
    """What a container engine does with images.

    Args:
        api: of the engine.
    """

    def __init__(self, api: EngineApi) -> None:
        self._api = api

    def images(self, registries: Collection[str]) -> frozenset[str]:
        """Return the images that came from these registries, by `registry/repository@digest`."""
        with saying("the engine's images cannot be listed"):
            found = self._api.call("GET", "/images/json")
        references = (reference for each in found for reference in each.get("RepoDigests") or ())
        return frozenset(reference for reference in references if reference.partition("/")[0] in registries)

    def layers(self) -> frozenset[str]:
        """Return the contents of all layers that are there, whatever image they belong to."""
        with saying("the engine's images cannot be listed"):
            identifiers = [each["Id"] for each in self._api.call("GET", "/images/json")]
            found = [self._api.call("GET", f"/images/{identifier}/json")["RootFS"] for identifier in identifiers]
        return frozenset(layer for each in found for layer in each.get("Layers") or ())

    def free_bytes(self) -> int | None:
        """Return the free bytes of the disk that images are kept on; None when the manager does not see it."""
        with saying("the engine does not tell where it keeps images"):
            root = self._api.call("GET", "/info")["DockerRootDir"]
        try:
            return shutil.disk_usage(root).free
        except OSError:
            return None

    def pull(self, reference: str) -> Iterator[Mapping[str, Any]]:
        """Fetch an image by its digest, verified by the engine; yields what the engine says on the way.

        Raises:
            EffectError: it did not come as a whole.
        """
        repository, _, digest = reference.partition("@")
        with saying(f"{reference} cannot be pulled"):
            for step in self._api.steps("POST", "/images/create", {"fromImage": repository, "tag": digest}):
                if "error" in step:
                    raise EffectError(str(step["error"]))
                yield step

    def remove_image(self, reference: str) -> None:
        """Delete an image, or its name only where something else still uses the content."""
        with saying(f"{reference} cannot be removed", gone_is_done=True):
            self._api.call("DELETE", f"/images/{reference}")
