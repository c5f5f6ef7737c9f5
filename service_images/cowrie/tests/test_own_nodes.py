"""A session's changes to cowrie's file system are its own, and cost no more than what it changes."""

import copy
from typing import Any

from cowrie_thrift.own_nodes import Own, find, own

FOLDER, FILE, LINK = 1, 2, 0


def node(name: str, kind: int, content: Any = None, target: str | None = None) -> list[Any]:
    return [name, kind, 0, 0, 0, 0o644, 7, content, target, None]


def tree() -> list[Any]:
    etc = node("etc", FOLDER, [node("passwd", FILE, b"root"), node("mtab", LINK, [], "/proc/mounts")])
    lib = node("lib", LINK, [], "usr/lib")
    usr = node("usr", FOLDER, [node("lib", FOLDER, [node("x.so", FILE)])])
    loop = node("loop", LINK, [], "/loop")
    return node("/", FOLDER, [etc, lib, usr, loop, node("proc", FOLDER, [node("mounts", FILE, b"m")])])


def test_change_is_seen_by_its_session_alone() -> None:
    shared = tree()
    before = copy.deepcopy(shared)
    first, second = own(shared), own(shared)
    file = find(first, "/etc/passwd", follow=True)
    assert file is not None
    file[7] = b"mine"
    folder = find(first, "/etc", follow=True)
    assert folder is not None
    folder[7].append(node("new", FILE, b""))
    assert shared == before
    assert find(first, "/etc/passwd", follow=True) is file, "the session forgets what it has changed"
    assert find(first, "/etc/new", follow=True)
    assert find(second, "/etc/new", follow=True) is None
    other = find(second, "/etc/passwd", follow=True)
    assert other is not None
    assert other[7] == b"root"


def test_only_the_way_to_a_change_is_copied() -> None:
    shared = tree()
    mine = own(shared)
    find(mine, "/etc/passwd", follow=True)
    assert [type(child) is Own for child in mine[7]] == [True, False, False, False, False]
    assert mine[7][2] is shared[7][2]


def test_links_are_followed_to_the_sessions_own_nodes() -> None:
    mine = own(tree())
    behind = find(mine, "/etc/mtab", follow=True)
    assert behind is not None
    assert behind[0] == "mounts"
    assert behind is find(mine, "/proc/mounts", follow=True)
    itself = find(mine, "/etc/mtab", follow=False)
    assert itself is not None
    assert itself[0] == "mtab"
    inside = find(mine, "/lib/x.so", follow=False)
    assert inside is not None
    assert inside is find(mine, "/usr/lib/x.so", follow=True)


def test_what_is_not_there_is_not_found() -> None:
    mine = own(tree())
    for path in ("/nothing", "/etc/passwd/x", "/etc/nothing/x", "/loop", "/loop/x"):
        assert find(mine, path, follow=True) is None, path
    assert find(mine, "/", follow=True) is mine
