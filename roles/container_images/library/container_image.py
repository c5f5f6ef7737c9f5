"""Ansible module: build one container image, see DOCUMENTATION."""

from ansible.module_utils.basic import AnsibleModule  # type: ignore[import-untyped]  # ansible-core ships no types
from ansible.module_utils.image_build import actions, process  # type: ignore[import-untyped]  # found in this role

DOCUMENTATION = """
module: container_image
short_description: Build one container image from a staged context
description:
  - Stages the context, fetches hash-pinned wheels, builds those of pinned source distributions and our own, puts
    vendored npm files into it, and builds it.
  - The image is named by the hash of all its inputs; when that name exists nothing is built.
options:
  spec: {description: "One entry of container_images_list, see the role's argument_specs.", type: dict, required: true}
  base: {description: Image the build starts from; the name of that for amd64., type: str, required: true}
  docker: {description: The docker client to call., type: path, required: true}
  dist: {description: "Folder for manifest.json, staged contexts and archives.", type: path, required: true}
  cache: {description: Folder for downloads., type: path, required: true}
  tools: {description: Context of the image that wheels are built in., type: path, required: true}
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
            "tools": {"type": "path", "required": True},
            "export": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(**actions.container_image(module.params, dry_run=module.check_mode))
    except process.BuildError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
