"""Images as a registry describes them, without the layers themselves."""

import hashlib
import json

from sensor_manager.plan.pulling import Layer
from sensor_support.mini_server import MiniServer

LAYER = Layer("sha256:" + "a" * 64, 10 * 1024 * 1024, "application/vnd.oci.image.layer.v1.tar+gzip", "base")


def put(server: MiniServer, document: object) -> str:
    """Put a JSON document into the registry; returns its digest."""
    content = json.dumps(document).encode()
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    server.blobs[digest] = ("application/json", content)
    return digest


def describe_image(server: MiniServer, architecture: str) -> str:
    """Put manifest and configuration of an image into the registry; returns the manifest's digest."""
    config = put(server, {"architecture": architecture, "rootfs": {"diff_ids": [LAYER.content]}, "config": {}})
    layer = {"mediaType": LAYER.media_type, "size": LAYER.size, "digest": LAYER.digest}
    return put(server, {"config": {"mediaType": "c", "size": 1, "digest": config}, "layers": [layer]})


def describe(server: MiniServer, content: str, size: int) -> str:
    """Put an image for amd64 with one layer of its own into the registry; returns the manifest's digest."""
    config = put(server, {"architecture": "amd64", "rootfs": {"diff_ids": [content]}, "config": {}})
    digest = f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"
    layer = {"mediaType": LAYER.media_type, "size": size, "digest": digest}
    return put(server, {"config": {"mediaType": "c", "size": 1, "digest": config}, "layers": [layer]})
