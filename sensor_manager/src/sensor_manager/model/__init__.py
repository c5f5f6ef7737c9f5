"""What the sensor sees and what it can do about it, as frozen data."""

from sensor_manager.model.actions import (
    Action,
    ApplyNetfilter,
    ContainerSpec,
    CreateContainer,
    CreateNetwork,
    PrepareNamespace,
    PullImage,
    RemoveContainer,
    RemoveImage,
    RemoveNetwork,
    StartContainer,
    StopContainer,
)
from sensor_manager.model.observed import (
    Attempts,
    Observed,
    ObservedContainer,
    ObservedNetwork,
    Phase,
)
from sensor_manager.model.site import (
    CatchAll,
    Forward,
    Forwarding,
    IpAddress,
    Pot,
    Site,
    TransportProtocol,
)

__all__ = [
    "Action",
    "ApplyNetfilter",
    "Attempts",
    "CatchAll",
    "ContainerSpec",
    "CreateContainer",
    "CreateNetwork",
    "Forward",
    "Forwarding",
    "IpAddress",
    "Observed",
    "ObservedContainer",
    "ObservedNetwork",
    "Phase",
    "Pot",
    "PrepareNamespace",
    "PullImage",
    "RemoveContainer",
    "RemoveImage",
    "RemoveNetwork",
    "Site",
    "StartContainer",
    "StopContainer",
    "TransportProtocol",
]
