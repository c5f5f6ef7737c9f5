"""Who is let in, and what is told of those who are not."""

import pytest
from cowrie_door import crowds as crowds_module
from cowrie_door.admission import Admission
from cowrie_door.crowds import Crowds, Ends


def ends(port: int, source: str = "192.0.2.7", protocol: str = "ssh") -> Ends:
    return Ends(protocol, source, port, "10.10.10.2", 2222)


def test_source_is_bounded_on_its_way_in_and_leaves_room_for_others() -> None:
    admission = Admission(coming_of_source=2, coming=3, most=10)
    first, second = admission.came("192.0.2.1"), admission.came("192.0.2.1")
    assert first
    assert second
    assert admission.came("192.0.2.1") is None
    other = admission.came("192.0.2.2")
    assert other
    assert admission.came("192.0.2.3") is None, "more are coming than there may"
    first.entered()
    assert admission.came("192.0.2.1"), "who has logged in keeps another out"
    second.left()
    assert admission.came("192.0.2.3")


def test_all_connections_are_bounded_and_each_is_counted_once() -> None:
    admission = Admission(coming_of_source=9, coming=9, most=2)
    first, second = admission.came("192.0.2.1"), admission.came("192.0.2.1")
    assert first
    assert second
    for each in (first, second):
        each.entered()
        each.entered()
    assert admission.came("192.0.2.2") is None
    first.left()
    assert admission.open == 1
    assert admission.came("192.0.2.2")


def test_each_source_is_told_at_once_and_then_counted() -> None:
    crowds = Crowds()
    (first,) = crowds.came(ends(1), 0.0)
    assert (first["eventid"], first["src_ip"], first["src_port"], first["dst_port"]) == (
        "crowd.opened",
        "192.0.2.7",
        1,
        2222,
    )
    assert [crowds.came(ends(port), 1.0) for port in range(2, 800)] == [[]] * 798
    assert len(crowds.came(ends(1, protocol="telnet"), 1.0)) == 1
    assert len(crowds.came(ends(1, "192.0.2.8"), 1.0)) == 1
    (more,) = crowds.tick(5.0)
    assert (more["eventid"], more["session"], more["count"]) == ("crowd.more", first["session"], 798)
    assert crowds.tick(10.0) == []
    assert [line["eventid"] for line in crowds.tick(61.0)] == ["crowd.closed"] * 3
    assert crowds.came(ends(1), 62.0)[0]["session"] != first["session"]


def test_end_tells_what_was_not_yet_told() -> None:
    crowds = Crowds()
    for port in range(3):
        crowds.came(ends(port), 0.0)
    assert [(line["eventid"], line["count"]) for line in crowds.tick(0.0, final=True)] == [
        ("crowd.more", 2),
        ("crowd.closed", 3),
    ]


def test_more_sources_than_are_kept_apart_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowds_module, "MAX_CROWDS", 2)
    crowds = Crowds()
    opened = [line for number in range(10) for line in crowds.came(ends(1, f"192.0.2.{number}"), 0.0)]
    assert len(opened) == 3
    more = {line["session"]: line["count"] for line in crowds.tick(1.0)}
    assert more == {opened[2]["session"]: 7}
