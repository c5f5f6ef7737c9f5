#!/usr/bin/python
"""Ansible module: put one artifact into dist/manifest.json, see DOCUMENTATION."""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.image_build.manifest import update
from ansible.module_utils.image_build.process import BuildError

DOCUMENTATION = """
module: manifest_entry
short_description: Put one artifact into the manifest of built artifacts
description: Replaces the entry of the same kind, name and architecture; other entries stay.
options:
  path: {description: The manifest., type: path, required: true}
  entry: {description: "name, kind, version, arch, digest, size, image, path.", type: dict, required: true}
author: [HoneySens]
"""


def main() -> None:
    module = AnsibleModule(
        argument_spec={"path": {"type": "path", "required": True}, "entry": {"type": "dict", "required": True}},
        supports_check_mode=True,
    )
    try:
        changed = update(Path(module.params["path"]), module.params["entry"], write=not module.check_mode)
    except BuildError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=changed)


if __name__ == "__main__":
    main()
