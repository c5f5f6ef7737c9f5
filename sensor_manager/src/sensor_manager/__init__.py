"""The HoneySens sensor daemon: polls the server, reconciles honeypots, forwards events."""

from importlib.metadata import version

__version__ = version("sensor-manager")
