"""What the supplicant must be told to get through a switch that asks for IEEE 802.1X. Pure."""

import hashlib

from sensor_wire.v1.network import Dot1x, EapMethod

CA, CERTIFICATE, KEY = "ca.pem", "certificate.pem", "key.pem"
CONFIGURATION = "supplicant.conf"


def fingerprint(dot1x: Dot1x) -> str:
    """Tell settings apart without saying what they are: SHA-256 of all values."""
    return hashlib.sha256(dot1x.model_dump_json().encode()).hexdigest()


def fault(dot1x: Dot1x) -> str | None:
    """Say why nothing can be made of these settings; None when something can."""
    if dot1x.method is EapMethod.TLS and (dot1x.certificate is None or dot1x.key is None):
        return "802.1X by TLS needs a certificate and its key"
    if dot1x.method is EapMethod.PEAP and dot1x.password is None:
        return "802.1X by PEAP needs a password"
    return None


def supplicant_files(dot1x: Dot1x, folder: str) -> dict[str, str]:
    """Return the texts of the supplicant's folder by file name; all of them are secret.

    Values are written as hexadecimal numbers: none of them can end its line or its quotation marks.

    Args:
        dot1x: settings without a `fault`.
        folder: where the files will be, an absolute path.
    """
    lines = [f"eap={dot1x.method.value.upper()}", f"identity={_hex(dot1x.identity)}", f'ca_cert="{folder}/{CA}"']
    texts = {CA: dot1x.ca}
    if dot1x.anonymous_identity is not None:
        lines.append(f"anonymous_identity={_hex(dot1x.anonymous_identity)}")
    if dot1x.server_name is not None:
        lines.append(f"domain_suffix_match={_hex(dot1x.server_name)}")
    if dot1x.method is EapMethod.TLS:
        lines += [f'client_cert="{folder}/{CERTIFICATE}"', f'private_key="{folder}/{KEY}"']
        texts |= {CERTIFICATE: dot1x.certificate or "", KEY: dot1x.key or ""}
    else:
        lines += [f"password={_hex(dot1x.password or '')}", 'phase2="auth=MSCHAPV2"']
    network = "\n".join(f"  {line}" for line in ("key_mgmt=IEEE8021X", "eapol_flags=0", *lines))
    texts[CONFIGURATION] = f"ctrl_interface={folder}/control\nap_scan=0\nnetwork={{\n{network}\n}}\n"
    return texts


def _hex(text: str) -> str:
    return text.encode().hex()
