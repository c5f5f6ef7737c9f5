#!/usr/bin/python
"""Ansible module: build one container image, see DOCUMENTATION."""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.image_build.build import Workspace, ensure
from ansible.module_utils.image_build.context import ImageSpec
from ansible.module_utils.image_build.engine import PROXY_ARGUMENTS, Engine
from ansible.module_utils.image_build.manifest import update
from ansible.module_utils.image_build.process import BuildError

DOCUMENTATION = """
module: container_image
short_description: Build one container image from a staged context
description:
  - Stages the context, fetches hash-pinned wheels, builds our own wheels and vendored npm files into it, and builds it.
  - The image is named by the hash of all its inputs; when that name exists nothing is built.
options:
  spec: {description: "One entry of container_images_list, see the role's argument_specs.", type: dict, required: true}
  base: {description: Image the build starts from., type: str, required: true}
  docker: {description: The docker client to call., type: path, required: true}
  dist: {description: "Folder for manifest.json, staged contexts and archives.", type: path, required: true}
  cache: {description: Folder for downloads., type: path, required: true}
  proxy: {description: Web proxy for the build., type: str, default: ""}
  export: {description: Also write the image as an archive., type: bool, default: false}
author: [HoneySens]
"""


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "spec": {"type": "dict", "required": True},
            "base": {"type": "str", "required": True},
            "docker": {"type": "path", "required": True},
            "dist": {"type": "path", "required": True},
            "cache": {"type": "path", "required": True},
            "proxy": {"type": "str", "default": ""},
            "export": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(**build_image(module.params, dry_run=module.check_mode))
    except BuildError as error:
        module.fail_json(msg=str(error))


def build_image(params: dict[str, Any], *, dry_run: bool) -> dict[str, Any]:
    """Build, optionally export, and enter the image into the manifest; returns the module's result."""
    asked, dist = params["spec"], Path(params["dist"])
    engine = Engine(params["docker"])
    outcome = ensure(
        image_spec(asked),
        engine=engine,
        base=params["base"],
        space=Workspace(build=dist / "build", cache=Path(params["cache"])),
        proxy=dict.fromkeys(PROXY_ARGUMENTS[:2], params["proxy"]) if params["proxy"] else {},
        dry_run=dry_run,
    )
    if outcome.image is None:
        return {"changed": outcome.changed, "image": outcome.reference, "digest": None}
    archive = dist / "images" / f"{asked['name']}-{outcome.reference.rpartition(':')[2]}.tar"
    missing = params["export"] and not archive.exists()
    if missing and not dry_run:
        engine.save(outcome.reference, archive)
    entry = {
        "name": asked["name"],
        "kind": asked["kind"],
        "version": asked["version"],
        "arch": "amd64",
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
        context=Path(asked["context"]),
        dockerfile=asked.get("dockerfile") or "Dockerfile",
        requirements=Path(asked["requirements"]) if asked.get("requirements") else None,
        packages=tuple(Path(package) for package in asked.get("packages") or ()),
        extra_files={item["dest"]: Path(item["src"]) for item in asked.get("extra_files") or ()},
        npm_folder=Path(npm["folder"]) if npm else None,
        npm_files={item["dest"]: item["src"] for item in npm.get("files") or ()},
        build_args={key: str(value) for key, value in (asked.get("build_args") or {}).items()},
    )


if __name__ == "__main__":
    main()
