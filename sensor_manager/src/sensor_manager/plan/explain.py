"""The plan in words: what would be done and why, and what is waited for."""

from collections.abc import Iterator
from typing import assert_never

from sensor_manager.model import (
    Action,
    ApplyNetfilter,
    CreateContainer,
    CreateNetwork,
    Observed,
    ObservedContainer,
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
from sensor_manager.plan.contract import contract_hash, image_reference
from sensor_manager.plan.report import ending_of
from sensor_manager.plan.services import Selection, select
from sensor_wire.v1.desired import Desired


def explain(observed: Observed, desired: Desired | None, site: Site) -> Iterator[str]:
    """Yield a line for each action of the next plan, and for each service that has to wait or cannot be had."""
    actions = plan(observed, desired, site)
    selection = select(observed, desired, site)
    for action in actions:
        what, why = _explained(action, observed, selection)
        yield f"{what}, because {why}"
    if desired is None:
        yield "leave all else as it is, because the server has not said yet what is wanted"
    for name, reason in sorted(selection.refused.items()):
        yield f"do not run {name}, because {reason}"
    yield from _waiting(observed, selection, site)


def _waiting(observed: Observed, selection: Selection, site: Site) -> Iterator[str]:
    for name, wanted in sorted(selection.wanted.items()):
        image = image_reference(site, wanted.service)
        if image in observed.pulling:
            progress = observed.pulling[image]
            share = f", {100 * progress.done // progress.total} % have come" if progress and progress.total else ""
            yield f"wait for the image of {name}{share}"
        attempts = observed.attempts.get(contract_hash(wanted.service))
        runs = any(each.running and each.contract == contract_hash(wanted.service) for each in observed.containers)
        if attempts is not None and attempts.retry_at > observed.now and not runs:
            reason = attempts.error or attempts.ending or "it has just been tried"
            yield f"wait {attempts.retry_at - observed.now:.0f} s before {name} is tried again, because {reason}"


def _explained(action: Action, observed: Observed, selection: Selection) -> tuple[str, str]:  # noqa: C901, PLR0911 - a flat table
    match action:
        case ApplyNetfilter(forwarding=forwarding):
            return f"set the netfilter rules ({len(forwarding.forwards)} ports)", _why_rules(observed)
        case PullImage(service=name, image=image):
            return f"pull {image} for {name}", "it is not on the sensor"
        case RemoveImage(image):
            return f"remove the image {image}", "no service needs it"
        case CreateNetwork(service=name, subnet=subnet):
            return f"make the network {subnet} for {name}", "it has none"
        case RemoveNetwork(service=name):
            return f"remove a network of {name}", _why_removed(
                name, selection, "it is not the one the service should have"
            )
        case CreateContainer(service=name, spec=spec):
            return f"make the container of {name} {spec.revision}", "image and network are there"
        case StartContainer(id=identifier, service=name, again=again):
            return f"start {name}", ending_of(
                _container(observed, identifier)
            ) if again else "it is made and not started"
        case PrepareNamespace(service=name):
            return f"prepare the network namespace of {name}", "it is a catch-all and was started anew"
        case StopContainer(service=name):
            return f"stop {name}", f"netfilter is not in force: {observed.netfilter_error}"
        case RemoveContainer(id=identifier, service=name):
            revision = _container(observed, identifier).revision
            other = "another revision, other options or another place are wanted"
            return f"remove the container of {name} {revision}", _why_removed(name, selection, other)
        case _:
            assert_never(action)


def _container(observed: Observed, identifier: str) -> ObservedContainer:
    return next(each for each in observed.containers if each.id == identifier)


def _why_removed(name: str, selection: Selection, other: str) -> str:
    if name in selection.wanted:
        return other
    return selection.refused.get(name, "the service is not wanted any more")


def _why_rules(observed: Observed) -> str:
    if observed.netfilter_error is not None:
        return f"the last attempt failed: {observed.netfilter_error}"
    if observed.netfilter is None:
        return "none of ours are in force, or somebody has changed them"
    return "ports or running honeypots have changed"
