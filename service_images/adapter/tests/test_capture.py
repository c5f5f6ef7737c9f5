"""Sockets that come over a socket."""

import socket
from pathlib import Path

from honeypot_testing.sensor_end import SensorEnd

from honeypot_adapter.capture import request_captures


def test_three_sockets_come_in_their_order(sensor_end: SensorEnd) -> None:
    with socket.socket() as first, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second, socket.socket() as third:
        third.bind(("127.0.0.1", 0))
        sensor_end.descriptors = [first.fileno(), second.fileno(), third.fileno()]
        (capture,) = request_captures(lambda: False, sensor_end.path)
        assert capture.answers.type == socket.SOCK_DGRAM
        assert capture.listener.getsockname() == third.getsockname()
        for each in capture:
            each.close()


def test_sensor_with_ipv6_gives_six(sensor_end: SensorEnd) -> None:
    made = [socket.socket(family) for family in (*[socket.AF_INET] * 3, *[socket.AF_INET6] * 3)]
    sensor_end.descriptors = [each.fileno() for each in made]
    four, six = request_captures(lambda: False, sensor_end.path)
    assert (four.listener.family, six.packets.family) == (socket.AF_INET, socket.AF_INET6)
    for each in (*made, *four, *six):
        each.close()


def test_incomplete_answer_is_asked_for_again_and_leaks_nothing(sensor_end: SensorEnd) -> None:
    sensor_end.descriptors = [0]
    open_before = len(list(Path("/proc/self/fd").iterdir()))
    attempts = iter([False, True])
    assert request_captures(lambda: next(attempts), sensor_end.path) == ()
    assert len(list(Path("/proc/self/fd").iterdir())) <= open_before + 1  # the sensor's end of the connection


def test_stops_asking_when_told(tmp_path: Path) -> None:
    attempts = iter([False, True])
    assert request_captures(lambda: next(attempts), tmp_path / "nothing.sock") == ()
