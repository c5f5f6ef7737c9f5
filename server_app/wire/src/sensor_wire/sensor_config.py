"""The configuration archive of a new sensor: a gzipped tar with this one file, `sensor.json`.

It is the same for every platform. A copy is worth nothing once the sensor has enrolled: the token works once.
"""

from typing import Annotated, Literal

from pydantic import Field, IPvAnyAddress, StringConstraints

from sensor_wire.base import PemText, Timestamp, WireModel
from sensor_wire.v1.network import Network, Proxy

CONFIG_FILE_NAME = "sensor.json"


class SensorConfig(WireModel):
    """Everything a sensor needs to enrol: where the server is, whom to trust, and the single-use token.

    `network` and `proxy` are what it needs to get there; null: nothing is known, the poll will tell. `server_address`
    is for networks without DNS: a hosts entry for the name in `server_url`.
    """

    format: Literal[1] = 1
    sensor_id: Annotated[int, Field(ge=1)]
    sensor_name: Annotated[str, StringConstraints(min_length=1, max_length=50)]
    server_url: Annotated[str, StringConstraints(pattern=r"^https://[^/\s]+$", max_length=256)]
    server_address: IPvAnyAddress | None = None
    ca_chain: PemText
    token: Annotated[str, StringConstraints(min_length=22, max_length=128)]
    token_expires: Timestamp
    network: Network | None = None
    proxy: Proxy | None = None
