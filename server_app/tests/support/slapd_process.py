"""A real directory on loopback, as long as a test session lasts: OpenLDAP's slapd in a folder of its own."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from local_ports import free_port, listens
from patience import PATIENCE

SLAPD = "/usr/sbin/slapd"
SUFFIX = "dc=example,dc=com"
BIND_DN = f"cn=reader,{SUFFIX}"
BIND_PASSWORD = "the reader's own"
CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/pid
TLSCertificateFile {folder}/tls.crt
TLSCertificateKeyFile {folder}/tls.key
disallow bind_anon
database mdb
suffix "{suffix}"
directory {folder}/db
rootdn "cn=root,{suffix}"
rootpw root
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{reader}" read by * none
"""
BASE = f"""
dn: {SUFFIX}
objectClass: domain
dc: example

dn: {BIND_DN}
objectClass: person
cn: reader
sn: reader
userPassword: {BIND_PASSWORD}

dn: ou=people,{SUFFIX}
objectClass: organizationalUnit
ou: people

dn: ou=groups,{SUFFIX}
objectClass: organizationalUnit
ou: groups
"""


@dataclass(frozen=True)
class Slapd:
    """Where it listens, with TLS from the start and without, and whom to trust."""

    ldaps: str
    ldap: str
    ca: str

    def change(self, text: str) -> None:
        """Run LDIF change records as its administrator; entries without a change type are added."""
        command = ["ldapmodify", "-a", "-x", "-H", self.ldap, "-D", f"cn=root,{SUFFIX}", "-w", "root"]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def person(self, name: str, password: str, **attributes: str) -> str:
        """Add somebody; returns the distinguished name."""
        dn = f"uid={name},ou=people,{SUFFIX}"
        values = {"cn": name.title(), "sn": name, "mail": f"{name}@example.com", "userPassword": password} | attributes
        lines = "".join(f"{key}: {value}\n" for key, value in values.items())
        self.change(f"dn: {dn}\nobjectClass: inetOrgPerson\nuid: {name}\n{lines}")
        return dn

    def group(self, name: str, *members: str) -> str:
        """Add a group; returns the distinguished name."""
        dn = f"cn={name},ou=groups,{SUFFIX}"
        lines = "".join(f"member: {member}\n" for member in members)
        self.change(f"dn: {dn}\nobjectClass: groupOfNames\ncn: {name}\n{lines}")
        return dn

    def clear(self) -> None:
        """Remove all people and groups."""
        search = ["ldapsearch", "-x", "-LLL", "-H", self.ldap, "-D", f"cn=root,{SUFFIX}", "-w", "root", "-b", SUFFIX]
        question = "(|(objectClass=inetOrgPerson)(objectClass=groupOfNames))"
        found = subprocess.run([*search, question, "1.1"], capture_output=True, text=True, check=True).stdout
        for line in found.splitlines():
            if line.startswith("dn"):
                self.change(f"{line}\nchangetype: delete\n")


@contextmanager
def slapd(folder: Path) -> Iterator[Slapd]:
    """Start it with its data below `folder`."""
    certificate = _make_certificate(folder)
    (folder / "db").mkdir()
    configuration = folder / "slapd.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder, suffix=SUFFIX, reader=BIND_DN))
    plain, encrypted = free_port(), free_port()
    running = Slapd(f"ldaps://localhost:{encrypted}", f"ldap://localhost:{plain}", certificate)
    urls = f"ldap://127.0.0.1:{plain}/ ldaps://127.0.0.1:{encrypted}/"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([SLAPD, "-d", "0", "-f", configuration, "-h", urls], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + PATIENCE
        while not listens(plain):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, "slapd does not answer"
            time.sleep(0.05)
        running.change(BASE)
        yield running
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _make_certificate(folder: Path) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    (folder / "tls.crt").write_text(pem)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "tls.key").write_bytes(secret)
    return pem
