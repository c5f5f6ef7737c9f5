"""How a sensor gets in at switches that ask for IEEE 802.1X, as people set it."""

from typing import Annotated, Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from sensor_wire.base import PemText
from sensor_wire.v1.network import Dot1x, EapMethod, HostName
from server_app.api_base.model import ApiModel
from server_app.at_rest.hidden import Hidden
from server_app.errors import FieldError, Invalid
from server_app.sensors.connection import wrong
from server_app.sensors.models import Sensor

Identity = Annotated[str, StringConstraints(min_length=1, max_length=253, pattern=r"^[^\x00-\x1f\x7f]+$")]
SECRETS = {EapMethod.TLS: "key", EapMethod.PEAP: "password"}
_Checked = Field(default=None, validate_default=True)


class Dot1xPlace(ApiModel):
    """802.1X without its secret. `tls` needs a certificate (PEM); `ca` (PEM) is whom the sensor believes.

    With `server_name` not just any server of that authority is believed, but one whose name ends so.
    """

    method: EapMethod
    identity: Identity
    anonymous_identity: Identity | None = None
    ca: PemText
    server_name: HostName | None = None
    certificate: PemText | None = _Checked

    @field_validator("ca", "certificate")
    @classmethod
    def _usable(cls, value: str | None, info: ValidationInfo) -> str | None:
        method = info.data.get("method")
        if info.field_name == "certificate" and method is not None and (value is None) is (method is EapMethod.TLS):
            raise wrong("is needed for tls" if value is None else f"is of no use with {method}")
        if value is not None and _certificates(value) is None:
            raise wrong("holds no certificates in PEM")
        return value


class Dot1xSetting(Dot1xPlace):
    """802.1X as it is set. The secret is write-only; left out, the one of the very same settings stays."""

    password: Annotated[str | None, Field(min_length=1, max_length=256, repr=False)] = None
    key: Annotated[PemText | None, Field(repr=False, description="PEM, not encrypted")] = None

    @field_validator("password", "key")
    @classmethod
    def _fits_the_method(cls, value: str | None, info: ValidationInfo) -> str | None:
        method = info.data.get("method")
        if value is not None and method is not None and SECRETS[method] != info.field_name:
            raise wrong(f"is of no use with {method}")
        if value is not None and info.field_name == "key":
            _require_key_of(value, info.data.get("certificate"))
        return value


class Dot1xShown(Dot1xPlace):
    """802.1X as it is shown."""

    secret_set: bool


def set_dot1x(sensor: Sensor, given: Dot1xSetting | None) -> None:
    """Take over settings.

    Raises:
        Invalid: the secret was left out, and there is none for just these settings.
    """
    if given is None:
        sensor.dot1x = sensor.dot1x_secret = None
        return
    place = given.model_dump(mode="json", exclude=set(SECRETS.values()))
    name = SECRETS[given.method]
    text = getattr(given, name)
    secret = None if text is None else Hidden(text)
    if secret is None:
        # Else whoever may change the authority could have the password sent to a machine of theirs.
        if sensor.dot1x_secret is None or place != sensor.dot1x:
            reason = FieldError(f"/dot1x/{name}", "must be given for new or other settings")
            raise Invalid("There is no secret for these settings.", (reason,))
        secret = sensor.dot1x_secret
    sensor.dot1x, sensor.dot1x_secret = place, secret


def shown(sensor: Sensor) -> Dot1xShown | None:
    """What may be told of a sensor's settings."""
    if sensor.dot1x is None:
        return None
    return Dot1xShown.model_validate(sensor.dot1x | {"secret_set": sensor.dot1x_secret is not None})


def told(sensor: Sensor) -> Dot1x | None:
    """What the sensor itself is told."""
    if sensor.dot1x is None:
        return None
    name, secret = SECRETS[EapMethod(sensor.dot1x["method"])], sensor.dot1x_secret
    return Dot1x.model_validate(sensor.dot1x | {name: None if secret is None else secret.text})


def _certificates(pem: str) -> list[x509.Certificate] | None:
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        return None


def _require_key_of(pem: str, certificate: Any) -> None:
    try:
        public = load_pem_private_key(pem.encode(), password=None).public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise wrong("is no private key in PEM without a password") from None  # the cause might quote it
    chain = _certificates(certificate) if isinstance(certificate, str) else None
    if chain and _plain(public) != _plain(chain[0].public_key()):
        raise wrong("does not belong to the certificate")


def _plain(public: Any) -> bytes:
    encoded: bytes = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return encoded
