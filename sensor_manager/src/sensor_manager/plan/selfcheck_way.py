"""What of the self-check concerns the way to the server, step by step: name, proxy, server, and whether it is ours."""

from sensor_manager.plan.selfcheck_facts import Facts

LOGIN_WANTED = "407"
"""How a proxy's answer begins that does not take the login."""


def dns(facts: Facts) -> tuple[bool, str]:
    """Whether the name that is asked for is known."""
    name = facts.looked_up or facts.host
    if facts.resolve_error is not None:
        asked = ", ".join(facts.name_servers) or "nobody (no name server is set)"
        return False, f"{name} is not known to {asked} ({facts.resolve_error}); set other name servers or an address"
    if facts.resolved == (name,):
        return True, f"not needed, the {'server' if facts.proxy is None else 'proxy'} is known by its address"
    return True, f"{name} is {', '.join(facts.resolved[:4])}"


def proxy(facts: Facts) -> tuple[bool, str]:
    """Whether the proxy answers, and takes the login."""
    if facts.proxy is None:
        return True, "none is set"
    if facts.proxy_error is not None:
        return False, f"{facts.proxy} does not answer ({facts.proxy_error}); check its address and the way to it"
    if (facts.tunnel_error or "").startswith(LOGIN_WANTED):
        return False, f"{facts.proxy} does not take the sensor's login ({facts.tunnel_error}); check user and password"
    return True, f"{facts.proxy} answers"


def server(facts: Facts) -> tuple[bool, str]:
    """Whether HoneySens answers where the server should be."""
    place = f"{facts.host} port {facts.port}"
    if facts.resolve_error is not None:
        return False, f"{place} was not tried, {facts.looked_up or facts.host} has no known address"
    if facts.proxy_error is not None:
        return False, f"{place} was not reached, the proxy does not answer"
    if facts.tunnel_error is not None:
        return False, f"{facts.proxy} does not lead to {place} ({facts.tunnel_error}); check what it lets through"
    if facts.connect_error is not None:
        return False, f"{place} does not answer ({facts.connect_error}); check firewall, routes and whether it runs"
    if facts.identified is False:
        said = f"status {facts.status}" if facts.status is not None else "no HTTP"
        return (
            False,
            f"something else than HoneySens answers at {place} ({said}); check the address and what is between",
        )
    return True, f"{place} answers"


def tls(facts: Facts) -> tuple[bool, str]:
    """Whether who answers is the server we know."""
    if facts.tls_error is not None:
        return False, f"who answers is not the server we know ({facts.tls_error}); is something between intercepting?"
    if facts.identified is None:
        return False, "not tried, the server does not answer"
    return True, "it is the server we know"
