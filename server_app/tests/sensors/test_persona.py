"""One story for all ports of a sensor: said for it, said for all, or made; and what becomes of it in options."""

from typing import Any

import pytest
from catalogue import add_service
from server_bench import Bench

from server_app.api_base.body import parsed
from server_app.assignments.persona_options import EffectiveOptions, Origin, effective, one_story
from server_app.errors import Invalid
from server_app.sensors.host_names import NAMES, host_name, new_number
from server_app.sensors.models import Sensor
from server_app.sensors.persona import OsFamily, Persona, SystemPersona, persona_of
from server_app.sensors.preferences import SensorSection
from server_app.sensors.schemas import SensorChange

OWN = {"host_name": "files07", "domain": "corp.example", "organisation": "Example Corp", "mac_vendor": "Dell"}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "host_name": {"type": "string", "pattern": "^[a-z0-9-]+$", "default": "web01"},
        "os_family": {"type": "string", "enum": ["linux", "appliance"], "default": "linux"},
        "banner": {"type": "string", "default": "hello"},
        "organisation": {"type": "string"},
    },
}


@pytest.mark.parametrize("family", OsFamily)
def test_each_number_of_a_family_has_a_name_of_its_own(family: OsFamily) -> None:
    names = {host_name(family, number) for number in range(NAMES)}
    assert len(names) == NAMES
    assert host_name(family, 7) == host_name(family, 7 + NAMES)
    for name in names:
        parsed(SensorChange, {"persona": {"host_name": name}})


def test_new_numbers_make_names_that_nobody_has() -> None:
    taken: list[int] = []
    for _ in range(300):
        taken.append(new_number(taken))
    assert len({number % NAMES for number in taken}) == 300
    assert new_number(range(NAMES)) >= 0, "there are more sensors than names"


def test_the_sensors_own_goes_before_the_systems_field_by_field() -> None:
    system = SystemPersona(host_name="all", domain="all.example", organisation="All")
    own = Sensor(persona={"host_name": None, "domain": "own.example"}, name_number=3)
    assert persona_of(own, system) == Persona(
        host_name="all", domain="own.example", os_family=None, organisation="All", mac_vendor=None
    )
    made = Sensor(persona={"os_family": "windows"}, name_number=3)
    assert persona_of(made, SystemPersona()).host_name == host_name("windows", 3)
    assert persona_of(Sensor(persona=None, name_number=3), SystemPersona()).host_name == host_name("linux", 3)


@pytest.mark.parametrize(
    ("persona", "own", "values", "origins"),
    [
        ({}, {}, {"banner": "hello", "host_name": "web01", "os_family": "linux"}, {}),
        ({"host_name": "files07"}, {}, {"host_name": "files07"}, {"host_name": "persona"}),
        ({"host_name": "files07"}, {"host_name": "own"}, {"host_name": "own"}, {"host_name": "set"}),
        ({"host_name": "SRV-FILE01"}, {}, {"host_name": "web01"}, {}),
        ({"os_family": "windows"}, {}, {"os_family": "linux"}, {}),
        ({"domain": "corp.example"}, {}, {}, {}),
        ({"organisation": "Example"}, {"banner": "x"}, {"organisation": "Example", "banner": "x"}, {"banner": "set"}),
    ],
)
def test_options_are_defaults_then_the_persona_then_what_was_set(
    persona: dict[str, str], own: dict[str, str], values: dict[str, str], origins: dict[str, str]
) -> None:
    defaults = {"banner": "hello", "host_name": "web01", "os_family": "linux"}
    found = effective(SCHEMA, persona, own)
    assert found.values == defaults | values
    expected = dict.fromkeys(defaults, "default") | ({"organisation": "persona"} if "organisation" in values else {})
    assert found.origins == expected | origins


def family(default: str, *others: str) -> dict[str, Any]:
    return {"properties": {"os_family": {"type": "string", "enum": [default, *others], "default": default}}}


SHELL, DESKTOP = family("linux", "appliance"), family("windows", "linux", "appliance")
FILES = family("linux", "windows", "appliance")


@pytest.mark.parametrize(
    ("schemas", "made"),
    [
        ([SHELL, DESKTOP, FILES, SCHEMA], "linux"),
        ([DESKTOP, FILES], "windows"),
        ([FILES, {}], "linux"),
        ([family("appliance", "linux"), FILES], "appliance"),
        ([SHELL, family("windows")], None),
        ([{}], None),
        ([], None),
    ],
)
def test_services_under_one_address_are_of_one_kind(schemas: list[dict[str, Any]], made: str | None) -> None:
    assert one_story(OWN, schemas) == OWN | ({"os_family": made} if made else {})
    assert one_story({"os_family": "windows"}, schemas) == {"os_family": "windows"}, "what is said goes before"


@pytest.mark.parametrize("schema", [{}, {"$ref": "x"}, {"type": "object", "properties": {"host_name": {"$ref": "x"}}}])
def test_a_service_that_declares_nothing_gets_nothing(schema: dict[str, Any]) -> None:
    assert effective(schema, OWN, {"a": 1}) == EffectiveOptions({"a": 1}, {"a": Origin.SET})


@pytest.mark.parametrize(
    ("persona", "pointer"),
    [
        ({"host_name": "a b"}, "/persona/host_name"),
        ({"host_name": "a.b"}, "/persona/host_name"),
        ({"host_name": ""}, "/persona/host_name"),
        ({"domain": "corp..example"}, "/persona/domain"),
        ({"domain": "a" * 191}, "/persona/domain"),
        ({"os_family": "amiga"}, "/persona/os_family"),
        ({"organisation": "two\nlines"}, "/persona/organisation"),
        ({"mac_vendor": "x" * 65}, "/persona/mac_vendor"),
        ({"colour": "red"}, "/persona/colour"),
    ],
)
def test_what_cannot_be_is_refused_with_the_field(persona: dict[str, Any], pointer: str) -> None:
    for kind in (SensorChange, SensorSection):
        with pytest.raises(Invalid) as refused:
            parsed(kind, {"persona": persona})
        assert [error.pointer for error in refused.value.errors] == [pointer]


def test_sensors_without_a_name_of_their_own_get_different_ones(bench: Bench) -> None:
    made = [bench.admin.ok("POST", "/sensors", json={"name": f"s{number}", "division": 1}) for number in range(20)]
    names = [each["effective"]["persona"]["host_name"] for each in made]
    assert len(set(names)) == 20
    again = bench.admin.ok("GET", f"/sensors/{made[0]['id']}")
    assert again["effective"]["persona"]["host_name"] == names[0], "it stays"
    assert again["persona"] is None


def test_a_persona_is_set_shown_recorded_and_taken_back(bench: Bench) -> None:
    sensor = bench.sensor_row()
    before = bench.admin.ok("GET", f"/sensors/{sensor}")
    bench.admin.ok("PATCH", "/settings/sensors", json={"persona": {"domain": "all.example", "organisation": "All"}})
    shown = bench.admin.ok("PATCH", f"/sensors/{sensor}", json={"persona": {"host_name": "files07"}})
    nothing = dict.fromkeys(("domain", "os_family", "organisation", "mac_vendor"))
    assert shown["persona"] == nothing | {"host_name": "files07"}
    assert shown["effective"]["persona"] == {
        "host_name": "files07",
        "domain": "all.example",
        "os_family": None,
        "organisation": "All",
        "mac_vendor": None,
    }
    (entry,) = bench.admin.ok("GET", f"/audit?object=sensor&object_id={sensor}&action=changed")["items"]
    assert entry["after"] == {"persona": shown["persona"]}
    bench.admin.ok("PATCH", "/settings/sensors", json={"persona": {}})
    assert bench.admin.ok("PATCH", f"/sensors/{sensor}", json={"persona": None}) == before


def test_the_poll_hands_out_the_persona_where_a_service_takes_it(bench: Bench) -> None:
    sensor = bench.sensor()
    path = f"/sensors/{sensor.id}/services/cowrie"
    add_service(bench, "cowrie", options=SCHEMA)
    add_service(bench, "recon", catch_all=True)
    bench.admin.ok("PUT", f"/sensors/{sensor.id}/services/recon", json={})
    bench.admin.ok("PATCH", f"/sensors/{sensor.id}", json={"persona": OWN | {"os_family": "windows"}})

    shown = bench.admin.ok("PUT", path, json={"options": {"banner": "mine"}})

    expected = {"banner": "mine", "host_name": "files07", "organisation": "Example Corp", "os_family": "linux"}
    assert shown["options"] == {"banner": "mine"}
    assert shown["effective_options"] == expected
    assert shown["option_origins"] == {
        "banner": "set",
        "host_name": "persona",
        "organisation": "persona",
        "os_family": "default",
    }
    first = sensor.poll().json or {}
    assert {each["name"]: each["options"] for each in first["services"]} == {"cowrie": expected, "recon": {}}
    (listed,) = (row for row in bench.admin.ok("GET", "/assignments")["items"] if row["sensor"] == sensor.id)
    assert {each["service"]: each["effective_options"] for each in listed["services"]} == {
        "cowrie": expected,
        "recon": {},
    }

    bench.admin.ok("PATCH", f"/sensors/{sensor.id}", json={"persona": {"mac_vendor": "Dell"}})
    bench.admin.ok("PATCH", "/settings/sensors", json={"persona": {"host_name": "everywhere"}})
    second = sensor.poll().json or {}
    assert second["generation"] == first["generation"] + 1
    assert {each["name"]: each["options"] for each in second["services"]}["cowrie"]["host_name"] == "everywhere"


def test_the_poll_and_the_lists_tell_the_kind_that_follows_from_the_services(bench: Bench) -> None:
    sensor = bench.sensor()
    path = f"/sensors/{sensor.id}/services"
    for name, schema in {"files": FILES, "rdp": DESKTOP, "cowrie": SHELL}.items():
        add_service(bench, name, options={"type": "object", **schema})
    bench.admin.ok("PUT", f"{path}/files", json={})
    shown = bench.admin.ok("PUT", f"{path}/rdp", json={})
    assert (shown["effective_options"], shown["option_origins"]) == ({"os_family": "windows"}, {"os_family": "persona"})
    polled = sensor.poll().json or {}
    assert {each["name"]: each["options"]["os_family"] for each in polled["services"]} == dict.fromkeys(
        ("files", "rdp"), "windows"
    )

    bench.admin.ok("PUT", f"{path}/cowrie", json={})
    polled = sensor.poll().json or {}
    listed = bench.admin.ok("GET", path)["items"]
    (row,) = (row for row in bench.admin.ok("GET", "/assignments")["items"] if row["sensor"] == sensor.id)
    assert {each["options"]["os_family"] for each in polled["services"]} == {"linux"}
    for items in (listed, row["services"]):
        assert [each["effective_options"]["os_family"] for each in items] == ["linux"] * 3
