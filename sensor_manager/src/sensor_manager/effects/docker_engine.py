"""The container engine: what of ours exists, and how a honeypot's container is made.

Everything of ours carries labels; nothing without them is looked at or touched.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import docker
import requests
from docker.errors import APIError, DockerException, NotFound
from docker.types import EndpointConfig, IPAMConfig, IPAMPool, LogConfig, Mount

from sensor_manager.effects.errors import EffectError
from sensor_manager.model import ContainerSpec, CreateNetwork, ObservedContainer, ObservedNetwork
from sensor_manager.plan.last_lines import MAX_LINES, last_lines
from sensor_manager.settings import HONEYPOT_UID
from sensor_wire.honeypot.socket import SOCKET_PATH

TIMEOUT = 60
STOP_GRACE = 1
"""Seconds a honeypot has to end by itself; its events are on disk already."""
WRITABLE = f"size=64m,mode=0700,uid={HONEYPOT_UID},gid={HONEYPOT_UID},noexec,nosuid,nodev"
WRITABLE_FOLDERS = ("/tmp", "/var/lib/honeypot")  # noqa: S108 - a private tmpfs within the container
NO_NAME_SERVER = "127.0.0.1"
"""The engine would otherwise resolve names for honeypots through the sensor: a way out. Nobody answers here."""


class DockerEngine:
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
        self._client = docker.DockerClient(base_url=url, timeout=TIMEOUT, version="1.41")
        self._sockets = sockets
        self._name_prefix = name_prefix
        self._service_label = f"{label_prefix}.service"
        self._contract_label = f"{label_prefix}.contract"
        self._revision_label = f"{label_prefix}.revision"
        self._image_label = f"{label_prefix}.image"

    def close(self) -> None:
        """Close the connections to the engine."""
        self._client.close()

    def containers(self) -> tuple[ObservedContainer, ...]:
        """Return our containers, running or not."""
        with _engine("the engine's containers cannot be listed"):
            found = self._client.api.containers(all=True, filters={"label": self._service_label})
            details = [self._inspect(each["Id"]) for each in found]
        return tuple(self._observed(each) for each in details if each is not None)

    def networks(self) -> tuple[ObservedNetwork, ...]:
        """Return our bridge networks."""
        with _engine("the engine's networks cannot be listed"):
            found = self._client.api.networks(filters={"label": self._service_label})
        return tuple(
            ObservedNetwork(each["Id"], each["Labels"][self._service_label], IPv4Network(pool["Subnet"]))
            for each in found
            for pool in each["IPAM"]["Config"][:1]
        )

    def images(self, registry: str) -> frozenset[str]:
        """Return the images that came from this registry, by `registry/repository@digest`."""
        with _engine("the engine's images cannot be listed"):
            found = self._client.api.images()
        references = (reference for each in found for reference in each.get("RepoDigests") or ())
        return frozenset(reference for reference in references if reference.startswith(f"{registry}/"))

    def layers(self) -> frozenset[str]:
        """Return the contents of all layers that are there, whatever image they belong to."""
        with _engine("the engine's images cannot be listed"):
            found = [image.attrs["RootFS"] for image in self._client.images.list()]
        return frozenset(layer for each in found for layer in each.get("Layers") or ())

    def free_bytes(self) -> int | None:
        """Return the free bytes of the disk that images are kept on; None when the manager does not see it."""
        with _engine("the engine does not tell where it keeps images"):
            root = self._client.info()["DockerRootDir"]
        try:
            return shutil.disk_usage(root).free
        except OSError:
            return None

    def pull(self, reference: str) -> Iterator[Mapping[str, Any]]:
        """Fetch an image by its digest, verified by the engine; yields what the engine says on the way.

        Raises:
            EffectError: it did not come as a whole.
        """
        repository, _, digest = reference.partition("@")
        with _engine(f"{reference} cannot be pulled"):
            for step in self._client.api.pull(repository, tag=digest, stream=True, decode=True):
                if "error" in step:
                    raise EffectError(f"{reference} cannot be pulled: {step['error']}")
                yield step

    def last_lines(self, identifier: str, count: int = MAX_LINES) -> tuple[str, ...]:
        """Return the last lines a honeypot wrote."""
        with _engine("a honeypot's log cannot be read"):
            written: bytes = self._client.api.logs(identifier, tail=count)
        return last_lines(written, count)

    def remove_image(self, reference: str) -> None:
        """Delete an image, or its name only where something else still uses the content."""
        with _engine(f"{reference} cannot be removed", gone_is_done=True):
            self._client.api.remove_image(reference)

    def create_network(self, network: CreateNetwork) -> None:
        """Make a bridge network without IPv6 and without the engine's own netfilter rules."""
        pool = IPAMPool(subnet=str(network.subnet), gateway=str(network.gateway))
        with _engine(f"the network of {network.service} cannot be made"):
            self._client.api.create_network(
                self._name(network.service),
                driver="bridge",
                ipam=IPAMConfig(pool_configs=[pool]),
                check_duplicate=True,
                enable_ipv6=False,
                labels={self._service_label: network.service},
                options={
                    "com.docker.network.bridge.name": network.bridge,
                    "com.docker.network.bridge.enable_icc": "false",
                    "com.docker.network.bridge.enable_ip_masquerade": "false",
                },
            )

    def remove_network(self, identifier: str) -> None:
        """Delete a network; its container must be gone."""
        with _engine("a honeypot's network cannot be removed", gone_is_done=True):
            self._client.api.remove_network(identifier)

    def create_container(self, spec: ContainerSpec) -> None:
        """Make a honeypot's container under the run contract, whatever its image says.

        Raises:
            EffectError: the engine refuses, or the image wants what no honeypot gets.
        """
        name = self._name(spec.service)
        folder = str(self._sockets / spec.service)
        with _engine(f"the container of {spec.service} cannot be made"):
            image = self._client.images.get(spec.image)
            if image.attrs["Config"].get("Volumes"):
                raise EffectError(
                    f"the image of {spec.service} declares volumes, which honeypots do not get; rebuild it"
                )
            self._client.containers.create(
                spec.image,
                name=name,
                labels={
                    self._service_label: spec.service,
                    self._contract_label: spec.contract,
                    self._revision_label: spec.revision,
                    self._image_label: spec.image,
                },
                environment={"HONEYSENS_SERVICE": spec.service, "HONEYSENS_OPTIONS": spec.options},
                user=f"{HONEYPOT_UID}:{HONEYPOT_UID}",
                privileged=False,
                read_only=True,
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                tmpfs=dict.fromkeys(WRITABLE_FOLDERS, WRITABLE),
                mounts=[Mount(str(Path(SOCKET_PATH).parent), folder, type="bind", read_only=True)],
                mem_limit=f"{spec.memory_mb}m",
                memswap_limit=f"{spec.memory_mb}m",
                pids_limit=spec.pids,
                # No restart policy: the manager starts containers again, for it must prepare their new namespace.
                log_config=LogConfig(type="local", config={"max-size": "1m", "max-file": "2"}),
                healthcheck={"test": ["NONE"]},
                init=self._has_init(),
                ipc_mode="private",
                dns=[NO_NAME_SERVER],
                network=name,
                networking_config={name: EndpointConfig("1.41", ipv4_address=str(spec.address))},
            )

    def start(self, identifier: str) -> None:
        """Start a container; it gets a new network namespace."""
        with _engine("a honeypot cannot be started"):
            self._client.api.start(identifier)

    def stop(self, identifier: str) -> None:
        """Stop a container within the grace period."""
        with _engine("a honeypot cannot be stopped", gone_is_done=True):
            self._client.api.stop(identifier, timeout=STOP_GRACE)

    def remove_container(self, identifier: str) -> None:
        """Stop and delete a container."""
        with _engine("a honeypot cannot be removed", gone_is_done=True):
            self._client.api.stop(identifier, timeout=STOP_GRACE)
            self._client.api.remove_container(identifier, v=True, force=True)

    def _name(self, service: str) -> str:
        return f"{self._name_prefix}{service}"

    def _has_init(self) -> bool:
        return bool(self._client.info()["InitCommit"]["ID"] != "N/A")

    def _inspect(self, identifier: str) -> dict[str, Any] | None:
        try:
            details: dict[str, Any] = self._client.api.inspect_container(identifier)
        except NotFound:
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
        )


@contextmanager
def _engine(what: str, *, gone_is_done: bool = False) -> Iterator[None]:
    """Turn the engine's errors into ours; what is gone already need not be stopped or removed."""
    try:
        yield
    except NotFound as error:
        if gone_is_done:
            return
        raise EffectError(f"{what}: {error.explanation}") from error
    except APIError as error:
        raise EffectError(f"{what}: {error.explanation or error}") from error
    except (DockerException, requests.RequestException) as error:
        raise EffectError(f"{what}: {error}; is the engine running?") from error
