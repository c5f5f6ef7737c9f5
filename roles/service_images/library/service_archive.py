"""Ansible module: write one service archive, see DOCUMENTATION."""

from pathlib import Path
from typing import Any

from ansible.module_utils import service_archive  # type: ignore[import-untyped]  # found in this role
from ansible.module_utils.basic import AnsibleModule  # type: ignore[import-untyped]  # ansible-core ships no types
from ansible.module_utils.image_build import manifest  # type: ignore[import-untyped]  # the role container_images'

DOCUMENTATION = """
module: service_archive
short_description: Write one service archive and enter it into the manifest
description:
  - The archive holds the service's metadata, completed by architecture and digest, and its image as an OCI layout.
  - Nothing is done when the manifest names an archive of this very image and the file is unchanged.
options:
  metadata: {description: "The service's metadata.xml.", type: path, required: true}
  architecture: {description: "The image's, as Debian names it.", type: str, default: amd64}
  image: {description: "The built image, named by its content hash.", type: str, required: true}
  built: {description: Whether the image exists already; false in check mode only., type: bool, required: true}
  dist: {description: Output folder., type: path, required: true}
author: [HoneySens]
"""


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "metadata": {"type": "path", "required": True},
            "architecture": {"type": "str", "default": "amd64"},
            "image": {"type": "str", "required": True},
            "built": {"type": "bool", "required": True},
            "dist": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(**ensure(module.params, dry_run=module.check_mode))
    except service_archive.ArchiveError as error:
        module.fail_json(msg=str(error))


def ensure(params: dict[str, Any], *, dry_run: bool) -> dict[str, Any]:
    """Write the archive unless it is there; returns the module's result."""
    dist, metadata = Path(params["dist"]), Path(params["metadata"])
    service = service_archive.read_service(metadata, params["architecture"])
    archive = dist / "services" / service.file_name
    known = [item for item in manifest.read(dist / "manifest.json") if item["path"] == f"services/{service.file_name}"]
    if (
        params["built"]
        and known
        and known[0]["image"] == params["image"]
        and archive.exists()
        and service_archive.file_digest(archive) == known[0]["digest"]
    ):
        return {"changed": False, "path": str(archive)}
    if not dry_run:
        service_archive.write_archive(metadata, params["image"], service, archive)
        entry = {
            "name": service.name,
            "kind": "service",
            "version": service.revision,
            "arch": service.architecture,
            "digest": service_archive.file_digest(archive),
            "size": archive.stat().st_size,
            "image": params["image"],
            "path": str(archive.relative_to(dist)),
        }
        manifest.update(dist / "manifest.json", entry, write=True)
    return {"changed": True, "path": str(archive)}


if __name__ == "__main__":
    main()
