"""From a specification to a built image: nothing is done when its content hash is already there."""

from dataclasses import dataclass
from pathlib import Path

from . import context, emulation, npm, wheels
from .architecture import AMD64, Architecture
from .engine import Engine, Image, proxy_arguments
from .process import BuildError

HASH_LENGTH = 12


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """Where the builder works: `build` for staged contexts, `cache` for downloads. Both may be deleted at any time.

    `tools` is the context of the image that wheels are built in, with the pinned build backends.
    """

    build: Path
    cache: Path
    tools: Path


@dataclass(frozen=True)
class Outcome:
    """What became of one image. `image` is none only where check mode cannot know it."""

    changed: bool
    reference: str
    image: Image | None


def ensure(spec: context.ImageSpec, *, engine: Engine, base: str, space: Workspace, dry_run: bool) -> Outcome:
    """Build the image unless one of the same inputs exists, and name it `honeysens/<name>:latest`.

    Args:
        spec: what to build.
        engine: where.
        base: the amd64 image it starts from; one for another architecture is named by that behind its name.
        space: folders to work in.
        dry_run: only say what would be done.

    Raises:
        BuildError: no engine, no base image, a missing input, or a failed build.
    """
    latest = f"{spec.repository}:latest"
    own_base = spec.architecture.named(base)
    base_image = engine.image(own_base)
    if base_image is None:
        if dry_run:
            return Outcome(changed=True, reference=latest, image=None)
        if not engine.available():
            raise BuildError(f"No Docker engine answers to {engine.client}. Run `make setup`, or start it.")
        raise BuildError(f"The base image {own_base} does not exist. Build it with playbooks/build-base-image.yml.")
    # For amd64 nearly all packages have wheels, whose hashes are pinned.
    tools = space.tools if spec.requirements and spec.architecture is not AMD64 else None
    reference = f"{spec.repository}:{context.digest(spec, base_image.id, tools)[:HASH_LENGTH]}"
    found = engine.image(reference)
    current = engine.image(latest)
    changed = found is None or current is None or current.id != found.id
    if dry_run or not changed:
        return Outcome(changed=changed, reference=reference, image=found)
    if found is None:
        folder = space.build / f"{spec.name}{spec.architecture.suffix}"
        _prepare(spec, folder, WheelTools(engine, base, space, spec.architecture))
        emulation.check(spec.architecture)
        arguments = {"BASE": own_base, **spec.build_args, **proxy_arguments()}
        platform = "" if spec.architecture is AMD64 else spec.architecture.platform
        engine.build(folder, spec.dockerfile, reference, arguments, platform)
        found = engine.image(reference)
    engine.tag(reference, latest)
    return Outcome(changed=True, reference=reference, image=found)


@dataclass(frozen=True)
class WheelTools:
    """Builds wheels of source distributions in a container of the images' own Python and libraries, without network.

    Attributes:
        engine: the engine.
        base: the amd64 image that the tools' image starts from.
        space: folders to work in.
        architecture: that of the wheels.
    """

    engine: Engine
    base: str
    space: Workspace
    architecture: Architecture

    def compile(self, sdist: Path, backends: Path, target: Path) -> None:
        """Build the wheel of one source distribution into `target`, with what `backends` has.

        Raises:
            BuildError: the build backend refused, or is not in `backends`.
        """
        spec = context.ImageSpec(name="wheel-tools", context=self.space.tools, architecture=self.architecture)
        tools = ensure(spec, engine=self.engine, base=self.base, space=self.space, dry_run=False)
        emulation.check(self.architecture)
        command = ["python3", "-m", "pip", "wheel", "--no-cache-dir", "--no-deps", "--use-pep517", "--no-index"]
        self.engine.run_offline(
            tools.reference,
            [*command, "--find-links=/backends", "--wheel-dir=/wheels", f"/sources/{sdist.name}"],
            platform=self.architecture.platform,
            folders={"/sources": (sdist.parent, "ro"), "/backends": (backends, "ro"), "/wheels": (target, "rw")},
            variables={
                "HOME": "/tmp",  # noqa: S108 - the container's own
                "SOURCE_DATE_EPOCH": wheels.SOURCE_DATE_EPOCH,
                "CFLAGS": "-g0",  # nobody debugs on a sensor, and symbols are most of such a file
                **({"QEMU_CPU": self.architecture.processor} if emulation.needed(self.architecture) else {}),
            },
        )


def _prepare(spec: context.ImageSpec, folder: Path, tools: WheelTools) -> None:
    context.stage(spec, folder)
    if spec.requirements is not None:
        backends = tools.space.tools / "requirements.txt"
        house = wheels.Wheelhouse(spec.architecture, tools.space.cache / "wheels", backends, tools.compile)
        staged = house.fetch(spec.requirements, folder / "wheels")
        (folder / "requirements.txt").write_text(staged, encoding="utf-8")
    for package in spec.packages:
        wheels.build(package, folder / "wheels")
    if spec.npm_folder is not None:
        npm.vendor(spec.npm_folder, spec.npm_files, folder, tools.space.cache / "npm")
