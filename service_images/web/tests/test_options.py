"""Who the honeypot plays, as the options in its metadata say."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from web_honeypot.persona import SERVERS, SKINS, Persona

from honeypot_adapter.identity import Identity
from honeypot_adapter.options import OptionError, Options

SCHEMA = json.loads(ET.parse(Path(__file__).parents[1] / "metadata.xml").getroot().findtext("options") or "")  # noqa: S314
OWN = Identity(bytes(32))


def test_declared_defaults_are_those_of_the_code() -> None:
    properties = SCHEMA["properties"]
    declared = {name: described["default"] for name, described in properties.items()}
    assert Persona.of(Options(declared), OWN) == Persona.of(Options({}), OWN)
    assert properties["skin"]["enum"] == ["auto", *SKINS]
    assert properties["server"]["enum"] == ["auto", *SERVERS]


@pytest.mark.parametrize(
    ("options", "server", "skin"),
    [
        ({}, "apache", "portal"),
        ({"os_family": "windows"}, "iis", "portal"),
        ({"os_family": "appliance"}, "nginx", "appliance"),
        ({"os_family": "windows", "server": "apache", "skin": "tomcat"}, "apache", "tomcat"),
    ],
)
def test_auto_is_what_goes_with_the_system(options: dict[str, object], server: str, skin: str) -> None:
    persona = Persona.of(Options(options), OWN)
    assert (persona.server, persona.skin) == (server, skin)


def test_what_is_no_choice_is_refused() -> None:
    with pytest.raises(OptionError, match="skin"):
        Persona.of(Options({"skin": "amiga"}), OWN)
