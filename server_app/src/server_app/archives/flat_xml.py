"""Reading an XML document of one level: a root, and known elements with text, each once, and nothing else."""

from collections.abc import Set as AbstractSet
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from server_app.archives.bounded_tar import refused
from server_app.errors import Invalid

MAX_BYTES = 64 * 1024
FILE = "metadata.xml"


def elements(content: bytes, root: str, required: AbstractSet[str], optional: AbstractSet[str]) -> dict[str, str]:
    """The texts of the elements.

    Args:
        content: at most `MAX_BYTES`.
        root: name of the root element.
        required: names of those that must be there.
        optional: names of those that may be there.

    Raises:
        Invalid: names the element that is missing, unknown, repeated or not text.
    """
    target = _Collector(root, required | optional)
    # Documents with a DTD are refused, and with it every entity: no expansion, no files, no network.
    parser = DefusedXMLParser(target=target, forbid_dtd=True)
    try:
        parser.feed(content)
        parser.close()
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise refused(f"{FILE} is not acceptable XML: {error or type(error).__name__}", f"/{FILE}") from error
    for name in sorted(required - target.fields.keys()):
        raise wrong(name, "is missing")
    return {name: "".join(parts) for name, parts in target.fields.items()}


def wrong(element: str, reason: str) -> Invalid:
    """The refusal of one element."""
    return refused(f"<{element[:64]}> in {FILE} {reason}", f"/{FILE}/{element[:64]}")


class _Collector:
    """Collects the texts of the root's children; refuses all other structure at once, however deep it would go."""

    def __init__(self, root: str, known: AbstractSet[str]) -> None:
        self.fields: dict[str, list[str]] = {}
        self._root = root
        self._known = known
        self._path: list[str] = []

    def start(self, name: str, attributes: dict[str, Any]) -> None:
        if attributes:
            raise wrong(name, "has attributes; it must have none")
        if not self._path and name != self._root:
            raise refused(f"the root of {FILE} is not <{self._root}>", f"/{FILE}")
        if len(self._path) > 1:
            raise wrong(self._path[1], "has elements within it; it must be text")
        if self._path:
            if name not in self._known:
                raise wrong(name, "is not known")
            if name in self.fields:
                raise wrong(name, "is there more than once")
            self.fields[name] = []
        self._path.append(name)

    def end(self, _name: str) -> None:
        self._path.pop()

    def data(self, text: str) -> None:
        if len(self._path) > 1:
            self.fields[self._path[1]].append(text)
        elif text.strip():
            raise refused(f"{FILE} has text outside of its elements", f"/{FILE}")

    def close(self) -> None:
        """All has been seen."""
