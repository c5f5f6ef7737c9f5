"""Shows the host key for RSA as soon as it has been made: at once, or on a small board a while after the start."""

import os
import sys
from typing import Any

from cowrie.core import honeyfs  # type: ignore[import-not-found]  # in the image only
from cowrie.ssh.factory import CowrieSSHFactory  # type: ignore[import-not-found]  # in the image only
from twisted.conch.ssh.keys import Key  # type: ignore[import-not-found]  # in the image only
from twisted.internet.utils import getProcessOutputAndValue  # type: ignore[import-not-found]  # in the image only

from cowrie_persona.persona import Persona
from cowrie_persona.tree import add
from honeypot_adapter.log import log


def put_in(persona: Persona, reactor: Any) -> None:
    """Let cowrie have the key made when it begins to listen."""
    known = CowrieSSHFactory.startFactory

    def start(factory: Any) -> None:
        known(factory)
        reactor.callWhenRunning(_make, factory, persona)

    CowrieSSHFactory.startFactory = start


def _make(factory: Any, persona: Persona) -> None:
    made = getProcessOutputAndValue(sys.executable, ("-m", "cowrie_persona.rsa_key"), env=os.environ)
    made.addCallback(_show, factory, persona)
    made.addErrback(lambda failure: log(f"there is no host key for RSA: {failure.value!r}"))


def _show(made: tuple[bytes, bytes, int], factory: Any, persona: Persona) -> None:
    private, errors, status = made
    if status:
        raise RuntimeError(f"making it ended with {status}: {errors.decode(errors='replace')[-200:]}")
    key = Key.fromString(private)
    public = key.public()
    factory.publicKeys[b"ssh-rsa"], factory.privateKeys[b"ssh-rsa"] = public, key
    shown = public.toString("openssh", comment=f"root@{persona.host_name}") + b"\n"
    add(honeyfs.get_tree(), {"/etc/ssh/ssh_host_rsa_key": private, "/etc/ssh/ssh_host_rsa_key.pub": shown})
