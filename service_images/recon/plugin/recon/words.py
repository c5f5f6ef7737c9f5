"""What events say of contacts. Pure."""

from honeypot_adapter.event import Contact, Observation, Payload, Severity
from honeypot_adapter.text import printable
from recon.contacts import PortContact
from recon.moment import Moment
from recon.packets import Seen

_SUMMARY_PAYLOAD = 64


def contact_of(seen: Seen, at: Moment, what: str) -> Contact:
    """The session that begins with this: of a port, or of a `scan`, `icmp` or a `flood`."""
    port = "" if what in {"scan", "icmp", "flood"} else f":{seen.destination_port}"
    has_ports = seen.protocol != "icmp"
    return Contact(
        session=f"{what}:{seen.source}{port}:{int(at.wall * 1000)}",
        protocol=seen.protocol,
        source_ip=seen.source,
        source_port=seen.source_port if has_ports else None,
        destination_ip=seen.destination,
        destination_port=seen.destination_port if has_ports and what != "scan" else None,
    )


def _name(contact: Contact) -> str:
    return "ICMP echo" if contact.protocol == "icmp" else f"{contact.protocol.upper()} port {contact.destination_port}"


def observation_of(seen: Seen, at: Moment) -> Observation:
    """One contact, with the bytes that came."""
    if seen.protocol == "icmp":
        text = f"echo request, {len(seen.payload)} bytes"
        return Observation(at.wall, "icmp", Severity.INFO, "echo", text, "ICMP echo request (ping)")
    name = f"{seen.protocol.upper()} port {seen.destination_port}"
    if not seen.payload:
        text = f"from port {seen.source_port}, without payload"
        return Observation(at.wall, "connection", Severity.LOW, "connection", text, f"{name}: contact without payload")
    shown = printable(seen.payload)
    summary = f"{name}: {len(seen.payload)} bytes: {shown[:_SUMMARY_PAYLOAD]}"
    payload = Payload(seen.payload, seen.destination_port)
    return Observation(at.wall, "connection", Severity.LOW, "payload", shown, summary, payload)


def half_open(observation: Observation) -> Observation:
    """What is said instead of a connection that has never been completed."""
    text = observation.data.replace("without payload", "no handshake within a second (half-open)")
    summary = observation.summary.replace("contact without payload", "half-open contact")
    return Observation(observation.time, observation.kind, observation.severity, observation.detail, text, summary)


def counted(contact: PortContact, at: Moment) -> list[Observation]:
    """How often more than what has been told one by one, if at all."""
    kind = "icmp" if contact.contact.protocol == "icmp" else "connection"
    texts = [("repeated", contact.repeats, "more"), ("omitted", contact.left_out, "further payloads")]
    return [
        Observation(at.wall, kind, Severity.INFO, name, f"{count} {what}", f"{_name(contact.contact)}: {count} {what}")
        for name, count, what in texts
        if count
    ]


def flood(sources: int, at: Moment) -> Observation:
    """More sources than are kept apart."""
    text = f"more than {sources} sources at once; contacts from others are counted only"
    return Observation(at.wall, "scan", Severity.MEDIUM, "flood", text, f"Flood: {text}")
