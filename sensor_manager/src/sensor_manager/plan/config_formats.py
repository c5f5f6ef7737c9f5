"""Configurations of sensors in all formats there have ever been. Pure: from bytes to values."""

import gzip
import io
import json
import tarfile
import zlib
from typing import Any

from pydantic import ValidationError

from sensor_manager.plan.legacy_config import LEGACY_NAME, NotUsableError
from sensor_manager.plan.legacy_dot1x import FILES
from sensor_wire.sensor_config import CONFIG_FILE_NAME, SensorConfig

GZIP = b"\x1f\x8b"
MAX_BYTES = 4 * 1024 * 1024
MAX_MEMBERS = 64
FORMATS = (1,)
CONFIGURATIONS = (CONFIG_FILE_NAME, LEGACY_NAME)
WANTED = (*CONFIGURATIONS, *FILES)


def unpack(content: bytes) -> dict[str, str]:
    """Return the configurations in a file by their names, whether they come alone or in an archive with what they name.

    Raises:
        NotUsableError: there is none, or the file is not sound.
    """
    if content.startswith(GZIP):
        return _members(_inflated(content))
    name = CONFIG_FILE_NAME if content.lstrip().startswith(b"{") else LEGACY_NAME
    return {name: _text(name, content)}


def parse(text: str) -> SensorConfig:
    """Understand a `sensor.json` of any version of ours.

    Raises:
        NotUsableError: it is none.
    """
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotUsableError(f"{CONFIG_FILE_NAME} is not JSON ({error})") from error
    if not isinstance(document, dict):
        raise NotUsableError(f"{CONFIG_FILE_NAME} is not an object of JSON")
    version = document.get("format", FORMATS[0])
    if version not in FORMATS:
        known = ", ".join(str(each) for each in FORMATS)
        raise NotUsableError(
            f"{CONFIG_FILE_NAME} has the format {version!r:.20}, this firmware knows {known}; update the firmware first"
        )
    try:
        return SensorConfig.model_validate(document)
    except ValidationError as error:
        wrong = sorted({"/".join(str(part) for part in each["loc"]) for each in error.errors(include_input=False)})
        raise NotUsableError(f"{CONFIG_FILE_NAME} is no sensor configuration (wrong: {', '.join(wrong)})") from error


def _inflated(content: bytes) -> bytes:
    try:
        with gzip.open(io.BytesIO(content)) as file:
            inflated = file.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise NotUsableError(f"the archive is damaged ({error})") from error
    if len(inflated) > MAX_BYTES:
        raise NotUsableError(f"the archive holds more than {MAX_BYTES} bytes")
    return inflated


def _members(inflated: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    names: list[str] = []
    try:
        with tarfile.open(fileobj=io.BytesIO(inflated), mode="r:") as archive:
            for member in archive:
                name = member.name.removeprefix("./")
                names.append(name[:64])
                if len(names) > MAX_MEMBERS:
                    raise NotUsableError(f"the archive holds more than {MAX_MEMBERS} files")
                if name not in WANTED:
                    continue
                file = archive.extractfile(member) if member.isfile() else None
                if file is None or name in found:
                    raise NotUsableError(f"the archive holds {name} twice, or not as a file")
                found[name] = _text(name, file.read())
    except tarfile.TarError as error:
        raise NotUsableError(f"the archive is damaged ({error})") from error
    if not found.keys() & {*CONFIGURATIONS}:
        raise NotUsableError(
            f"the archive holds neither {' nor '.join(CONFIGURATIONS)}, but: {', '.join(names[:8]) or 'nothing'}"
        )
    return found


def _text(name: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotUsableError(f"{name} is no text ({error.reason})") from error
