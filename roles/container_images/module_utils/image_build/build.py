"""From a specification to a built image: nothing is done when its content hash is already there."""

from dataclasses import dataclass
from pathlib import Path

from . import context, npm, wheels
from .engine import Engine, Image, proxy_arguments
from .process import BuildError

HASH_LENGTH = 12


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """Where the builder works: `build` for staged contexts, `cache` for downloads. Both may be deleted at any time."""

    build: Path
    cache: Path


@dataclass(frozen=True)
class Outcome:
    """What became of one image. `image` is none only where check mode cannot know it."""

    changed: bool
    reference: str
    image: Image | None


def ensure(spec: context.ImageSpec, *, engine: Engine, base: str, space: Workspace, dry_run: bool) -> Outcome:
    """Build the image unless one of the same inputs exists, and name it `honeysens/<name>:latest`.

    Raises:
        BuildError: no engine, no base image, a missing input, or a failed build.
    """
    latest = f"honeysens/{spec.name}:latest"
    base_image = engine.image(base)
    if base_image is None:
        if dry_run:
            return Outcome(changed=True, reference=latest, image=None)
        if not engine.available():
            raise BuildError(f"No Docker engine answers to {engine.client}. Run `make setup`, or start it.")
        raise BuildError(f"The base image {base} does not exist. Build it with playbooks/build-base-image.yml.")
    reference = f"honeysens/{spec.name}:{context.digest(spec, base_image.id)[:HASH_LENGTH]}"
    found = engine.image(reference)
    current = engine.image(latest)
    changed = found is None or current is None or current.id != found.id
    if dry_run or not changed:
        return Outcome(changed=changed, reference=reference, image=found)
    if found is None:
        folder = space.build / spec.name
        _prepare(spec, folder, space.cache)
        engine.build(folder, spec.dockerfile, reference, {"BASE": base, **spec.build_args, **proxy_arguments()})
        found = engine.image(reference)
    engine.tag(reference, latest)
    return Outcome(changed=True, reference=reference, image=found)


def _prepare(spec: context.ImageSpec, folder: Path, cache: Path) -> None:
    context.stage(spec, folder)
    if spec.requirements is not None:
        wheels.fetch(spec.requirements, folder / "wheels", cache / "wheels")
    for package in spec.packages:
        wheels.build(package, folder / "wheels")
    if spec.npm_folder is not None:
        npm.vendor(spec.npm_folder, spec.npm_files, folder, cache / "npm")
