"""What the role's modules do: their parameters in, their results out."""

from pathlib import Path
from typing import Any

from . import emulation as emulated
from .architecture import ARCHITECTURES
from .build import Workspace, ensure
from .context import ImageSpec
from .engine import Engine
from .manifest import update


def container_image(params: dict[str, Any], *, dry_run: bool) -> dict[str, Any]:
    """Build, optionally export, and enter the image into the manifest; returns the module's result."""
    asked, dist = params["spec"], Path(params["dist"])
    engine, spec = Engine(params["docker"]), image_spec(params["spec"])
    outcome = ensure(
        spec,
        engine=engine,
        base=params["base"],
        space=Workspace(build=dist / "build", cache=Path(params["cache"]), tools=Path(params["tools"])),
        dry_run=dry_run,
    )
    if outcome.image is None:
        return {"changed": outcome.changed, "image": outcome.reference, "digest": None}
    archive = dist / "images" / f"{asked['name']}{spec.architecture.suffix}-{outcome.reference.rpartition(':')[2]}.tar"
    missing = params["export"] and not archive.exists()
    if missing and not dry_run:
        engine.save(outcome.reference, archive)
    entry = {
        "name": asked["name"],
        "kind": asked["kind"],
        "version": asked["version"],
        "arch": spec.architecture.name,
        "digest": outcome.image.id,
        "size": outcome.image.size,
        "image": outcome.reference,
        "path": str(archive.relative_to(dist)) if params["export"] else None,
    }
    entered = update(dist / "manifest.json", entry, write=not dry_run)
    return {
        "changed": outcome.changed or missing or entered,
        "image": outcome.reference,
        "digest": outcome.image.id,
    }


def image_spec(asked: dict[str, Any]) -> ImageSpec:
    """One entry of `container_images_list` as the builder's own type."""
    npm = asked.get("npm") or {}
    return ImageSpec(
        name=asked["name"],
        architecture=ARCHITECTURES[asked.get("architecture") or "amd64"],
        context=Path(asked["context"]),
        dockerfile=asked.get("dockerfile") or "Dockerfile",
        requirements=Path(asked["requirements"]) if asked.get("requirements") else None,
        packages=tuple(Path(package) for package in asked.get("packages") or ()),
        extra_files={item["dest"]: Path(item["src"]) for item in asked.get("extra_files") or ()},
        npm_folder=Path(npm["folder"]) if npm else None,
        npm_files={item["dest"]: item["src"] for item in npm.get("files") or ()},
        build_args={key: str(value) for key, value in (asked.get("build_args") or {}).items()},
    )


def manifest_entry(params: dict[str, Any], *, dry_run: bool) -> dict[str, Any]:
    """Enter one artifact into the manifest; returns the module's result."""
    return {"changed": update(Path(params["path"]), params["entry"], write=not dry_run)}


def emulation(params: dict[str, Any], *, dry_run: bool) -> dict[str, Any]:
    """Let this machine run programs of an architecture; returns the module's result."""
    return {"changed": emulated.ensure(ARCHITECTURES[params["architecture"]], dry_run=dry_run)}
