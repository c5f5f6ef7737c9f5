"""cowrie's settings that depend on the persona, as it takes them from its environment."""

from cowrie_persona.persona import Persona

_BACKLOG = 4096
"""Connections that may wait until they are taken. The kernel forgets further ones, and nobody would tell of them."""


def settings(persona: Persona, folder: str, *, now: float, both_versions: bool) -> dict[str, str]:
    """Variables of the environment.

    Args:
        persona: of the machine.
        folder: that of cowrie's state, with `etc/userdb.txt`, `txtcmds` and the host keys.
        now: seconds since the epoch.
        both_versions: whether there is IPv6; a socket for it takes IPv4 as well.
    """
    keys = {
        f"SSH_{name.upper()}_{kind.upper()}_KEY": f"{folder}/ssh_host_{name}_key{'.pub' if kind == 'public' else ''}"
        for name in ("ed25519", "ecdsa")
        for kind in ("private", "public")
    }
    values = {
        "HONEYPOT_HOSTNAME": persona.host_name,
        "HONEYPOT_ETC_PATH": f"{folder}/etc",
        "HONEYPOT_TXTCMDS_PATH": f"{folder}/txtcmds",
        "HONEYPOT_BOOT_OFFSET": str(persona.booted_before(now)),
        "SHELL_KERNEL_VERSION": persona.system.kernel,
        "SHELL_KERNEL_BUILD_STRING": persona.system.build,
        "SHELL_SSH_VERSION": f"{persona.system.ssh_banner.split('-', 2)[2]}, {persona.system.ssl}",
        "SSH_VERSION": persona.ssh_banner,
        "SSH_PUBLIC_KEY_AUTH": "ecdsa-sha2-nistp256,ssh-ed25519",
        "SSH_LISTEN_ENDPOINTS": _endpoint(2222, both_versions=both_versions),
        "TELNET_ENABLED": "true" if persona.telnet else "false",
        "TELNET_LISTEN_ENDPOINTS": _endpoint(2223, both_versions=both_versions),
    }
    return {f"COWRIE_{name}": value for name, value in (values | keys).items()}


def _endpoint(port: int, *, both_versions: bool) -> str:
    address = rf"tcp6:{port}:interface=\:\:" if both_versions else f"tcp:{port}:interface=0.0.0.0"
    return f"{address}:backlog={_BACKLOG}"
