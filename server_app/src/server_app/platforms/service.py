"""Firmware of the platforms: which there is, which is the default, and which a sensor runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from server_app.accounts.principal import Principal
from server_app.errors import Conflict, FieldError, Invalid, NotFound
from server_app.platforms.archive import CURRENT, FirmwareManifest
from server_app.platforms.kinds import PlatformName
from server_app.platforms.models import Firmware
from server_app.sensors.models import Sensor

SHOWN_SENSORS = 10


@dataclass(frozen=True)
class Stored:
    """The archive of a firmware: its SHA-256 (hexadecimal) and bytes."""

    sha256: str
    size: int


def list_firmware(session: Session, platform: PlatformName | None = None) -> Sequence[Firmware]:
    """All firmware, or that of a platform, newest first."""
    query = select(Firmware).order_by(Firmware.id.desc())
    return session.scalars(query if platform is None else query.where(Firmware.platform == platform)).all()


def get_firmware(session: Session, platform: PlatformName, revision: str) -> Firmware:
    """One firmware; the revision `current` means the platform's default.

    Raises:
        NotFound: there is none.
    """
    wanted = Firmware.is_default if revision == CURRENT else Firmware.revision == revision
    firmware = session.scalar(select(Firmware).where(Firmware.platform == platform, wanted))
    if firmware is None:
        raise NotFound(f"There is no firmware {revision} for {platform}.")
    return firmware


def find_firmware(session: Session, manifest: FirmwareManifest, sha256: str) -> Firmware | None:
    """The row of an archive that was uploaded before; None when it is new.

    Raises:
        Conflict: this version is there with another content.
    """
    query = select(Firmware).where(Firmware.platform == manifest.platform, Firmware.revision == manifest.version)
    found = session.scalar(query)
    if found is not None and found.sha256 != sha256:
        raise Conflict(
            f"Firmware {manifest.version} for {manifest.platform} is there with another content. Raise the version."
        )
    return found


def add_firmware(session: Session, manifest: FirmwareManifest, stored: Stored, now: datetime) -> Firmware:
    """Add what an archive brought, whose file is in its place; the first of a platform becomes its default.

    Raises:
        Conflict: this version is there with another content.
    """
    known = find_firmware(session, manifest, stored.sha256)
    if known is not None:
        return known
    firmware = Firmware(
        platform=manifest.platform.value,
        revision=manifest.version,
        name=manifest.name,
        description=manifest.description,
        changelog=manifest.changelog,
        sha256=stored.sha256,
        size=stored.size,
        is_default=not list_firmware(session, manifest.platform),
        created_at=now,
    )
    session.add(firmware)
    session.flush()
    return firmware


def set_default(session: Session, who: Principal, platform: PlatformName, revision: str) -> None:
    """Choose the firmware of sensors that have not pinned one.

    Raises:
        Forbidden: only administrators may.
        Invalid: there is no such firmware.
    """
    who.require_admin()
    rows = session.scalars(select(Firmware).where(Firmware.platform == platform).with_for_update()).all()
    if revision not in {row.revision for row in rows}:
        reason = FieldError("/default_firmware", "no such firmware")
        raise Invalid(f"There is no firmware {revision} for {platform}.", (reason,))
    for row in rows:
        row.is_default = row.revision == revision


def remove_firmware(session: Session, who: Principal, platform: PlatformName, revision: str, *, confirmed: bool) -> str:
    """Remove a firmware; sensors that have pinned it fall back to the default.

    Args:
        session: a writing one.
        who: the user.
        platform: the firmware's.
        revision: the firmware's.
        confirmed: whether it is known that sensors fall back.

    Returns:
        The hash of the archive, to be removed after the commit unless another firmware has it.

    Raises:
        Forbidden: only administrators may.
        NotFound: there is none.
        Conflict: it is the default, or sensors have pinned it.
    """
    who.require_admin()
    firmware = get_firmware(session, platform, revision)
    if firmware.is_default:
        raise Conflict(f"Firmware {firmware.revision} is the default of {platform}. Choose another default first.")
    pinned = sensors_pinned_to(session, firmware)
    if pinned and not confirmed:
        names = ", ".join(sensor.name for sensor in pinned[:SHOWN_SENSORS])
        raise Conflict(
            f"Sensors ({len(pinned)}) have pinned this firmware and would fall back to the default: {names}. "
            "Repeat with ?confirm=true."
        )
    for sensor in pinned:
        sensor.pinned_firmware = None
    session.delete(firmware)
    return firmware.sha256


def sensors_pinned_to(session: Session, firmware: Firmware) -> list[Sensor]:
    """The sensors that have pinned a firmware, by name."""
    pin = {"platform": firmware.platform, "revision": firmware.revision}
    pinned = session.scalars(select(Sensor).where(Sensor.pinned_firmware.is_not(None)).order_by(Sensor.name))
    return [sensor for sensor in pinned if sensor.pinned_firmware == pin]


def get_firmware_to_pin(session: Session, platform: PlatformName, revision: str) -> Firmware:
    """The firmware, for a sensor that shall be pinned to it.

    Raises:
        Invalid: there is none.
    """
    firmware = session.scalar(select(Firmware).where(Firmware.platform == platform, Firmware.revision == revision))
    if firmware is None:
        reason = FieldError("/pinned_firmware", "no such firmware")
        raise Invalid(f"There is no firmware {revision} for {platform}.", (reason,))
    return firmware


def firmware_of(session: Session, sensor: Sensor, platform: str) -> Firmware | None:
    """What a sensor of a platform should run: what it has pinned, else the default, none when there is none."""
    pin = sensor.pinned_firmware or {}
    pinned = pin.get("revision") if pin.get("platform") == platform else None
    query = select(Firmware).where(Firmware.platform == platform, or_(Firmware.is_default, Firmware.revision == pinned))
    found = session.scalars(query).all()
    return next((row for row in found if row.revision == pinned), found[0] if found else None)


def is_stored(session: Session, sha256: str) -> bool:
    """Whether any firmware has this archive."""
    return session.scalar(select(Firmware.id).where(Firmware.sha256 == sha256).limit(1)) is not None
