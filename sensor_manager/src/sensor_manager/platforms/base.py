"""What every platform answers, and what those that run on a Linux host have in common."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol

import structlog

from sensor_manager.effects.machine import Figures, interface_addresses4, interface_addresses6, read_figures
from sensor_manager.effects.name_files import NameFiles
from sensor_manager.effects.ports import Engine, Link, Netfilter
from sensor_manager.model import IpAddress, Phase
from sensor_manager.settings import HONEYPOT_UID, Settings
from sensor_wire.v1.architecture import Architecture

log = structlog.get_logger(__name__)


class Platform(Protocol):
    """The machine around the manager."""

    @property
    def name(self) -> str:
        """The platform's name in the report."""

    @property
    def architecture(self) -> Architecture:
        """The architecture whose images run here."""

    @property
    def honeypot_uid(self) -> int:
        """Who may connect to the services' sockets."""

    def engine(self, settings: Settings) -> Engine:
        """Return where honeypots run; to be called once."""

    def netfilter(self, settings: Settings) -> Netfilter:
        """Return what lets attackers in; to be called once."""

    def link(self, settings: Settings) -> Link:
        """Return the interface that is configured as the server wants it; to be called once."""

    def figures(self, state: Path) -> Figures:
        """Read memory, uptime and the disk that holds the state folder."""

    def addresses(self, interface: str) -> tuple[IpAddress, ...]:
        """Return the sensor's addresses on the interface, the main one of each version first."""

    def use_proxy(self, settings: Settings, url: str | None) -> None:
        """Have the engine fetch images by this proxy (with its login) from now on; None: by none."""

    def take_time(self, now: datetime) -> None:
        """Take note of what time it is by an answer of the server's that has just come."""

    def before(self, phase: Phase) -> None:
        """Take note that a phase begins; may be called by several threads."""

    def after(self, phase: Phase, problem: str | None) -> None:
        """Take note that a phase has ended, well if there is no problem; may be called by several threads."""

    def close(self) -> None:
        """Take note that the manager ends."""


class LinuxHost:
    """A machine with Docker and nftables of its own."""

    honeypot_uid = HONEYPOT_UID

    def engine(self, settings: Settings) -> Engine:
        """Return the engine at the address of the settings."""
        from sensor_manager.effects.docker_engine import DockerEngine  # noqa: PLC0415 - others need no client for it

        return DockerEngine(settings.docker, settings.services)

    def netfilter(self, settings: Settings) -> Netfilter:
        """Return the kernel's."""
        from sensor_manager.effects.nftables import Nftables  # noqa: PLC0415 - others need no tools for it

        return Nftables(settings.fingerprints)

    def link(self, settings: Settings) -> Link:
        """Return the interface of the settings, with the machine's own files of names."""
        from sensor_manager.effects.network import NetworkInterface  # noqa: PLC0415 - others need no tools for it

        return NetworkInterface(settings.interface, settings.runtime, settings.own_mac, NameFiles())

    def figures(self, state: Path) -> Figures:
        """Read memory, uptime and the disk that holds the state folder."""
        return read_figures(state)

    def addresses(self, interface: str) -> tuple[IpAddress, ...]:
        """Return all global addresses of the interface."""
        return (*interface_addresses4(interface), *interface_addresses6(interface))

    def use_proxy(self, settings: Settings, url: str | None) -> None:
        """Do nothing: nobody knows how the engine is run."""

    def take_time(self, now: datetime) -> None:
        """Do nothing: the clock is the host's."""

    def before(self, phase: Phase) -> None:
        """Do nothing."""

    def after(self, phase: Phase, problem: str | None) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class Phases:
    """Tells a platform about phases; trouble it has with that hinders nothing else."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    @contextmanager
    def during(self, phase: Phase) -> Iterator[None]:
        """Announce the phase of a block and how it ended."""
        self.begin(phase)
        try:
            yield
        except Exception as error:
            self.end(phase, str(error) or repr(error))
            raise
        self.end(phase, None)

    def begin(self, phase: Phase) -> None:
        """Announce a phase."""
        try:
            self._platform.before(phase)
        except Exception:
            log.exception("the platform failed before a phase", phase=phase)

    def end(self, phase: Phase, problem: str | None) -> None:
        """Announce how a phase ended."""
        try:
            self._platform.after(phase, problem)
        except Exception:
            log.exception("the platform failed after a phase", phase=phase)
