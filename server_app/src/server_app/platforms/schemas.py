from datetime import datetime

from sensor_wire.base import RevisionName
from sensor_wire.v1.architecture import Architecture
from server_app.api_base.model import ApiModel
from server_app.platforms.kinds import PLATFORMS, PlatformName
from server_app.platforms.models import Firmware


class FirmwareItem(ApiModel):
    """A firmware; `size` (bytes) and `sha256` (hexadecimal) are those of the archive."""

    revision: str
    name: str
    description: str
    changelog: str
    sha256: str
    size: int
    created_at: datetime


class PlatformItem(ApiModel):
    """A platform with its firmware, newest first."""

    name: PlatformName
    title: str
    architecture: Architecture
    default_firmware: str | None
    firmware: list[FirmwareItem]


class PlatformList(ApiModel):
    """All platforms."""

    items: list[PlatformItem]
    next: None = None


class PlatformChange(ApiModel):
    """The firmware of sensors that have not pinned one."""

    default_firmware: RevisionName


class FirmwareRemoval(ApiModel):
    """`confirm` says that it is known which sensors fall back to the default."""

    confirm: bool = False


def platform_item(name: PlatformName, firmware: list[Firmware]) -> PlatformItem:
    """A platform as the API shows it."""
    platform = PLATFORMS[name]
    return PlatformItem(
        name=name,
        title=platform.title,
        architecture=platform.architecture,
        default_firmware=next((row.revision for row in firmware if row.is_default), None),
        firmware=[FirmwareItem.model_validate(row) for row in firmware],
    )
