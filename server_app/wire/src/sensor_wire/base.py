"""What all types of the contract share: how they are parsed, and the bounds of their fields."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator


class WireModel(BaseModel):
    """A frozen value of the contract. Unknown fields are ignored unless it is parsed by `parse_strict`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def parse_strict(cls, data: Any) -> Self:
        """Parse data that came from the other side and refuse fields that the contract does not know.

        Raises:
            pydantic.ValidationError: names each offending field and the reason.
        """
        return cls.model_validate(data, extra="forbid")


def _is_version_7(value: UUID) -> UUID:
    if value.version != 7:  # noqa: PLR2004 - RFC 9562 numbers its versions
        raise ValueError("must be a UUID of version 7 (RFC 9562)")
    return value


UuidV7 = Annotated[UUID, AfterValidator(_is_version_7)]
Timestamp = AwareDatetime
"""A moment with its offset from UTC (RFC 3339)."""

ServiceName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
RevisionName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
RepositoryPath = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([._/-][a-z0-9]+)*$", max_length=128)]
ImageDigest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
ShortText = Annotated[str, StringConstraints(max_length=256)]
LongText = Annotated[str, StringConstraints(max_length=4096)]
PemText = Annotated[str, StringConstraints(min_length=1, max_length=65536)]
PortNumber = Annotated[int, Field(ge=1, le=65535)]
ContainerPort = Annotated[str, StringConstraints(pattern=r"^([1-9][0-9]{0,4})/(tcp|udp)$")]
"""A port inside a honeypot container with its protocol, as in the documents' port maps: `2222/tcp`."""
Count = Annotated[int, Field(ge=0, le=2**53)]


class PortRange(WireModel):
    """Ports `first` to `last` of the sensor; `container_port` null: each leads to the same port of the container."""

    protocol: Literal["tcp", "udp"]
    first: PortNumber
    last: PortNumber
    container_port: PortNumber | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError("the range ends before it begins")
        return self
