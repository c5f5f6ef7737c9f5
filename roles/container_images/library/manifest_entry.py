"""Ansible module: put one artifact into dist/manifest.json, see DOCUMENTATION."""

from ansible.module_utils.basic import AnsibleModule  # type: ignore[import-untyped]  # ansible-core ships no types
from ansible.module_utils.image_build import actions, process  # type: ignore[import-untyped]  # found in this role

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
        module.exit_json(**actions.manifest_entry(module.params, dry_run=module.check_mode))
    except process.BuildError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
