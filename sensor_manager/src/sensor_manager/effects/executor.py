"""From action to effect."""

from dataclasses import dataclass
from typing import assert_never

from sensor_manager.effects.capture import LISTENER_PORT
from sensor_manager.effects.images import ImagePuller
from sensor_manager.effects.ports import Engine, Netfilter
from sensor_manager.model import (
    Action,
    ApplyNetfilter,
    CreateContainer,
    CreateNetwork,
    Forwarding,
    PrepareNamespace,
    PullImage,
    RemoveContainer,
    RemoveImage,
    RemoveNetwork,
    StartContainer,
    StopContainer,
)
from sensor_manager.plan.netfilter import render_catch_all
from sensor_manager.plan.stale_flows import stale_flows


@dataclass(frozen=True, slots=True)
class Means:
    """Where honeypots run, what lets attackers in and nobody out, and what fetches images."""

    engine: Engine
    netfilter: Netfilter
    puller: ImagePuller


class Executor:
    """Carries out actions one by one; raises `EffectError` for what does not work."""

    def __init__(self, means: Means) -> None:
        self._engine = means.engine
        self._netfilter = means.netfilter
        self._puller = means.puller
        self._forwarding: Forwarding | None = None

    def execute(self, action: Action) -> None:  # noqa: C901 - a flat table of actions is easiest to check for gaps
        """Carry out one action; a type checker proves that none is forgotten here."""
        match action:
            case ApplyNetfilter(forwarding, rules):
                self._apply(forwarding, rules)
            case PullImage():
                self._puller.begin(action)
            case RemoveImage(image):
                self._engine.remove_image(image)
            case CreateNetwork():
                self._engine.create_network(action)
            case RemoveNetwork(id=identifier):
                self._engine.remove_network(identifier)
            case CreateContainer(spec=spec):
                self._engine.create_container(spec)
            case StartContainer(id=identifier):
                self._engine.start(identifier)
            case PrepareNamespace(sandbox=sandbox):
                self._netfilter.apply(render_catch_all(LISTENER_PORT), sandbox)
            case StopContainer(id=identifier):
                self._engine.stop(identifier)
            case RemoveContainer(id=identifier):
                self._engine.remove_container(identifier)
            case _:
                assert_never(action)

    def _apply(self, forwarding: Forwarding, rules: str) -> None:
        self._netfilter.let_forward(forwarding)
        self._netfilter.apply(rules)
        old, self._forwarding = self._forwarding, forwarding
        if old is not None:
            self._netfilter.forget_flows(stale_flows(old, forwarding))
