"""Lines as cowrie 3.1 writes them."""

import json
from pathlib import Path
from typing import Any

from cowrie_adapter.artifacts import Artifacts
from cowrie_adapter.mapping import CowrieMapping

from honeypot_adapter.event import Contact, Severity
from honeypot_adapter.follow import Mapped

CONTACT = Contact("7b6935e09499", "tcp", "192.0.2.7", 45112, "10.10.10.2", 2222)
COMMON = {
    "session": "7b6935e09499",
    "protocol": "ssh",
    "src_ip": "192.0.2.7",
    "src_port": 45112,
    "dst_ip": "10.10.10.2",
    "dst_port": 2222,
    "timestamp": "2026-11-21T00:34:10.267875Z",
}


def mapped(eventid: str, *, known: bool = True, **fields: Any) -> Mapped | None:
    line = json.dumps(COMMON | fields | {"eventid": f"cowrie.{eventid}"}).encode()
    return CowrieMapping(lambda _path: b"content")(line, lambda _session: CONTACT if known else None)


def told(result: Mapped | None) -> list[tuple[str, str]]:
    assert result is not None
    return [(observation.detail, observation.data) for observation in result.observations]


def test_connection_opens_the_session() -> None:
    result = mapped("session.connect", known=False)
    assert result is not None
    assert (result.contact, result.end) == (CONTACT, False)
    assert result.observations[0].time == 1795221250.267875


def test_login_keeps_the_credentials_and_its_weight() -> None:
    success = mapped("login.success", username="root", password="admin123")
    failure = mapped("login.failed", username="root", password="x")
    assert told(success) == [("username", "root"), ("password", "admin123"), ("login", "accepted")]
    assert told(failure)[-1] == ("login", "refused")
    assert success
    assert success.observations[0].severity is Severity.HIGH
    assert failure
    assert failure.observations[0].severity is Severity.MEDIUM


def test_telnet_is_told_as_such() -> None:
    for eventid, fields in (
        ("session.connect", {}),
        ("login.failed", {"username": "root", "password": "x"}),
        ("session.closed", {"duration_ms": 10}),
    ):
        result = mapped(eventid, known=eventid != "session.connect", protocol="telnet", **fields)
        assert result is not None
        assert result.observations[0].summary.startswith("Telnet "), eventid


def test_exploit_of_telnetd_is_critical() -> None:
    result = mapped("telnet.exploit_attempt", protocol="telnet", cve="CVE-2026-24061", name="USER", value="-f root")
    assert told(result) == [("exploit", "CVE-2026-24061: USER=-f root")]
    assert result is not None
    assert (result.observations[0].kind, result.observations[0].severity) == ("exploit", Severity.CRITICAL)


def test_variables_and_malformed_packets_are_requests() -> None:
    assert told(mapped("client.var", name="LANG", value="C")) == [("variable", "LANG=C")]
    assert told(mapped("client.malformed_packet", messagenum=5, data="00ff")) == [("malformed", "00ff")]


def test_key_login_keeps_the_fingerprint() -> None:
    assert ("key", "SHA256:abc") in told(mapped("login.failed", username="root", fingerprint="SHA256:abc"))


def test_command_and_end() -> None:
    assert told(mapped("command.input", input="uname -a")) == [("command", "uname -a")]
    end = mapped("session.closed", duration_ms=2500)
    assert (end and end.end, told(end)) == (True, [("closed", "after 2.5 s")])


def crowd(what: str, count: int, *, known: bool) -> Mapped:
    line = json.dumps(COMMON | {"eventid": f"crowd.{what}", "count": count}).encode()
    result = CowrieMapping(lambda _path: None)(line, lambda _session: CONTACT if known else None)
    assert result is not None
    return result


def test_those_who_found_no_room_are_one_session_that_counts_them() -> None:
    first = crowd("opened", 1, known=False)
    assert (first.contact, first.end) == (CONTACT, False)
    assert told(first) == [("connection", "SSH connections, too many at a time to let all of them in")]
    assert told(crowd("more", 41, known=True)) == [("repeated", "41 more")]
    assert crowd("more", 41, known=False).contact == CONTACT, "the count is lost with the session"
    last = crowd("closed", 42, known=True)
    assert (last.end, told(last)) == (True, [("closed", "after 42 connections")])


def test_tunnel_does_not_change_who_was_addressed() -> None:
    result = mapped("direct-tcpip.request", dst_ip="198.51.100.1", dst_port=443)
    assert (result and result.contact, told(result)) == (CONTACT, [("tunnel", "198.51.100.1:443")])


def test_file_comes_with_its_beginning() -> None:
    result = mapped("session.file_upload", filename="/root/x.sh", outfile="/downloads/ab", shasum="ab")
    assert result is not None
    (file,) = result.observations
    assert json.loads(file.data) == {"name": "/root/x.sh", "sha256": "ab", "what": "upload"}
    assert file.payload is not None
    assert file.payload.data == b"content"


def test_what_says_nothing_or_belongs_to_no_session_is_passed_over() -> None:
    assert mapped("session.params", arch="linux") is None
    assert mapped("command.input", known=False, input="id") is None


def test_files_of_attackers_are_bounded(tmp_path: Path) -> None:
    artifacts = Artifacts(tmp_path, max_bytes=10_000)
    for number in range(5):
        (tmp_path / f"file-{number}").write_bytes(bytes([number]) * 6000)
        content = artifacts.head(f"/anywhere/file-{number}")
        assert content == bytes([number]) * 4097
    assert [path.name for path in tmp_path.iterdir()] == ["file-4"]
    assert artifacts.head("../../etc/passwd") is None
