"""A sensor as a record: what carrying out a plan does to what is observed, and what real engines refuse."""

from dataclasses import dataclass, field, replace
from typing import assert_never

from sensor_manager.model import (
    Action,
    ApplyNetfilter,
    CreateContainer,
    CreateNetwork,
    Observed,
    ObservedContainer,
    ObservedNetwork,
    PrepareNamespace,
    PullImage,
    RemoveContainer,
    RemoveImage,
    RemoveNetwork,
    Site,
    StartContainer,
    StopContainer,
)
from sensor_manager.plan.containers import plan
from sensor_support.builders import SITE
from sensor_wire.v1.desired import Desired


@dataclass
class ModelSensor:
    """An engine and a kernel that do what they are told, and refuse what real ones refuse."""

    observed: Observed
    removed: set[str] = field(default_factory=set)
    number: int = 0
    site: Site = SITE

    def settle(self, wanted: Desired, rounds: int = 60) -> None:
        """Carry out plans until nothing is planned, on its way or to be tried later."""
        for _ in range(rounds):
            actions = plan(self.observed, wanted, self.site)
            for action in actions:
                self.carry_out(action)
            if not actions and not self._let_time_pass():
                return
        raise AssertionError(f"still planning {actions}")

    def _let_time_pass(self) -> bool:
        """Let images arrive and the next time of trying come; tell whether there was anything to wait for."""
        seen = self.observed
        later = min((each.retry_at for each in seen.attempts.values() if each.retry_at > seen.now), default=None)
        if not seen.pulling and later is None:
            return False
        self.observed = replace(seen, images=seen.images | seen.pulling.keys(), pulling={}, now=later or seen.now)
        return True

    def carry_out(self, action: Action) -> None:  # noqa: C901 - one case for each action
        seen = self.observed
        match action:
            case ApplyNetfilter(rules=rules):
                self.observed = replace(seen, netfilter=rules, netfilter_error=None)
            case PullImage(image=image):
                self.observed = replace(seen, images=seen.images | {image})
            case RemoveImage(image):
                assert image in seen.images
                assert all(each.image != image for each in seen.containers), "an image in use cannot be removed"
                self.observed = replace(seen, images=seen.images - {image})
            case CreateNetwork(service=name, subnet=subnet, subnet6=subnet6):
                assert not any(subnet.overlaps(each.subnet) for each in seen.networks)
                made_network = ObservedNetwork(self._new(), name, subnet, subnet6)
                self.observed = replace(seen, networks=(*seen.networks, made_network))
            case RemoveNetwork(service=name, id=identifier):
                assert not any(each.service == name for each in seen.containers), "a network in use cannot be removed"
                self.removed.add(identifier)
                self.observed = replace(seen, networks=tuple(each for each in seen.networks if each.id != identifier))
            case CreateContainer(spec=spec):
                assert spec.image in seen.images
                assert not any(each.half_removed for each in seen.containers if each.service == spec.service)
                assert any(each.service == spec.service and spec.address in each.subnet for each in seen.networks)
                made = ObservedContainer(
                    id=self._new(),
                    service=spec.service,
                    contract=spec.contract,
                    revision=spec.revision,
                    image=spec.image,
                    running=False,
                    started=False,
                )
                self.observed = replace(seen, containers=(*seen.containers, made))
            case StartContainer(id=identifier):
                assert seen.netfilter is not None, "nothing starts without netfilter"
                assert not any(each.half_removed for each in seen.containers if each.id == identifier)
                self._change(identifier, running=True, started=True, sandbox=f"/netns/{identifier}", prepared=False)
            case PrepareNamespace(id=identifier):
                self._change(identifier, prepared=True)
            case StopContainer(id=identifier):
                self._change(identifier, running=False, prepared=False)
            case RemoveContainer(id=identifier):
                self.removed.add(identifier)
                self.observed = replace(
                    seen, containers=tuple(each for each in seen.containers if each.id != identifier)
                )
            case _:
                assert_never(action)

    def _new(self) -> str:
        self.number += 1
        return f"new{self.number}"

    def _change(self, identifier: str, **changes: object) -> None:
        containers = tuple(
            replace(each, **changes) if each.id == identifier else each  # type: ignore[arg-type] # fields by name
            for each in self.observed.containers
        )
        self.observed = replace(self.observed, containers=containers)
