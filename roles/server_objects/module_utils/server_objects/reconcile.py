"""Compares what is declared with what the server has, and does what is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .api import Api

SETTINGS = ("location", "poll_interval")
"""What of a sensor can be changed once it is there."""


@dataclass(frozen=True)
class Archive:
    """A service archive: the revision it holds for which architecture, its image's digest, and the file."""

    revision: str
    architecture: str
    digest: str
    file: Path


@dataclass(frozen=True)
class Declared:
    """What the server should have.

    `archives` are names of services, each with an archive; `sensors` and `persona` as in the role's argument_specs.
    """

    divisions: Sequence[str] = ()
    sensors: Sequence[Mapping[str, Any]] = ()
    archives: Sequence[tuple[str, Archive]] = ()
    persona: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Reconciler:
    """Does what is missing, or only says it.

    `changes` is what was (or would be) done, a line each; `warnings` what cannot be done.
    """

    api: Api
    config_folder: Path
    dry_run: bool
    changes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def run(self, declared: Declared) -> None:
        """Bring services, divisions and sensors to the declared state, in the order they need each other."""
        self._services(declared.archives)
        self._system_persona(declared.persona)
        divisions = self._divisions(declared)
        present = {sensor["name"]: sensor for sensor in self.api.items("/sensors")}
        for wanted in declared.sensors:
            self._sensor(wanted, present.get(wanted["name"]), divisions)

    def _note(self, change: str) -> bool:
        """Note a change; returns whether it shall be made."""
        self.changes.append(change)
        return not self.dry_run

    def _services(self, archives: Sequence[tuple[str, Archive]]) -> None:
        present = {service["name"]: service["revisions"] for service in self.api.items("/services")}
        for name, archive in archives:
            known = [item for item in present.get(name, ()) if _same_revision(item, archive)]
            if not known:
                if self._note(f"upload {archive.file.name}"):
                    self.api.upload("/services", archive.file)
            elif known[0]["digest"] != archive.digest:
                self.warnings.append(
                    f"The server's {name} {archive.revision} ({archive.architecture}) is another image than was built. "
                    "Give the service a new revision in its metadata.xml to roll it out."
                )

    def _system_persona(self, wanted: Mapping[str, Any]) -> None:
        """Say what the honeypots of sensors claim to be that say nothing else."""
        if not wanted:
            return
        present = self.api.call("GET", "/settings").json()["sensors"]["persona"]
        if differs(wanted, present) and self._note("change the persona of all sensors"):
            self.api.call("PATCH", "/settings/sensors", json={"persona": {**present, **wanted}})

    def _divisions(self, declared: Declared) -> dict[str, int]:
        present = {division["name"]: int(division["id"]) for division in self.api.items("/divisions")}
        wanted = [*declared.divisions, *(sensor["division"] for sensor in declared.sensors)]
        for name in dict.fromkeys(wanted):
            if name not in present and self._note(f"create division {name}"):
                present[name] = int(self.api.call("POST", "/divisions", json={"name": name}).json()["id"])
        return present

    def _sensor(self, wanted: Mapping[str, Any], found: dict[str, Any] | None, divisions: Mapping[str, int]) -> None:
        name = wanted["name"]
        settings = {key: wanted[key] for key in SETTINGS if wanted.get(key) is not None}
        present = (found and found["persona"]) or {}
        if differs(wanted.get("persona") or {}, present):
            settings["persona"] = {**present, **wanted["persona"]}
        if found is None:
            if self._note(f"create sensor {name}"):
                body = {"name": name, "division": divisions[wanted["division"]], **settings}
                found = self.api.call("POST", "/sensors", json=body).json()
        elif any(found[key] != value for key, value in settings.items()) and self._note(f"change sensor {name}"):
            self.api.call("PATCH", f"/sensors/{found['id']}", json=settings)
        sensor_id = found["id"] if found else None
        self._config(name, sensor_id)
        self._assignments(name, sensor_id, wanted.get("services"))

    def _config(self, name: str, sensor_id: int | None) -> None:
        """Fetch the configuration archive of a sensor that has no certificate yet."""
        archive = self.config_folder / f"{name}.tar.gz"
        enrolled = sensor_id is not None and bool(self.api.items("/certs", sensor=sensor_id))
        if not enrolled and not archive.exists() and self._note(f"fetch the configuration of {name}"):
            content = self.api.call("POST", f"/sensors/{sensor_id}/config").content
            self.config_folder.mkdir(parents=True, exist_ok=True)
            archive.touch(mode=0o600)
            archive.write_bytes(content)

    def _assignments(self, name: str, sensor_id: int | None, services: Sequence[Mapping[str, Any]] | None) -> None:
        """Let the sensor run the declared services and no others; nothing if none are declared at all."""
        if services is None:
            return
        path = f"/sensors/{sensor_id}/services"
        present = {item["service"]: item for item in self.api.items(path)} if sensor_id else {}
        wanted = {service["name"]: assignment(service) for service in services}
        for service, body in wanted.items():
            fits = service in present and not differs(body, present[service])
            if not fits and self._note(f"assign {service} to {name}"):
                self.api.call("PUT", f"{path}/{service}", json=body)
        for service in present.keys() - wanted.keys():
            if self._note(f"take {service} away from {name}"):
                self.api.call("DELETE", f"{path}/{service}")


def differs(wanted: Mapping[str, Any], present: Mapping[str, Any]) -> bool:
    """Whether a declared value is another one at the moment; those that are not declared stay as they are."""
    return any(present.get(key) != value for key, value in wanted.items())


def assignment(service: Mapping[str, Any]) -> dict[str, Any]:
    """What is declared of a service that a sensor shall run, as the API takes it."""
    options = service.get("options")
    return {"revision": service.get("revision")} | ({} if options is None else {"options": options})


def _same_revision(item: Mapping[str, Any], archive: Archive) -> bool:
    return bool(item["revision"] == archive.revision and item["architecture"] == archive.architecture)
