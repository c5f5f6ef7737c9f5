"""Following a log that goes on growing."""

from pathlib import Path

from honeypot_adapter.logfile import LogFollower


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_only_whole_lines_are_given(tmp_path: Path) -> None:
    log = tmp_path / "log"
    follower = LogFollower(log, 0)
    assert follower.read() == []
    append(log, b"one\ntw")
    assert [line.text for line in follower.read()] == [b"one"]
    append(log, b"o\n")
    assert [line.text for line in follower.read()] == [b"two"]
    assert follower.offset == log.stat().st_size


def test_what_was_read_is_given_back_to_the_file_system(tmp_path: Path) -> None:
    log = tmp_path / "log"
    append(log, b"x" * 99 + b"\n")
    follower = LogFollower(log, 0)
    for _ in range(40):
        append(log, (b"y" * 99 + b"\n") * 1000)
        while follower.read():
            follower.release()
    append(log, b"last\n")
    assert [line.text for line in follower.read()] == [b"last"]
    assert log.stat().st_size > 4_000_000
    assert log.stat().st_blocks * 512 < 200_000


def test_another_follower_goes_on_at_the_offset(tmp_path: Path) -> None:
    log = tmp_path / "log"
    append(log, b"one\ntwo\n")
    first = LogFollower(log, 0)
    lines = first.read()
    assert [line.text for line in LogFollower(log, lines[0].next_offset).read()] == [b"two"]


def test_holes_are_no_lines_when_the_place_is_lost(tmp_path: Path) -> None:
    log = tmp_path / "log"
    append(log, (b"y" * 99 + b"\n") * 1000)
    follower = LogFollower(log, 0)
    follower.read()
    follower.release()
    append(log, b"last\n")
    assert LogFollower(log, 0).read()[-1].text == b"last"


def test_backlog_is_bounded_and_the_loss_is_counted(tmp_path: Path) -> None:
    log = tmp_path / "log"
    append(log, b"0123456789abcde\n" * 10_000)
    follower = LogFollower(log, 0, max_backlog=1610)
    lines = follower.read()
    assert {line.text for line in lines} == {b"0123456789abcde"}
    assert (len(lines), follower.lost_lines, follower.offset) == (50, 9_950, 160_000)


def test_backlog_is_bounded_while_nothing_is_read(tmp_path: Path) -> None:
    log = tmp_path / "log"
    follower = LogFollower(log, 0, max_backlog=160_000)
    follower.bound()
    for _ in range(100):
        append(log, b"0123456789abcde\n" * 1000)
        follower.bound()
        follower.release()
    assert log.stat().st_blocks * 512 < 200_000
    assert len(follower.read()) + follower.lost_lines == 100_000


def test_overlong_line_does_not_stop_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    append(log, b"x" * 3_000_000 + b"\nnext\n")
    follower = LogFollower(log, 0)
    texts = []
    while lines := follower.read():
        texts += [line.text for line in lines]
    assert texts[-1] == b"next"


def test_file_that_shrank_is_read_from_its_beginning(tmp_path: Path) -> None:
    log = tmp_path / "log"
    append(log, b"one\ntwo\n")
    follower = LogFollower(log, 0)
    follower.read()
    log.write_bytes(b"new\n")
    assert [line.text for line in follower.read()] == [b"new"]
