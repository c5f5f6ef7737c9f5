"""The next steps from what is to what shall be.

Each step is planned from a fresh look, so that a plan is short, restartable anywhere, and empty once all is as desired.
"""

from collections.abc import Iterator, Sequence

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
from sensor_manager.plan.contract import container_spec, contract_hash, image_reference
from sensor_manager.plan.forwarding import forwarding
from sensor_manager.plan.netfilter import render_sensor
from sensor_manager.plan.services import Selection, Wanted, select
from sensor_wire.v1.desired import Desired


def plan(observed: Observed, desired: Desired | None, site: Site) -> tuple[Action, ...]:
    """Return the next actions in their order; none when everything is as desired or must be waited for.

    While netfilter cannot be applied, running honeypots are stopped and nothing else happens. Before the first desired
    state is known nothing that exists is touched.
    """
    selection = select(observed, desired, site)
    let_through = forwarding(observed, selection, site)
    rules = render_sensor(let_through)
    apply = ApplyNetfilter(let_through, rules)
    if observed.netfilter_error is not None:
        stops = tuple(StopContainer(each.service, each.id) for each in observed.containers if each.running)
        return stops or (apply,)
    actions: list[Action] = []
    if observed.netfilter != rules:
        actions.append(apply)
    if desired is not None:
        actions += _remove_unwanted(observed, selection, site)
        for name in sorted(selection.wanted):
            actions += _next_steps(observed, selection.wanted[name], site)
    return tuple(actions)


def current_container(observed: Observed, wanted: Wanted) -> ObservedContainer | None:
    """Return the container of a service that can be used; the one of the right contract where there are several."""
    own = [each for each in observed.containers if each.service == wanted.service.name and not each.half_removed]
    contract = contract_hash(wanted.service)
    return next((each for each in own if each.contract == contract), own[0] if own else None)


def _remove_unwanted(observed: Observed, selection: Selection, site: Site) -> Iterator[Action]:
    kept = {name: current_container(observed, wanted) for name, wanted in selection.wanted.items()}
    kept_ids = {each.id for each in kept.values() if each is not None}
    for container in observed.containers:
        if container.id not in kept_ids:
            yield RemoveContainer(container.service, container.id)
    for network in observed.networks:
        if network.service not in selection.wanted:
            yield RemoveNetwork(network.service, network.id)
    needed = {image_reference(site, wanted.service) for wanted in selection.wanted.values()}
    needed |= {each.image for each in kept.values() if each is not None}
    for image in sorted(observed.images - needed):
        yield RemoveImage(image)


def _find_place(networks: Sequence[ObservedNetwork], wanted: Wanted) -> Iterator[Action]:
    """Make the service's network once there are no others of its own."""
    name, place = wanted.service.name, wanted.place
    for network in networks:
        yield RemoveNetwork(name, network.id)
    if not networks:
        yield CreateNetwork(
            service=name,
            contract=contract_hash(wanted.service),
            subnet=place.subnet,
            gateway=place.gateway,
            bridge=place.bridge,
            subnet6=place.subnet6,
            gateway6=place.gateway6,
        )


def _keep_up(observed: Observed, container: ObservedContainer) -> Iterator[Action]:
    """Start what has ended; of an older revision too, as long as the image of the next one is not there."""
    if not container.running and container.contract and not _waits(observed, container.contract):
        yield StartContainer(container.service, container.contract, container.id, again=container.started)


def _waits(observed: Observed, contract: str) -> bool:
    attempts = observed.attempts.get(contract)
    return attempts is not None and observed.now < attempts.retry_at


def _next_steps(observed: Observed, wanted: Wanted, site: Site) -> Iterator[Action]:
    """Yield at most one change of the service's container and one pull; later ones follow from the next look."""
    service, place = wanted.service, wanted.place
    if any(each.half_removed for each in observed.containers if each.service == service.name):
        return  # it has the name still
    contract = contract_hash(service)
    container = current_container(observed, wanted)
    image = image_reference(site, service)
    networks = [each for each in observed.networks if each.service == service.name]
    placed = [(each.subnet, each.subnet6) for each in networks] == [(place.subnet, place.subnet6)]
    if container is not None and container.contract == contract and placed:
        if container.running and service.catch_all and not container.prepared:
            yield PrepareNamespace(service.name, contract, container.id, container.sandbox)
        yield from _keep_up(observed, container)
    elif image not in observed.images:
        if image not in observed.pulling and not _waits(observed, contract):
            yield PullImage(service.name, contract, image)
        if container is not None:
            yield from _keep_up(observed, container)
    elif _waits(observed, contract):
        return
    elif container is not None:
        yield RemoveContainer(service.name, container.id)
    elif placed:
        yield CreateContainer(service.name, contract, container_spec(site, service, place))
    else:
        yield from _find_place(networks, wanted)
