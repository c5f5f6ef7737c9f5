"""What goes into an image's build context, and the digest of it."""

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .architecture import AMD64, Architecture
from .process import BuildError

FORMAT = 1
"""Part of every digest: raise it when the builder itself changes what it makes of the same files."""

LEFT_OUT = frozenset({"tests", "__pycache__", "node_modules", ".mypy_cache", ".pytest_cache", ".ruff_cache"})


@dataclass(frozen=True, kw_only=True)
class ImageSpec:
    """One image to build.

    `requirements` is a hash-pinned file whose wheels go into the context's `wheels/`, `packages` are folders of our
    own distributions whose wheels go there as well. `extra_files` and `npm_files` map a place within the context to a
    file or folder outside, the latter relative to `npm_folder` after `npm ci`.
    """

    name: str
    architecture: Architecture = AMD64
    context: Path
    dockerfile: str = "Dockerfile"
    requirements: Path | None = None
    packages: tuple[Path, ...] = ()
    extra_files: Mapping[str, Path] = field(default_factory=dict)
    npm_folder: Path | None = None
    npm_files: Mapping[str, str] = field(default_factory=dict)
    build_args: Mapping[str, str] = field(default_factory=dict)

    @property
    def repository(self) -> str:
        """The image's name without a tag; that of another architecture than amd64 ends with it."""
        return self.architecture.named(f"honeysens/{self.name}")


def files_below(folder: Path) -> Iterator[Path]:
    """All files of a source folder in a fixed order, without tests, caches and installed packages."""
    for path in sorted(folder.iterdir()):
        if path.name in LEFT_OUT or path.suffix == ".pyc" or path.name.endswith(".egg-info"):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from files_below(path)
        else:
            yield path


def staged_files(spec: ImageSpec) -> dict[str, Path]:
    """Place within the context → file outside, for everything that is copied as it is.

    Raises:
        BuildError: a named file or folder does not exist.
    """
    if not spec.context.is_dir():
        raise BuildError(f"Image {spec.name}: the context folder {spec.context} does not exist.")
    staged = {str(path.relative_to(spec.context)): path for path in files_below(spec.context)}
    if spec.dockerfile not in staged:
        raise BuildError(f"Image {spec.name}: {spec.context} has no {spec.dockerfile}.")
    if spec.requirements is not None:
        staged["requirements.txt"] = _existing(spec.requirements, spec)
    for place, source in spec.extra_files.items():
        _existing(source, spec)
        if source.is_dir():
            staged |= {f"{place}/{path.relative_to(source)}": path for path in files_below(source)}
        else:
            staged[place] = source
    return staged


def digest(spec: ImageSpec, base_image_id: str, tools: Path | None = None) -> str:
    """Hexadecimal SHA-256 over all that decides what the image will be.

    Args:
        spec: what to build.
        base_image_id: what it starts from.
        tools: folder with what wheels are built with, if that decides.
    """
    inputs = hashlib.sha256(
        f"{FORMAT}\n{spec.name}{spec.architecture.suffix}\n{spec.dockerfile}\n{base_image_id}\n".encode()
    )

    def add(kind: str, place: str, path: Path) -> None:
        mode = "x" if path.stat().st_mode & 0o100 else "-"
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        inputs.update(f"{kind}\0{place}\0{mode}\0{content}\n".encode())

    for place, path in sorted(staged_files(spec).items()):
        add("file", place, path)
    for kind, folders in (("tool", [tools] if tools else []), ("package", spec.packages)):
        for folder in folders:
            for path in files_below(_existing(folder, spec)):
                add(kind, f"{folder.name}/{path.relative_to(folder)}", path)
    if spec.npm_folder is not None:
        for name in ("package.json", "package-lock.json"):
            add("npm", name, _existing(spec.npm_folder / name, spec))
    for kind, pairs in (("npm_file", spec.npm_files), ("argument", spec.build_args)):
        for key, value in sorted(pairs.items()):
            inputs.update(f"{kind}\0{key}\0{value}\n".encode())
    return inputs.hexdigest()


def stage(spec: ImageSpec, target: Path) -> None:
    """Make `target` a fresh copy of the context, with an empty `wheels/` where wheels are asked for."""
    shutil.rmtree(target, ignore_errors=True)
    for place, source in staged_files(spec).items():
        copy = target / place
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)
        copy.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)
    if spec.requirements is not None or spec.packages:
        (target / "wheels").mkdir(exist_ok=True)


def _existing(path: Path, spec: ImageSpec) -> Path:
    if not path.exists():
        raise BuildError(f"Image {spec.name}: {path} does not exist.")
    return path
