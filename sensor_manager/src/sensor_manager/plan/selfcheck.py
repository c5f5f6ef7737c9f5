"""Why a sensor may be silent, from facts: one line each, and what to do."""

from collections.abc import Iterable, Iterator

from sensor_manager.plan import selfcheck_way as way
from sensor_manager.plan.selfcheck_facts import Facts
from sensor_wire.v1.poll import CheckItem, ConnectionState

OK, FAILED = "ok    ", "FAILED"
MAX_DETAIL = 256
CLOCK_TOLERANCE = 60.0
DISK_RESERVE = 64 * 1024 * 1024
MIB = 1024 * 1024


def judge(facts: Facts) -> tuple[CheckItem, ...]:
    """Return a line for each thing a sensor needs, in the order in which it needs them."""
    lines = [
        ("link", *_link(facts)),
        ("address", *_address(facts)),
        ("network", *_network(facts)),
        ("dns", *way.dns(facts)),
        ("proxy", *way.proxy(facts)),
        ("server", *way.server(facts)),
        ("tls", *way.tls(facts)),
        ("clock", *_clock(facts)),
        ("enrolment", *_enrolment(facts)),
        ("disk", *_disk(facts)),
        ("engine", *_engine(facts)),
        ("netfilter", *_netfilter(facts)),
    ]
    return tuple(CheckItem(name=name, ok=ok, detail=_plain(detail)) for name, ok, detail in lines)


def page(items: Iterable[CheckItem]) -> Iterator[str]:
    """Return the lines as people read them."""
    for each in items:
        yield f"{OK if each.ok else FAILED}  {each.name:<9}  {each.detail}"


def _link(facts: Facts) -> tuple[bool, str]:
    if facts.carrier is None:
        there = ", ".join(facts.others) or "none"
        return False, f"there is no interface {facts.interface}; there are: {there}. Name the right one"
    if not facts.carrier:
        return False, f"{facts.interface} is down or unplugged; check cable and switch port"
    return True, f"{facts.interface} is connected"


def _address(facts: Facts) -> tuple[bool, str]:
    if facts.address is None:
        return False, f"{facts.interface} has no address; is there a DHCP server, or is a fixed address missing?"
    return True, f"{facts.address} on {facts.interface}"


def _network(facts: Facts) -> tuple[bool, str]:
    """Whether the interface, proxy and endpoint are as the server wants them."""
    change = facts.change
    if change is None:
        return True, "nothing is known of a change"
    reason = f" ({change.reason})" if change.reason else ""
    if change.state is ConnectionState.UNDONE:
        return False, f"the last change was undone{reason}; correct the sensor's settings on the server"
    if change.state is ConnectionState.TRYING:
        return True, f"a change is tried, and undone unless the server answers{reason}"
    if change.reason:
        return False, f"it is not as the server wants it{reason}"
    return True, "it is as the server wants it"


def _clock(facts: Facts) -> tuple[bool, str]:
    if facts.clock_offset is None:
        return True, f"it is {facts.now:%Y-%m-%d %H:%M} UTC by the sensor's clock; nobody to compare with"
    if abs(facts.clock_offset) > CLOCK_TOLERANCE:
        whither = "ahead of" if facts.clock_offset > 0 else "behind"
        return False, f"it is {_span(abs(facts.clock_offset))} {whither} the server's; set it or let NTP through"
    return True, "it agrees with the server's"


def _enrolment(facts: Facts) -> tuple[bool, str]:
    if facts.refusal is not None:
        return False, facts.refusal
    if facts.certificate_until is None:
        return False, "there is no certificate; download a new configuration for this sensor from the server"
    if facts.certificate_until <= facts.now:
        return (
            False,
            f"the certificate ended on {facts.certificate_until:%Y-%m-%d}; it is renewed once the server answers",
        )
    return True, f"certificate until {facts.certificate_until:%Y-%m-%d}"


def _disk(facts: Facts) -> tuple[bool, str]:
    free = f"{facts.disk_free // MIB} MiB are free"
    if facts.disk_free < DISK_RESERVE:
        return False, f"only {free}; events are refused when none are left. Remove what does not belong here"
    return True, free


def _engine(facts: Facts) -> tuple[bool, str]:
    if facts.engine_error is not None:
        return False, f"{facts.engine_error}; no honeypot can be started"
    return True, "it answers"


def _netfilter(facts: Facts) -> tuple[bool, str]:
    if facts.netfilter_error is not None:
        return False, f"{facts.netfilter_error}; no honeypot runs without these rules"
    return True, "the rules can be applied"


def _span(seconds: float) -> str:
    for unit, length in (("years", 31_557_600), ("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} seconds"


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)[:MAX_DETAIL]
