"""How a proxy is used, and that its login goes nowhere else."""

from base64 import b64decode

import pytest
import structlog

from sensor_manager.effects.cntlm import configuration
from sensor_manager.effects.errors import EffectError
from sensor_manager.log import configure_logging
from sensor_manager.plan.proxy import engine_url, needs_tunnel, place
from sensor_wire.v1.network import Proxy, ProxyKind

OPEN = Proxy(kind=ProxyKind.BASIC, host="open", port=3128)
BASIC = Proxy(kind=ProxyKind.BASIC, host="proxy.example.com", port=8080, user="u:ser@", password="p@ss/wörd")
NTLM = Proxy(kind=ProxyKind.NTLM, host="2001:db8::1", port=8080, user="EXAMPLE\\sensor", password="secret")
ANONYMOUS = NTLM.model_copy(update={"user": None, "password": None})
TUNNEL = "http://127.0.0.1:3128"


def test_how_the_manager_uses_a_proxy() -> None:
    assert (place(OPEN, None).url, place(OPEN, None).authorization) == ("http://open:3128", None)
    used = place(BASIC, None)
    assert used.url == "http://proxy.example.com:8080"
    assert used.authorization is not None
    assert b64decode(used.authorization.removeprefix("Basic ")).decode() == "u:ser@:p@ss/wörd"
    assert used.authorization not in repr(used)
    assert [needs_tunnel(each) for each in (OPEN, BASIC, NTLM, ANONYMOUS)] == [False, False, True, False]
    assert place(NTLM, TUNNEL).url == TUNNEL
    assert place(ANONYMOUS, None).url == "http://[2001:db8::1]:8080"


def test_what_the_engine_is_told() -> None:
    assert engine_url(None, TUNNEL) is None
    assert engine_url(BASIC, TUNNEL) == "http://u%3Aser%40:p%40ss%2Fw%C3%B6rd@proxy.example.com:8080"
    assert engine_url(NTLM, TUNNEL) == TUNNEL
    assert engine_url(ANONYMOUS, TUNNEL) == "http://[2001:db8::1]:8080"


def test_cntlm_is_told_line_by_line_and_nothing_can_add_one() -> None:
    assert 'Username "sensor"\nDomain "EXAMPLE"\nPassword "secret"\n' in configuration(NTLM, 3128)
    assert 'Listen "127.0.0.1:3128"\n' in configuration(NTLM, 3128)
    assert 'Password a"b\n' in configuration(NTLM.model_copy(update={"password": 'a"b'}), 3128)
    for bad in ("a\nProxy evil:1", "a\rb", "a\x00b", "яблоко", 'a"b#c', '"ab'):
        with pytest.raises(EffectError, match="characters"):
            configuration(NTLM.model_copy(update={"password": bad}), 3128)


def test_an_error_that_is_logged_does_not_carry_what_it_came_from(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(proxy: Proxy) -> None:
        password = proxy.password or ""
        raise EffectError(f"no login with {len(password)} characters")

    configure_logging()
    try:
        fail(NTLM)
    except EffectError:
        structlog.get_logger().exception("failed")
    finally:
        structlog.reset_defaults()
    logged = capsys.readouterr().out
    assert "no login with 6 characters" in logged
    assert "secret" not in logged
