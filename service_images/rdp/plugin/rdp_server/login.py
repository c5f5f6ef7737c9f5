"""How clients prove themselves once TLS is there: by NTLM within CredSSP, or by a password in clear."""

import os
import time
from collections.abc import Callable
from typing import Any, Protocol

import rdpy.core.log  # type: ignore[import-not-found]  # in the image only
from rdpy.protocol.rdp import rdp, sec, x224  # type: ignore[import-not-found]  # in the image only

from rdp_server import credssp, ntlm
from rdp_server.persona import Persona

type Tell = Callable[..., None]
"""Writes an event of this session into the journal."""

rdpy.core.log._LOG_LEVEL = rdpy.core.log.Level.NONE  # noqa: SLF001 - there is no other way to set it
# Each connection would make an RSA key, for a kind of security that we refuse.
sec.rsa.newkeys = lambda _bits: (None, None)


class Login(Protocol):
    """Takes what the client says within TLS; a ValueError means that it speaks something else."""

    def received(self, data: bytes) -> None:
        """Take the next bytes."""


class NetworkLevel:
    """CredSSP: a challenge, an answer that is a hash, a refusal."""

    def __init__(self, persona: Persona, tell: Tell, write: Callable[[bytes], None], close: Callable[[], None]) -> None:
        self._persona = persona
        self._tell = tell
        self._write = write
        self._close = close
        self._buffer = b""
        self._nonce = os.urandom(8)

    def received(self, data: bytes) -> None:
        """Take the next bytes."""
        self._buffer += data
        while self._buffer:
            length = credssp.request_length(self._buffer)
            if length is None or len(self._buffer) < length:
                return
            request, self._buffer = self._buffer[:length], self._buffer[length:]
            self._request(request)

    def _request(self, request: bytes) -> None:
        version, token = credssp.version_of(request), credssp.token_of(request)
        answer = ntlm.parse_answer(token, self._nonce)
        if answer is not None:
            self._tell("hash", **answer._asdict())
            self._write(credssp.refusal(version))
            self._close()
            return
        flags = ntlm.negotiate_flags(token)
        spnego = credssp.is_spnego(request)
        if flags is None and not spnego:
            raise ValueError("no token of NTLM")
        reply = b"" if flags is None else ntlm.challenge(self._persona, self._nonce, flags, time.time())
        self._write(credssp.challenge_request(version, reply, spnego=spnego))


class Clear:
    """The old way: the whole sequence of RDP up to the password, which rdphoneypot's protocols speak."""

    def __init__(self, protocols: int, tell: Tell, transport: Any, close: Callable[[], None]) -> None:
        self._tell = tell
        self._controller = rdp.RDPServerController(16)
        self._controller.addServerObserver(_Refusal(self._controller))
        negotiated, layers = self._controller._x224Layer, self._controller._tpktLayer  # noqa: SLF001 - all that there is
        negotiated._requestedProtocol, negotiated._selectedProtocol = protocols, x224.Protocols.PROTOCOL_SSL  # noqa: SLF001
        negotiated.setNextState(negotiated.recvData)
        layers.transport, layers.close = transport, close
        layers.expect(2, layers.readHeader)
        security = self._controller._secLayer  # noqa: SLF001 - see above
        self._licence, security.sendLicensingErrorMessage = security.sendLicensingErrorMessage, self._credentials
        self._controller._mcsLayer.connect()  # noqa: SLF001 - see above
        self.received = layers.dataReceived

    def _credentials(self) -> None:
        """Tell what the client has sent just now, and go on with the licence, which comes next."""
        core = self._controller._mcsLayer._clientSettings.CS_CORE  # noqa: SLF001 - see above
        domain, username, password = self._controller.getCredentials()
        self._tell(
            "password",
            username=username,
            domain=domain,
            password=password,
            workstation=self._controller.getHostname(),
            version=str(core.clientBuild.value),
            keyboard=f"{core.kbdLayout.value:#06x}",
        )
        self._licence()


class _Refusal(rdp.RDPServerObserver):  # type: ignore[misc]  # the base class is in the image only
    """Tells each client that its credentials did not work."""

    def __init__(self, controller: Any) -> None:
        self._controller = controller

    def onReady(self) -> None:  # noqa: N802 - rdpy's name
        self._controller.sendLoginFailure()

    def _ignore(self, *_arguments: object) -> None:
        """Nothing that comes after the refusal matters."""

    onClose = onKeyEventScancode = onKeyEventUnicode = onPointerEvent = _ignore  # noqa: N815 - rdpy's names
