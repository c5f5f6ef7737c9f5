"""Debian's squid in a network namespace, that asks for a login."""

import contextlib
import hmac
import secrets
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sensor_support.builders import eventually
from sensor_support.namespaces import path, sh
from sensor_wire.v1.network import Proxy, ProxyKind

BASIC_HELPER = "/usr/lib/squid/basic_ncsa_auth"
PORT = 8080
CONFIG = """
http_port {address}:{port}
auth_param {scheme} program {helper}
auth_param {scheme} children 2
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
access_log stdio:{folder}/access.log
cache_log {folder}/cache.log
pid_filename none
cache deny all
shutdown_lifetime 0 seconds
visible_hostname proxy.example.com
"""


class Squid:
    """A running squid; `log` is what it did for whom."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def log(self) -> str:
        """Its access log."""
        return (self._folder / "access.log").read_text()


@contextlib.contextmanager
def squid(namespace: str | None, address: str, proxy: Proxy) -> Iterator[Squid]:
    """Run one that wants the proxy's login, for the length of a block; in no namespace: in the machine's own."""
    inside = [] if namespace is None else ["nsenter", f"--net={path(namespace)}"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)  # squid and its helpers work as a user of their own
        helper = _basic(folder, proxy) if proxy.kind is ProxyKind.BASIC else _ntlm(folder, proxy)
        config = folder / "squid.conf"
        config.write_text(
            CONFIG.format(address=address, port=proxy.port, scheme=proxy.kind, helper=helper, folder=folder)
        )
        command = [
            *inside,
            "squid",
            "-N",
            "-n",
            f"hs{secrets.token_hex(4)}",
            "-f",
            str(config),
        ]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                listening = (*inside, "ss", "-Hltn", f"src {address} and sport = :{proxy.port}")
                eventually(lambda: sh(*listening) or process.poll() is not None, "squid listens")
                assert process.poll() is None, (folder / "cache.log").read_text()
                yield Squid(folder)
            finally:
                process.terminate()
                process.wait(10)


def _basic(folder: Path, proxy: Proxy) -> str:
    hashed = sh("openssl", "passwd", "-apr1", "-stdin", stdin=proxy.password or "").strip()
    (folder / "users").write_text(f"{proxy.user}:{hashed}\n")
    return f"{BASIC_HELPER} {folder}/users"


def _ntlm(folder: Path, proxy: Proxy) -> str:
    domain, _, user = (proxy.user or "").partition("\\")
    asked = ["openssl", "dgst", "-provider", "legacy", "-md4", "-binary"]
    typed = (proxy.password or "").encode("utf-16-le")
    hashed = subprocess.run(asked, input=typed, capture_output=True, check=True).stdout
    key = hmac.digest(hashed, f"{user.upper()}{domain}".encode("utf-16-le"), "md5").hex()
    script = folder / "ntlm_helper.py"
    script.write_text(Path(__file__).with_name(script.name).read_text())
    return f"/usr/bin/python3 {script} {user} {key}"
