"""A real rsyslogd in a folder of its own: it takes messages over TCP and TLS and writes what it understood."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_ports import free_port, listens
from own_certificates import key_pem, own_certificate, pem
from patience import PATIENCE

RSYSLOGD = "/usr/sbin/rsyslogd"

HEADER = {
    "pri": "pri",
    "facility": "syslogfacility-text",
    "severity": "syslogseverity-text",
    "version": "protocol-version",
    "host": "hostname",
    "app": "app-name",
    "process": "procid",
    "name": "msgid",
    "structured": "structured-data",
}
"""What is in the head of a message (RFC 5424), by rsyslog's names."""
CONFIGURATION = """
global(workDirectory="{folder}" defaultNetstreamDriverCAFile="{folder}/ca.crt"
       defaultNetstreamDriverCertFile="{folder}/tls.crt" defaultNetstreamDriverKeyFile="{folder}/tls.key")
module(load="imtcp")
module(load="mmjsonparse")
template(name="understood" type="list" option.jsonf="on") {{
  {header}
  property(outname="time" name="timereported" dateFormat="rfc3339" format="jsonf")
  property(outname="parsed" name="parsesuccess" format="jsonf")
  property(outname="document" name="$!all-json-plain" format="jsonf")
}}
ruleset(name="siem") {{
  action(type="mmjsonparse" cookie="")
  action(type="omfile" file="{folder}/understood" template="understood" asyncWriting="off" flushOnTXEnd="on")
}}
input(type="imtcp" address="127.0.0.1" port="{plain}" ruleset="siem")
input(type="imtcp" address="127.0.0.1" port="{encrypted}" ruleset="siem"
      streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="anon")
"""


@dataclass
class Rsyslogd:
    """One that keeps its ports and what it has written, however often it is stopped."""

    folder: Path
    ca: str
    plain: int
    encrypted: int
    _process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        command = [RSYSLOGD, "-n", "-f", str(self.folder / "conf"), "-i", str(self.folder / "pid")]
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        self._process = process
        for port in (self.plain, self.encrypted):
            self._wait(lambda port=port: process.poll() is not None or listens(port))  # type: ignore[misc]
        assert process.poll() is None, (self.folder / "log").read_text()

    def stop(self, *, abruptly: bool = False) -> None:
        if self._process is not None:
            (self._process.kill if abruptly else self._process.terminate)()
            self._process.wait(PATIENCE)
            self._process = None

    @property
    def understood(self) -> list[dict[str, Any]]:
        """All messages, the fields of their heads and the document that rsyslog found in each."""
        file = self.folder / "understood"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        found = [json.loads(line) for line in lines]
        return [message | {"document": json.loads(message["document"])} for message in found]

    def wait_for(self, *summaries: str, meanwhile: Callable[[], object] = lambda: None) -> list[dict[str, Any]]:
        """What was understood, once events of these summaries are there, some perhaps more than once."""

        def there() -> bool:
            meanwhile()
            return set(summaries) <= {_summary(each) for each in self.understood}

        self._wait(there)
        return self.understood

    def _wait(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < deadline, (self.folder / "log").read_text() or self.understood
            time.sleep(0.05)


@contextmanager
def rsyslogd(folder: Path) -> Iterator[Rsyslogd]:
    """One that listens."""
    own = own_certificate("localhost")
    for name, content in {"ca.crt": own.root.pem, "tls.crt": pem(own.leaf) + own.middle.pem}.items():
        (folder / name).write_text(content)
    (folder / "tls.key").write_text(key_pem(own.key))
    found = Rsyslogd(folder, own.root.pem, free_port(), free_port())
    header = "\n  ".join(f'property(outname="{name}" name="{word}" format="jsonf")' for name, word in HEADER.items())
    values = {"folder": folder, "header": header, "plain": found.plain, "encrypted": found.encrypted}
    (folder / "conf").write_text(CONFIGURATION.format(**values))
    found.start()
    try:
        yield found
    finally:
        found.stop()


def _summary(message: dict[str, Any]) -> Any:
    return message["document"].get("message")
