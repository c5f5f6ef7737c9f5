"""One look at engine and kernel."""

from dataclasses import replace

from sensor_manager.effects.capture import LISTENER_PORT
from sensor_manager.effects.ports import Engine, Netfilter
from sensor_manager.model import Observed, Site
from sensor_manager.plan.netfilter import render_catch_all
from sensor_wire.v1.desired import Desired


def look(engine: Engine, netfilter: Netfilter, desired: Desired | None, site: Site, now: float) -> Observed:
    """Return what is there at this moment (monotonic seconds); what has been tried before is not seen.

    Raises:
        EffectError: engine or kernel do not tell.
    """
    catch_alls = {each.name for each in (desired.services if desired else ()) if each.catch_all}
    prepared_rules = render_catch_all(LISTENER_PORT)
    containers = tuple(
        replace(each, prepared=netfilter.current(each.sandbox) == prepared_rules)
        if each.running and each.service in catch_alls
        else each
        for each in engine.containers()
    )
    return Observed(
        now=now,
        containers=containers,
        networks=engine.networks(),
        images=engine.images(site.former | {site.registry}),
        netfilter=netfilter.current(),
        listeners=netfilter.listeners(site.interface) if site.host_network else (),
    )
