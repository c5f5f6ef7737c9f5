from datetime import timedelta
from typing import Annotated, ClassVar

from cryptography import x509
from pydantic import Field, StringConstraints, field_validator

from server_app.preferences.section import Section


class CertificateSection(Section):
    """Certificates, in days.

    `sensor_days`: life of a sensor's certificate; the sensor renews it when a third is left. `overlap_days`: how long a
    new authority waits at most for sensors that have not heard of it. `return_days`: how long after the end of its
    certificate a sensor may still come back by its old key; 0: not at all. `proxy_authorities`: PEM; who else may have
    signed what sensors see, such as the certificate of a TLS proxy before this server.
    """

    name: ClassVar[str] = "certificates"

    sensor_days: Annotated[int, Field(ge=1, le=397)] = 90
    overlap_days: Annotated[int, Field(ge=0, le=365)] = 14
    return_days: Annotated[int, Field(ge=0, le=3650)] = 730
    proxy_authorities: Annotated[str, StringConstraints(max_length=32768)] = ""

    @field_validator("proxy_authorities")
    @classmethod
    def _certificates(cls, value: str) -> str:
        if value:
            x509.load_pem_x509_certificates(value.encode())
        return value

    @property
    def sensor(self) -> timedelta:
        """Life of a sensor's certificate."""
        return timedelta(days=self.sensor_days)

    @property
    def overlap(self) -> timedelta:
        """How long a new authority waits at most."""
        return timedelta(days=self.overlap_days)

    @property
    def grace(self) -> timedelta:
        """How long after the end of its certificate a sensor may come back."""
        return timedelta(days=self.return_days)
