"""Attempts to log in wherever somebody can, by the clients that people use."""

import shutil

from sensor_support.attack import CURL, Attack
from sensor_support.namespaces import SENSOR6

TRUST = ("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR")
SSH = ("sshpass", "-e", "ssh", *TRUST, "-o", "PubkeyAuthentication=no", "-o", "ConnectTimeout=60")
FREERDP = "xfreerdp" if shutil.which("xfreerdp") else "xfreerdp3"  # its name since Debian 13
RDP = ("xvfb-run", "-a", FREERDP, "/cert:ignore", "/sec:tls")

LOGINS = {
    "ssh": Attack(
        "cowrie",
        22,
        (*SSH, "root@ADDRESS", "uname -a; id"),
        {"username": "root", "password": "admin123", "login": "accepted", "command": "uname -a; id"},
        "high",
        "Linux files07 6.1.0-37-amd64",
        environment={"SSHPASS": "admin123"},
    ),
    "ssh by IPv6, refused": Attack(
        "cowrie",
        22,
        (*SSH, "-o", "NumberOfPasswordPrompts=1", "operator@ADDRESS"),
        {"username": "operator", "password": "Winter 2026", "login": "refused"},
        "medium",
        "Permission denied",
        target=SENSOR6,
        environment={"SSHPASS": "Winter 2026"},
    ),
    "telnet": Attack(
        "cowrie",
        23,
        ("telnet", "ADDRESS"),
        {"username": "admin", "password": "changeme", "login": "accepted", "command": "cat /proc/version"},
        "high",
        "Linux version 6.1.0-37-amd64",
        dialogue=(
            ("files07 login: ", "admin"),
            ("Password: ", "changeme"),
            ("$ ", "cat /proc/version"),
            ("$ ", "exit"),
        ),
    ),
    "remote desktop": Attack(
        "rdp",
        3389,
        (*RDP, "/v:ADDRESS", "/u:administrator", "/d:CORP", "/p:Sommer 2026"),
        {"username": "administrator", "domain": "CORP", "password": "Sommer 2026", "login": "refused"},
        "medium",
    ),
    "form": Attack(
        "web",
        443,
        (*CURL, "https://ADDRESS/index.php", "-d", "username=admin&password=Winter-2026"),
        {"username": "admin", "password": "Winter-2026", "login": "refused"},
        "critical",  # with its exploits it is one session
        "not correct",
    ),
    "ftp": Attack(
        "netservices",
        21,
        (*CURL, "--local-port", "45021", "--user", "backup:Winter 2026", "ftp://ADDRESS/"),
        {"username": "backup", "password": "Winter 2026", "login": "refused"},
        "medium",
        "220 (vsFTPd 3.0.3)",
        source_port=45021,
    ),
    "ftp by IPv6": Attack(
        "netservices",
        21,
        (*CURL, "--user", "backup:Winter 2026", "ftp://[ADDRESS]/"),
        {"username": "backup", "password": "Winter 2026", "login": "refused"},
        "medium",
        "530 Login incorrect.",
        target=SENSOR6,
    ),
    "pop3": Attack(
        "netservices",
        110,
        (*CURL, "--user", "bob:p4", "--login-options", "AUTH=PLAIN", "pop3://ADDRESS/"),
        {"username": "bob", "password": "p4", "login": "refused"},
        "medium",
    ),
    "imap": Attack(
        "netservices",
        143,
        (*CURL, "--user", "bob:i4", "--login-options", "AUTH=PLAIN", "imap://ADDRESS/"),
        {"username": "bob", "password": "i4", "login": "refused"},
        "medium",
    ),
    "sql server": Attack(
        "netservices",
        1433,
        ("tsql", "-H", "ADDRESS", "-p", "1433", "-U", "sa", "-P", "P@ss w0rd", "-D", "shop"),
        {"username": "sa", "password": "P@ss w0rd", "database": "shop"},
        "medium",
        "Login failed for user 'sa'.",
        said="quit\n",
        environment={"TDSVER": "7.4"},
    ),
    "mysql": Attack(
        "netservices",
        3306,
        ("mariadb", "--skip-ssl", "-h", "ADDRESS", "-u", "root", "-ptoor", "shop", "-e", "select 1"),
        {"username": "root", "database": "shop", "hash": "$mysqlna$"},
        "medium",
        "Access denied for user 'root'@'198.51.100.20' (using password: YES)",
    ),
    "postgresql": Attack(
        "netservices",
        5432,
        ("psql", "host=ADDRESS user=postgres dbname=shop", "-c", "select 1"),
        {"username": "postgres", "password": "Winter 2026", "database": "shop"},
        "medium",
        'password authentication failed for user "postgres"',
        environment={"PGPASSWORD": "Winter 2026"},
    ),
    "telephone": Attack(
        "netservices",
        5060,
        ("sipsak", "-U", "-s", "sip:100@ADDRESS:5060", "-C", "sip:100@192.0.2.1", "-u", "100", "-a", "pass1", "-vvv"),
        {"username": "100", "hash": "$sip$*", "login": "refused"},
        "medium",
        "403 Forbidden",
        protocol="udp",
    ),
}
