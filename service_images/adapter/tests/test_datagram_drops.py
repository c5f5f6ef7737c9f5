"""What the kernel's tables say of datagrams for which there was no room."""

import socket
from pathlib import Path

from honeypot_adapter.datagram_drops import dropped

_ROW = "  341: {address}:{port:04X} {address}:0000 07 00000000:00000000 00:00000000 00000000 10001 0 30 2 0 {drops}\n"


def table(address: str, drops: dict[int, int]) -> str:
    """As the kernel writes it."""
    head = (
        "sl local_address rem_address st tx_queue rx_queue tr tm->when retrnsmt uid timeout inode ref pointer drops\n"
    )
    return head + "".join(_ROW.format(address=address, port=port, drops=number) for port, number in drops.items())


def test_both_versions_count_and_other_ports_do_not(tmp_path: Path) -> None:
    (tmp_path / "udp").write_text(table("00000000", {5060: 7, 5061: 90}))
    assert dropped(5060, tmp_path) == 7
    (tmp_path / "udp6").write_text(table("0" * 32, {5060: 5}))
    assert dropped(5060, tmp_path) == 12
    assert dropped(161, tmp_path) == 0


def test_kernel_counts_what_finds_no_room() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver, socket.socket(type=socket.SOCK_DGRAM) as sender:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        receiver.bind(("127.0.0.1", 0))
        port = receiver.getsockname()[1]
        for _ in range(100):
            sender.sendto(bytes(1000), ("127.0.0.1", port))
        receiver.settimeout(0)
        taken = 0
        while _taken(receiver):
            taken += 1
        assert taken < 100, "all found room: the test tried nothing"
        assert dropped(port) == 100 - taken


def _taken(receiver: socket.socket) -> bool:
    try:
        return bool(receiver.recv(2000))
    except BlockingIOError:
        return False
