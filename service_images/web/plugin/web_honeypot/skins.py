"""Applications the honeypot can look like: pages as templates, and what else a site has.

Each folder in `skins` holds `skin.toml` (`title`, `colour`, `cookie`, `failure`, `robots`, `pages` with paths and their
templates, `basic` with paths that ask for HTTP's own login and the realm, `redirects`, and `login`, where a form goes
that failed), templates in which `$name` stands for what the persona is called, and `style.css`.
"""

import struct
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from web_honeypot.persona import Persona

_FOLDER = Path(__file__).parent / "skins"
_SIDE = 16


@dataclass(frozen=True)
class Skin:
    """One application, with its texts for one persona."""

    failure: str
    cookie: str
    robots: str
    style: bytes
    icon: bytes
    pages: dict[str, Template]
    basic: dict[str, str]
    redirects: dict[str, str]
    login: str
    inside: str
    words: dict[str, str]

    def render(self, path: str, message: str = "", user: str = "") -> str | None:
        """Give the page at a path, with a message above its form; None when there is none."""
        template = self.pages.get(path)
        if template is None:
            return None
        said = f'<p class="message" role="alert">{escape(message)}</p>' if message else ""
        return template.safe_substitute(self.words, message=said, user=escape(user[:100]))

    def realm(self, path: str) -> str:
        """Give the realm that a path asks a login for, or nothing."""
        return next((realm for start, realm in self.basic.items() if path == start or path.startswith(f"{start}/")), "")


@lru_cache(maxsize=4)
def skin(persona: Persona) -> Skin:
    """Read the persona's skin."""
    folder = _FOLDER / persona.skin
    data: dict[str, Any] = tomllib.loads((folder / "skin.toml").read_text())
    words = {
        "organisation": persona.organisation,
        "host": persona.host_name,
        "fqdn": persona.fqdn,
        "domain": persona.domain,
        "mail": f"helpdesk@{persona.domain}",
        "title": Template(data["title"]).substitute(organisation=persona.organisation, host=persona.host_name),
    }
    names = set(data["pages"].values())
    templates = {name: Template((folder / name).read_text()) for name in names}
    return Skin(
        data["failure"],
        "ASP.NET_SessionId" if persona.server == "iis" and data["cookie"] == "PHPSESSID" else data["cookie"],
        Template(data["robots"]).substitute(words),
        (folder / "style.css").read_bytes(),
        icon(data["colour"]),
        {path: templates[name] for path, name in data["pages"].items()},
        data.get("basic", {}),
        data.get("redirects", {}),
        data["login"],
        data["inside"],
        {name: escape(text) for name, text in words.items()},
    )


def icon(colour: str) -> bytes:
    """Draw a square with rounded corners and a bar in it as a Windows icon.

    Args:
        colour: as `#rrggbb`.
    """
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    rows = b""
    for y in range(_SIDE):
        for x in range(_SIDE):
            corner = min(x, _SIDE - 1 - x) + min(y, _SIDE - 1 - y) < 2  # noqa: PLR2004 - pixels cut off
            bar = 4 <= x < 12 and y in {4, 5, 9, 10}  # noqa: PLR2004 - where the bars are
            rows += bytes((255, 255, 255, 255) if bar else (blue, green, red, 0 if corner else 255))
    bitmap = struct.pack("<IiiHHIIiiII", 40, _SIDE, 2 * _SIDE, 1, 32, 0, len(rows) + 64, 0, 0, 0, 0) + rows + bytes(64)
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, _SIDE, _SIDE, 0, 0, 1, 32, len(bitmap), 22) + bitmap
