"""cowrie's file system, which is the same everywhere, made this machine's.

A node is a list: name, kind, user, group, size, mode, time, content (children of a folder, bytes of a file), target of
a link, file in the container.
"""

import stat
from typing import Any

from cowrie_persona.accounts import numbered
from cowrie_persona.persona import Persona

type Node = list[Any]

_NAME, _SIZE, _TIME, _CONTENT = 0, 4, 6, 7
_FOLDER, _FILE = 1, 2
_OF_CONTAINERS = ("/.dockerenv", "/proc/docker", "/proc/.reset", "/etc/runit", "/etc/sv", "/var/log/runit")
_RSA = ("/etc/ssh/ssh_host_rsa_key", "/etc/ssh/ssh_host_rsa_key.pub")
_PRIVATE = 0o600


def dress(root: Node, persona: Persona, files: dict[str, bytes]) -> None:
    """Give the tree these files and the homes of the machine's people; take away what tells where it was made.

    Args:
        root: cowrie's; it is changed in place.
        persona: whose homes there are.
        files: contents by paths; their folders must be there.
    """
    for path in (*_OF_CONTAINERS, *_RSA):
        _remove(root, path)
    _find(root, "/home")[_CONTENT].clear()
    installed = _find(root, "/etc/adduser.conf")[_TIME]
    for name, number in numbered(persona):
        folder = [name, _FOLDER, number, number, 4096, stat.S_IFDIR | 0o755, installed, [], None, None]
        _find(root, "/home")[_CONTENT].append(folder)
    add(root, files)


def add(root: Node, files: dict[str, bytes]) -> None:
    """Give the tree these files, in the place of its own; their folders must be there."""
    installed = _find(root, "/etc/adduser.conf")[_TIME]
    for path, content in files.items():
        _write(root, path, content, installed)


def _write(root: Node, path: str, content: bytes, time: float) -> None:
    folder, _, name = path.rpartition("/")
    children = _find(root, folder)[_CONTENT]
    known = next((child for child in children if child[_NAME] == name), None)
    mode = stat.S_IFREG | (_PRIVATE if name.endswith("_key") else 0o644)
    old: Node = known or [name, _FILE, 0, 0, 0, mode, time, None, None, None]
    size = 0 if path.startswith("/proc/") else len(content)
    # A link becomes the file itself: its target may be one that is nobody's.
    mode = old[5] if old[1] == _FILE else mode
    node = [name, _FILE, *old[2:4], size, mode, old[_TIME], content, None, None]
    if known is None:
        children.append(node)
    else:
        known[:] = node


def _remove(root: Node, path: str) -> None:
    folder, _, name = path.rpartition("/")
    children = _find(root, folder)[_CONTENT]
    children[:] = [child for child in children if child[_NAME] != name]


def _find(root: Node, path: str) -> Node:
    node = root
    for part in path.strip("/").split("/"):
        if part:
            node = next(child for child in node[_CONTENT] if child[_NAME] == part)
    return node
