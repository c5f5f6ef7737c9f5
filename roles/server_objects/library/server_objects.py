"""Ansible module: bring a server's objects to a declared state, see DOCUMENTATION."""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule  # type: ignore[import-untyped]  # ansible-core ships no types
from ansible.module_utils.server_objects import api, archives, reconcile  # type: ignore[import-untyped]  # found in this role

DOCUMENTATION = """
module: server_objects
short_description: Bring services, divisions, sensors and assignments of a server to a declared state
description:
  - Compares with what the server has and does only what is missing; says what it does, also in check mode.
  - Fetches the configuration archive of each declared sensor that has not enrolled yet.
options:
  url: {description: Where the server is., type: str, required: true}
  authority: {description: Certificates (PEM) that vouch for it., type: str, required: true}
  username: {description: A user who may administer., type: str, required: true}
  password: {description: That user's password., type: str, required: true}
  divisions: {description: Names of divisions., type: list, elements: str, required: true}
  sensors: {description: "Sensors, see the role's argument_specs.", type: list, elements: dict, required: true}
  persona: {description: What sensors claim to be that say nothing else., type: dict, required: true}
  services: {description: Names of services to upload., type: list, elements: str, required: true}
  manifest: {description: "dist/manifest.json, which names their archives.", type: path, required: true}
  config_folder: {description: Where configuration archives go., type: path, required: true}
author: [HoneySens]
"""


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "required": True},
            "authority": {"type": "str", "required": True},
            "username": {"type": "str", "required": True},
            "password": {"type": "str", "required": True, "no_log": True},
            "divisions": {"type": "list", "elements": "str", "required": True},
            "sensors": {"type": "list", "elements": "dict", "required": True},
            "persona": {"type": "dict", "required": True},
            "services": {"type": "list", "elements": "str", "required": True},
            "manifest": {"type": "path", "required": True},
            "config_folder": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    try:
        changes, warnings = bring_about(module.params, dry_run=module.check_mode)
    except (api.ApiError, archives.NotBuiltError) as error:
        module.fail_json(msg=str(error))
    for warning in warnings:
        module.warn(warning)
    module.exit_json(changed=bool(changes), changes=changes)


def bring_about(params: dict[str, Any], *, dry_run: bool) -> tuple[list[str], list[str]]:
    """Log in, compare, do what is missing; returns what was changed and what to warn of."""
    declared = reconcile.Declared(
        divisions=params["divisions"],
        sensors=params["sensors"],
        archives=archives.built(Path(params["manifest"]), params["services"]),
        persona=params["persona"],
    )
    with api.login(params["url"], params["authority"], params["username"], params["password"]) as session:
        work = reconcile.Reconciler(session, Path(params["config_folder"]), dry_run)
        work.run(declared)
    return work.changes, work.warnings


if __name__ == "__main__":
    main()
