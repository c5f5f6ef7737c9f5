"""Ansible module: let this machine run programs of another architecture, see DOCUMENTATION."""

from ansible.module_utils.basic import AnsibleModule  # type: ignore[import-untyped]  # ansible-core ships no types
from ansible.module_utils.image_build import actions, process  # type: ignore[import-untyped]  # found in this role

DOCUMENTATION = """
module: emulation
short_description: Let this machine run programs of another architecture
description:
  - Registers qemu-user with the kernel's binfmt_misc, unless it is, or this machine runs the architecture itself.
  - Needs root, and Debian's qemu-user-static.
options:
  architecture: {description: As Debian names it., type: str, required: true}
author: [HoneySens]
"""


def main() -> None:
    module = AnsibleModule(
        argument_spec={"architecture": {"type": "str", "required": True}},
        supports_check_mode=True,
    )
    try:
        module.exit_json(**actions.emulation(module.params, dry_run=module.check_mode))
    except process.BuildError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
