"""Options are what the sensor hands over, or what the honeypot would do without."""

import pytest

from honeypot_adapter.options import OptionError, Options

GIVEN = Options.of_environment(
    {"HONEYSENS_OPTIONS": '{"host_name":"files07","ports":3,"telnet":true,"users":["root"],"banners":{"22":"x"}}'}
)


def test_what_is_set_counts() -> None:
    assert GIVEN.text("host_name", "other") == "files07"
    assert GIVEN.number("ports", 1) == 3
    assert GIVEN.flag("telnet", default=False)
    assert GIVEN.texts("users", ()) == ("root",)
    assert GIVEN.mapping("banners", {}) == {"22": "x"}


@pytest.mark.parametrize("environment", [{}, {"HONEYSENS_OPTIONS": ""}, {"HONEYSENS_OPTIONS": "{}"}])
def test_what_is_not_set_is_the_default(environment: dict[str, str]) -> None:
    options = Options.of_environment(environment)
    assert (options.text("host_name", "files01"), options.number("n", 7)) == ("files01", 7)
    assert (options.flag("f", default=True), options.texts("t", ("a",)), options.mapping("m", {"k": 1})) == (
        True,
        ("a",),
        {"k": 1},
    )


@pytest.mark.parametrize("text", ["[1]", "{", '"host"'])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="HONEYSENS_OPTIONS"):
        Options.of_environment({"HONEYSENS_OPTIONS": text})


def test_what_has_another_type_is_refused_by_name() -> None:
    wrong = Options({"host_name": "two\nlines", "number": True, "flag": 1, "texts": [1], "mapping": []})
    for read in (
        lambda: wrong.text("host_name", ""),
        lambda: wrong.number("number", 0),
        lambda: wrong.flag("flag", default=False),
        lambda: wrong.texts("texts", ()),
        lambda: wrong.texts("mapping_as_text", "text"),  # type: ignore[arg-type]  # a text is no list
        lambda: wrong.mapping("mapping", {}),
    ):
        with pytest.raises(OptionError, match="the option"):
            read()
