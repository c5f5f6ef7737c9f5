"""The configuration archive: a gzipped tar with one file."""

import io
import tarfile

from sensor_wire.sensor_config import CONFIG_FILE_NAME, SensorConfig


def packed(config: SensorConfig) -> bytes:
    """The archive that starts a sensor; it holds the token, so the file is for its owner only."""
    content = config.model_dump_json(indent=2).encode()
    member = tarfile.TarInfo(CONFIG_FILE_NAME)
    member.size = len(content)
    member.mode = 0o600
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
