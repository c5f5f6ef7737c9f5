"""Ansible module: bring a server's objects to a declared state, see DOCUMENTATION."""

import json
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule  # type: ignore[import-untyped]  # ansible-core ships no types
from ansible.module_utils.server_objects import api, reconcile  # type: ignore[import-untyped]  # found in this role

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
            "services": {"type": "list", "elements": "str", "required": True},
            "manifest": {"type": "path", "required": True},
            "config_folder": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(**bring_about(module.params, dry_run=module.check_mode))
    except (api.ApiError, KeyError, OSError) as error:
        module.fail_json(msg=str(error))


def bring_about(params: dict[str, Any], *, dry_run: bool) -> dict[str, Any]:
    """Log in, compare, do what is missing; returns the module's result."""
    declared = reconcile.Declared(
        divisions=params["divisions"],
        sensors=params["sensors"],
        archives=archives(Path(params["manifest"]), params["services"]),
    )
    with api.login(params["url"], params["authority"], params["username"], params["password"]) as session:
        work = reconcile.Reconciler(session, Path(params["config_folder"]), dry_run)
        work.run(declared)
    return {"changed": bool(work.changes), "changes": work.changes}


def archives(manifest: Path, services: list[str]) -> dict[str, tuple[str, Path]]:
    """Revision and file of each service's archive, as the manifest names them."""
    if not services:
        return {}
    built = {
        item["name"]: (item["version"], manifest.parent / item["path"])
        for item in json.loads(manifest.read_text(encoding="utf-8"))["artifacts"]
        if item["kind"] == "service" and item["path"]
    }
    missing = [name for name in services if name not in built]
    if missing:
        raise KeyError(f"{manifest} names no archive of {', '.join(missing)}. Run playbooks/build-service-images.yml.")
    return {name: built[name] for name in services}


if __name__ == "__main__":
    main()
