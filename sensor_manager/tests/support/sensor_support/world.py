"""What takes long to make and no test wears out."""

from dataclasses import dataclass

from sensor_support.engine import NestedEngine
from sensor_support.mini_server import MiniServer
from sensor_support.namespaces import Lan


@dataclass
class World:
    """Networks, server, engine, and the digests of images by name."""

    net: Lan
    server: MiniServer
    engine: NestedEngine
    digests: dict[str, str]
