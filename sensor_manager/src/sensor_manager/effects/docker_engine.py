"""The container engine: what of ours exists, and how a honeypot's container is made.

Everything of ours carries labels; nothing without them is looked at or touched.
"""

import json
from pathlib import Path
from typing import Any

from sensor_manager.effects.engine_api import EngineApi, GoneError, lines_of, saying
from sensor_manager.effects.engine_images import EngineImages
from sensor_manager.effects.engine_networks import network_request, observed_network
from sensor_manager.effects.errors import EffectError
from sensor_manager.effects.run_contract import container_request
from sensor_manager.model import ContainerSpec, CreateNetwork, ObservedContainer, ObservedNetwork
from sensor_manager.plan.last_lines import MAX_LINES, last_lines

STOP_GRACE = 1
"""Seconds a honeypot has to end by itself; its events are on disk already."""


class DockerEngine(EngineImages):
    """Our objects in one engine.

    Args:
        url: address of the engine, such as `unix:///var/run/docker.sock`.
        sockets: folder whose folder `<service>` is mounted into that service's container.
        label_prefix: first part of our labels.
        name_prefix: first part of the names of containers and networks, for people only.
    """

    def __init__(
        self, url: str, sockets: Path, *, label_prefix: str = "io.honeysens", name_prefix: str = "honeysens-"
    ) -> None:
        super().__init__(EngineApi(url))
        self._sockets = sockets
        self._name_prefix = name_prefix
        self._service_label = f"{label_prefix}.service"
        self._contract_label = f"{label_prefix}.contract"
        self._revision_label = f"{label_prefix}.revision"
        self._image_label = f"{label_prefix}.image"

    def containers(self) -> tuple[ObservedContainer, ...]:
        """Return our containers, running or not."""
        with saying("the engine's containers cannot be listed"):
            found = self._api.call("GET", "/containers/json", {"all": 1, "filters": self._ours()})
            details = [self._inspect(each["Id"]) for each in found]
        return tuple(self._observed(each) for each in details if each is not None)

    def networks(self) -> tuple[ObservedNetwork, ...]:
        """Return our bridge networks."""
        with saying("the engine's networks cannot be listed"):
            found = self._api.call("GET", "/networks", {"filters": self._ours()})
        return tuple(observed_network(each, each["Labels"][self._service_label]) for each in found)

    def last_lines(self, identifier: str, count: int = MAX_LINES) -> tuple[str, ...]:
        """Return the last lines a honeypot wrote."""
        with saying("a honeypot's log cannot be read"):
            query = {"stdout": 1, "stderr": 1, "tail": count}
            frames = self._api.read("GET", f"/containers/{identifier}/logs", query)
        return last_lines(lines_of(frames), count)

    def create_network(self, network: CreateNetwork) -> None:
        """Make a bridge network without the engine's own netfilter rules."""
        body = network_request(network, self._name(network.service), {self._service_label: network.service})
        with saying(f"the network of {network.service} cannot be made"):
            self._api.call("POST", "/networks/create", body=body)

    def remove_network(self, identifier: str) -> None:
        """Delete a network; its container must be gone."""
        with saying("a honeypot's network cannot be removed", gone_is_done=True):
            self._api.call("DELETE", f"/networks/{identifier}")

    def create_container(self, spec: ContainerSpec) -> None:
        """Make a honeypot's container under the run contract, whatever its image says.

        Raises:
            EffectError: the engine refuses, or the image wants what no honeypot gets.
        """
        name = self._name(spec.service)
        labels = {
            self._service_label: spec.service,
            self._contract_label: spec.contract,
            self._revision_label: spec.revision,
            self._image_label: spec.image,
        }
        with saying(f"the container of {spec.service} cannot be made"):
            if self._api.call("GET", f"/images/{spec.image}/json")["Config"].get("Volumes"):
                raise EffectError("its image declares volumes, which honeypots do not get; rebuild it")
            body = container_request(spec, labels, name, self._sockets / spec.service, init=self._has_init())
            self._api.call("POST", "/containers/create", {"name": name}, body)

    def start(self, identifier: str) -> None:
        """Start a container; it gets a new network namespace."""
        with saying("a honeypot cannot be started"):
            self._api.call("POST", f"/containers/{identifier}/start")

    def stop(self, identifier: str) -> None:
        """Stop a container within the grace period."""
        with saying("a honeypot cannot be stopped", gone_is_done=True):
            self._api.call("POST", f"/containers/{identifier}/stop", {"t": STOP_GRACE})

    def remove_container(self, identifier: str) -> None:
        """Stop and delete a container."""
        with saying("a honeypot cannot be removed", gone_is_done=True):
            self._api.call("POST", f"/containers/{identifier}/stop", {"t": STOP_GRACE})
            self._api.call("DELETE", f"/containers/{identifier}", {"v": 1, "force": 1})

    def _ours(self) -> str:
        return json.dumps({"label": [self._service_label]})

    def _name(self, service: str) -> str:
        return f"{self._name_prefix}{service}"

    def _has_init(self) -> bool:
        return bool(self._api.call("GET", "/info")["InitCommit"]["ID"] != "N/A")

    def _inspect(self, identifier: str) -> dict[str, Any] | None:
        try:
            details: dict[str, Any] = self._api.call("GET", f"/containers/{identifier}/json")
        except GoneError:
            return None  # removed since it was listed
        return details

    def _observed(self, details: dict[str, Any]) -> ObservedContainer:
        state, labels, network = details["State"], details["Config"]["Labels"], details["NetworkSettings"]
        running = bool(state["Running"])
        return ObservedContainer(
            id=details["Id"],
            service=labels[self._service_label],
            contract=labels.get(self._contract_label, ""),
            revision=labels.get(self._revision_label, ""),
            image=labels.get(self._image_label, ""),
            running=running,
            started=state["Status"] != "created",
            exit_code=int(state["ExitCode"]),
            error=state.get("Error") or None,
            ended="" if running else state.get("FinishedAt", ""),
            sandbox=network["SandboxKey"] if running else "",
            half_removed=bool(state["Dead"]),
        )
