"""The configuration archive of a new sensor: a gzipped tar with this one file, `sensor.json`.

It is the same for every platform. A copy is worth nothing once the sensor has enrolled: the token works once.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from sensor_wire.base import PemText, Timestamp, WireModel

CONFIG_FILE_NAME = "sensor.json"


class SensorConfig(WireModel):
    """Everything a sensor needs to enrol: where the server is, whom to trust, and the single-use token."""

    format: Literal[1] = 1
    sensor_id: Annotated[int, Field(ge=1)]
    sensor_name: Annotated[str, StringConstraints(min_length=1, max_length=50)]
    server_url: Annotated[str, StringConstraints(pattern=r"^https://[^/\s]+$", max_length=256)]
    ca_chain: PemText
    token: Annotated[str, StringConstraints(min_length=22, max_length=128)]
    token_expires: Timestamp
