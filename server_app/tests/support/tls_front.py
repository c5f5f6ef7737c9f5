"""TLS in front of a server that speaks plain HTTP, with the server's own certificate."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path


@contextmanager
def tls_front(tls_dir: Path, behind: str) -> Iterator[int]:
    """Pass on what arrives by TLS.

    Args:
        tls_dir: where `server.crt` and `server.key` are.
        behind: address and port of the server.

    Yields:
        The port on 127.0.0.1.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls_dir / "server.crt", tls_dir / "server.key")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, context, behind), daemon=True).start()
        yield int(listener.getsockname()[1])
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, context: ssl.SSLContext, behind: str) -> None:
    with suppress(OSError):
        while True:
            plain, _ = listener.accept()
            threading.Thread(target=_serve, args=(plain, context, behind), daemon=True).start()


def _serve(plain: socket.socket, context: ssl.SSLContext, behind: str) -> None:
    host, _, port = behind.rpartition(":")
    with suppress(OSError), closing(plain), context.wrap_socket(plain, server_side=True) as client:  # noqa: SIM117 - two failures
        with socket.create_connection((host, int(port))) as server:
            answer = threading.Thread(target=_copy, args=(server, client), daemon=True)
            answer.start()
            _copy(client, server)
            server.shutdown(socket.SHUT_WR)
            answer.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
