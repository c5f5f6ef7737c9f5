"""A session's own view of cowrie's file system: it shares every node with all others until it goes there to write.

Nodes are cowrie's lists (`cowrie_persona.tree`). Pure, but for the session's own tree, which is changed in place.
"""

from typing import Any

type Node = list[Any]

_NAME, _KIND, _CONTENT, _TARGET = 0, 1, 7, 8
_LINK = 0
_MOST_LINKS = 40


class Own(list[Any]):
    """A node that belongs to one session alone; its children may be everybody's."""

    __slots__ = ()


def own(node: Node) -> Own:
    """Give a node to a session; one that it has already stays itself."""
    if type(node) is Own:
        return node
    mine = Own(node)
    if isinstance(mine[_CONTENT], list):
        mine[_CONTENT] = list(mine[_CONTENT])
    return mine


def find(root: Own, path: str, *, follow: bool, links: int = _MOST_LINKS) -> Own | None:
    """Find a node and make it, with all on the way to it, the session's own.

    Args:
        root: the session's.
        path: from the root on.
        follow: a link at the path's end, too.
        links: how many may be followed yet.

    Returns:
        The node; nothing where there is none, or a link leads nowhere.
    """
    pieces = [piece for piece in path.split("/") if piece]
    node = root
    for left, piece in zip(range(len(pieces) - 1, -1, -1), pieces, strict=True):
        children = node[_CONTENT]
        if not isinstance(children, list):
            return None
        index = next((at for at, child in enumerate(children) if child[_NAME] == piece), None)
        if index is None:
            return None
        child = children[index]
        if child[_KIND] == _LINK and (left or follow):
            if not child[_TARGET] or not links:
                return None
            # cowrie's own takes relative targets from the root on; so its tree has only those that fit.
            target = find(root, child[_TARGET], follow=True, links=links - 1)
            if target is None:
                return None
            node = target
        else:
            node = children[index] = own(child)
    return node
