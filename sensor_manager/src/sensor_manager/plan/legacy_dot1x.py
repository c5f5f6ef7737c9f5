"""802.1X as HoneySens' own configuration has it: a section `[eapol]`, and the files it names."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from sensor_manager.plan.dot1x import fault
from sensor_wire.v1.network import Dot1x, EapMethod

FILES = ("eapol_ca.crt", "eapol_client.crt", "eapol_client.key")
METHODS = {"2": EapMethod.TLS, "3": EapMethod.PEAP}
OTHER_METHODS = {"1": "MD5", "4": "TTLS"}
OFF = "0"

type OpenKey = Callable[[str, str], str]
"""Returns a key (PEM) without the password it is given with; raises `ValueError` where that does not open it."""


def read_dot1x(
    eapol: Mapping[str, str], files: Mapping[str, str], open_key: OpenKey
) -> tuple[Dot1x | None, str | None]:
    """Return the settings, or what is left out and why; neither where nobody asks for 802.1X.

    Args:
        eapol: the section; what it does not say is empty or missing.
        files: those of `FILES` that came with it, PEM.
        open_key: opens the one among them, which the sensor then keeps where only root reads.
    """
    mode = eapol.get("mode") or OFF
    if mode == OFF:
        return None, None
    method = METHODS.get(mode)
    if method is None:
        return None, f"802.1X by {OTHER_METHODS.get(mode, f'method {mode[:8]}')}, which sensors do not do"
    try:
        made = Dot1x.model_validate({"method": method, **_values(eapol, files, method, open_key)})
    except ValidationError as error:
        wrong = sorted({str(each["loc"][0]) for each in error.errors(include_input=False)})
        return None, f"802.1X, of which this is missing or wrong: {', '.join(wrong)}"
    except ValueError:
        return None, "802.1X, whose key cannot be opened with the password beside it"
    reason = fault(made)
    return (made, None) if reason is None else (None, reason)


def _values(eapol: Mapping[str, str], files: Mapping[str, str], method: EapMethod, open_key: OpenKey) -> dict[str, Any]:
    def file(key: str) -> str | None:
        return files.get(eapol.get(key, "").rpartition("/")[2])

    values = {"identity": eapol.get("identity"), "anonymous_identity": eapol.get("anon_identity")}
    values["ca"] = file("ca_cert")
    if method is EapMethod.PEAP:
        values["password"] = eapol.get("password")
    elif (key := file("client_key")) is not None:
        values |= {"certificate": file("client_cert"), "key": open_key(key, eapol.get("client_key_password", ""))}
    return {name: value or None for name, value in values.items()}
