"""A honeypot's container in the engine's words: everything that is not given here is denied."""

from pathlib import Path
from typing import Any

from sensor_manager.model import ContainerSpec
from sensor_manager.settings import HONEYPOT_UID
from sensor_wire.honeypot.socket import SOCKET_PATH

MIB = 1024 * 1024
WRITABLE = f"size=64m,mode=0700,uid={HONEYPOT_UID},gid={HONEYPOT_UID},noexec,nosuid,nodev"
WRITABLE_FOLDERS = ("/tmp", "/var/lib/honeypot")  # noqa: S108 - a private tmpfs within the container
NO_NAME_SERVER = "127.0.0.1"
"""The engine would otherwise resolve names for honeypots through the sensor: a way out. Nobody answers here."""


def container_request(
    spec: ContainerSpec, labels: dict[str, str], network: str, sockets: Path, *, init: bool
) -> dict[str, Any]:
    """Return the body of the engine's request.

    Args:
        spec: what shall run.
        labels: by which the container is known.
        network: its only network.
        sockets: folder with the service's socket.
        init: whether the engine can put an init process before the honeypot.
    """
    mount = {"Type": "bind", "Source": str(sockets), "Target": str(Path(SOCKET_PATH).parent), "ReadOnly": True}
    return {
        "Image": spec.image,
        "Labels": labels,
        "Env": [f"HONEYSENS_SERVICE={spec.service}", f"HONEYSENS_OPTIONS={spec.options}"],
        "User": f"{HONEYPOT_UID}:{HONEYPOT_UID}",
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": {
            "Privileged": False,
            "ReadonlyRootfs": True,
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "Tmpfs": dict.fromkeys(WRITABLE_FOLDERS, WRITABLE),
            "Mounts": [mount],
            "Memory": spec.memory_mb * MIB,
            "MemorySwap": spec.memory_mb * MIB,
            "PidsLimit": spec.pids,
            # No restart policy: the manager starts containers again, for it must prepare their new namespace.
            "LogConfig": {"Type": "local", "Config": {"max-size": "1m", "max-file": "2"}},
            "Init": init,
            "IpcMode": "private",
            "Dns": [NO_NAME_SERVER],
            "NetworkMode": network,
        },
        "NetworkingConfig": {"EndpointsConfig": {network: {"IPAMConfig": _addresses(spec)}}},
    }


def _addresses(spec: ContainerSpec) -> dict[str, str]:
    six = {} if spec.address6 is None else {"IPv6Address": str(spec.address6)}
    return {"IPv4Address": str(spec.address)} | six
