"""The self-check of a sensor that has no way to its server but a real proxy."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sensor_support.beyond_proxy import BASIC, NTLM, lan_with_a_way_out, server_beyond
from sensor_support.mini_server import MiniServer
from sensor_support.namespaces import SENSOR, SERVER, Lan, path
from sensor_support.squid import PORT, squid

from sensor_manager.effects.cntlm import Cntlm
from sensor_manager.effects.network_namespace import in_network_namespace
from sensor_manager.plan.proxy import needs_tunnel
from sensor_manager.platforms.dummy import Dummy
from sensor_manager.platforms.in_memory import MemoryEngine
from sensor_manager.selfcheck import SelfCheck, Told
from sensor_manager.settings import Settings
from sensor_wire.v1.network import Proxy

pytestmark = pytest.mark.netns
WAY = ("dns", "proxy", "server", "tls", "clock")


@pytest.fixture
def net() -> Iterator[Lan]:
    with lan_with_a_way_out() as made:
        yield made


@pytest.fixture
def server(net: Lan, tmp_path: Path) -> Iterator[MiniServer]:
    with server_beyond(net, tmp_path) as made:
        yield made


type Check = Callable[..., dict[str, str]]


@pytest.fixture
def check(net: Lan, server: MiniServer, tmp_path: Path) -> Check:
    """Run the check on the sensor, with cntlm where it takes one; the details of what failed, and all of `WAY`."""
    (tmp_path / "state").mkdir()
    settings = Settings(
        config=tmp_path / "sensor.json",
        state=tmp_path / "state",
        runtime=tmp_path,
        interface="eth0",
        platform="dummy",
        docker="unix:///nowhere",
        docker_certs=tmp_path / "certs.d",
    )

    def run(proxy: Proxy | None, refusal: str | None = None, url: str = server.url) -> dict[str, str]:
        cntlm = Cntlm(settings.cntlm)
        checker = SelfCheck(settings, server.config(), Dummy(), MemoryEngine())

        def inside() -> dict[str, str]:
            try:
                if proxy is not None and needs_tunnel(proxy):
                    cntlm.tunnel(proxy)
                found = checker.run(url, proxy, cntlm.url, Told(refusal)).items
            finally:
                cntlm.close()
            return {each.name: each.detail for each in found if not each.ok or each.name == "dns"}

        return in_network_namespace(path(net.sensor), inside)

    return run


def way(found: dict[str, str]) -> set[str]:
    """What of the way to the server has failed; the name of a host by its address never does."""
    return found.keys() & {*WAY} - {"dns"}


@pytest.mark.parametrize("proxy", [BASIC, NTLM], ids=["basic", "ntlm"])
def test_behind_a_proxy_all_is_well_and_a_refusal_of_the_server_is_seen(net: Lan, check: Check, proxy: Proxy) -> None:
    with squid(net.lan, SERVER, proxy) as running:
        found = check(proxy, "poll refused with status 403")
        assert "CONNECT" in running.log
    assert way(found) == set()
    assert found["dns"] == "not needed, the proxy is known by its address"
    assert found["enrolment"] == "poll refused with status 403"
    assert way(check(None)) == {"server", "tls"}, "there is no other way"


@pytest.mark.parametrize("proxy", [BASIC, NTLM], ids=["basic", "ntlm"])
def test_a_login_that_the_proxy_does_not_take_is_the_reason(net: Lan, check: Check, proxy: Proxy) -> None:
    with squid(net.lan, SERVER, proxy):
        found = check(proxy.model_copy(update={"password": "wr0ng"}))
    assert way(found) == {"proxy", "server", "tls"}
    assert "does not take the sensor's login (407" in found["proxy"]
    assert "wr0ng" not in str(found)


@pytest.mark.parametrize("proxy", [BASIC, NTLM], ids=["basic", "ntlm"])
def test_a_proxy_that_is_away_is_the_reason(check: Check, proxy: Proxy) -> None:
    found = check(proxy)
    assert way(found) == {"proxy", "server", "tls"}
    assert f"{SERVER} port {PORT} does not answer (Connection refused)" in found["proxy"]


def test_a_proxy_that_does_not_find_the_server_is_told_apart(net: Lan, check: Check) -> None:
    with squid(net.lan, SERVER, BASIC):
        found = check(BASIC, url=f"https://{SENSOR}:9")
    assert way(found) == {"server", "tls"}
    assert f"{SERVER} port {PORT} does not lead to {SENSOR} port 9 (503" in found["server"]
