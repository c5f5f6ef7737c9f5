import ssl
from enum import StrEnum
from typing import Annotated, ClassVar, Self

from pydantic import Field, StringConstraints, field_validator
from sqlalchemy.orm import Session

from sensor_wire.v1.event import Severity
from server_app.errors import FieldError
from server_app.forwarding import positions
from server_app.preferences.section import Section

Host = Annotated[
    str,
    StringConstraints(max_length=253, pattern=r"^([A-Za-z0-9]([A-Za-z0-9._:-]*[A-Za-z0-9])?)?$"),
    Field(examples=["siem.example.com"]),
]
Port = Annotated[int, Field(ge=1, le=65535, examples=[6514])]
Pem = Annotated[str, StringConstraints(max_length=65536), Field(examples=[""])]


class Transport(StrEnum):
    """How syslog messages travel: over TLS (RFC 5425) or plain TCP, both with octet counting (RFC 6587)."""

    TLS = "tls"
    TCP = "tcp"


class Facility(StrEnum):
    """Facilities of syslog that programs may use."""

    USER = "user"
    DAEMON = "daemon"
    AUTH = "auth"
    AUTHPRIV = "authpriv"
    LOCAL0 = "local0"
    LOCAL1 = "local1"
    LOCAL2 = "local2"
    LOCAL3 = "local3"
    LOCAL4 = "local4"
    LOCAL5 = "local5"
    LOCAL6 = "local6"
    LOCAL7 = "local7"


class MessageFormat(StrEnum):
    """What a message says: the event in the Elastic Common Schema, as JSON."""

    ECS = "ecs"


class ForwardingSection(Section):
    """Events are forwarded to a syslog receiver (RFC 5424), each at least once, in the order of their numbers.

    From the moment on in which it is switched on; events that a filter hides are not, nor those below `least_severity`.
    With TLS the receiver's certificate must be for `host` and come from `ca` (PEM), or from an authority that the
    server's operating system trusts when that is empty. Switching it off forgets what still waits.
    """

    name: ClassVar[str] = "forwarding"

    enabled: bool = False
    host: Host = ""
    port: Port = 6514
    transport: Transport = Transport.TLS
    ca: Pem = ""
    facility: Facility = Facility.LOCAL0
    least_severity: Severity = Severity.INFO
    format: MessageFormat = MessageFormat.ECS

    @field_validator("ca")
    @classmethod
    def _usable(cls, ca: str) -> str:
        if ca:
            try:
                ssl.create_default_context(cadata=ca)
            except (ssl.SSLError, ValueError, TypeError) as error:  # the last: not ASCII
                raise ValueError("holds no certificates in PEM") from error
        return ca

    def faults(self) -> tuple[FieldError, ...]:
        """Somebody must be there to forward to."""
        missing = self.enabled and not self.host
        return (FieldError("/host", "name the receiver before forwarding is switched on"),) if missing else ()

    def stored(self, session: Session, before: Self) -> None:
        """Begin in the transaction that switches it on, so that no event is accepted in between."""
        if self.enabled and not before.enabled:
            positions.begin(session)
        elif before.enabled and not self.enabled:
            positions.end(session)
