"""The self-check: probes, and the judgement of what they found."""

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from sensor_manager.effects import probes
from sensor_manager.effects.errors import EffectError
from sensor_manager.effects.ports import Engine
from sensor_manager.plan.certificate import Validity
from sensor_manager.plan.proxy import place
from sensor_manager.plan.selfcheck import judge
from sensor_manager.plan.selfcheck_facts import Facts
from sensor_manager.platforms.base import Platform
from sensor_manager.server.config import HTTPS_PORT
from sensor_manager.server.errors import ServerError
from sensor_manager.server.identify import EXPECTED, PATH
from sensor_manager.server.identity import validity
from sensor_manager.settings import Settings
from sensor_wire.sensor_config import SensorConfig
from sensor_wire.v1.network import Proxy
from sensor_wire.v1.poll import CheckReport, ConnectionReport

IDENTIFY = probes.Question(PATH, EXPECTED)


@dataclass(frozen=True, slots=True)
class Told:
    """What no probe finds out: why the server has not given a usable answer lately; the rest as in `Facts`."""

    refusal: str | None = None
    change: ConnectionReport | None = None
    netfilter_error: str | None = None


class SelfCheck:
    """Looks for reasons of silence, changes nothing."""

    def __init__(self, settings: Settings, config: SensorConfig, platform: Platform, engine: Engine) -> None:
        self._settings = settings
        self._config = config
        self._platform = platform
        self._engine = engine

    def run(self, server_url: str, proxy: Proxy | None, tunnel: str, told: Told) -> CheckReport:
        """Find out what keeps the sensor from its server, or will soon; takes up to a few time-outs.

        Args:
            server_url: where the server should be.
            proxy: the one the sensor should use.
            tunnel: where what logs in by NTLM listens; for such proxies.
            told: by the manager.
        """
        address = urlsplit(server_url)
        host, port = address.hostname or "", address.port or HTTPS_PORT
        sensor_addresses = self._platform.addresses(self._settings.interface)
        looked_up = host if proxy is None else proxy.host  # who has a proxy leaves the server's name to it
        resolved, resolve_error = probes.resolve(looked_up)
        talk = probes.Talk()
        if resolved:
            way = None if proxy is None else place(proxy, tunnel)
            talk = probes.talk(host, port, _authorities(self._settings, self._config), IDENTIFY, way)
        proxy_error = None
        if proxy is not None and talk.identified is None:
            proxy_error = probes.connect(proxy.host, proxy.port) or talk.connect_error
        own = _validity(self._settings, self._config)
        figures = self._platform.figures(self._settings.state)
        facts = Facts(
            interface=self._settings.interface,
            host=host,
            port=port,
            looked_up=looked_up,
            now=datetime.now(UTC),
            others=probes.interfaces(),
            carrier=probes.carrier(self._settings.interface),
            address=str(sensor_addresses[0]) if sensor_addresses else None,
            resolved=resolved,
            name_servers=probes.name_servers(),
            resolve_error=resolve_error,
            proxy=None if proxy is None else f"{proxy.host} port {proxy.port}",
            proxy_error=proxy_error,
            tunnel_error=talk.tunnel_error,
            connect_error=talk.connect_error if proxy is None else None,
            tls_error=talk.tls_error,
            identified=talk.identified,
            status=talk.status,
            clock_offset=talk.clock_offset,
            certificate_until=None if own is None else own.not_after,
            refusal=told.refusal if talk.identified else None,
            disk_free=figures.disk_total - figures.disk_used,
            engine_error=_engine_error(self._engine),
            change=told.change,
            netfilter_error=told.netfilter_error,
        )
        return CheckReport(checked_at=facts.now, items=list(judge(facts)))


def _authorities(settings: Settings, config: SensorConfig) -> str:
    try:
        return settings.authorities.read_text(encoding="ascii")
    except OSError:
        return config.ca_chain


def _validity(settings: Settings, config: SensorConfig) -> Validity | None:
    try:
        return validity(settings.key, settings.certificate, config.sensor_id)
    except ServerError:  # which is why the server has not been reached, too, and is told by that
        return None


def _engine_error(engine: Engine) -> str | None:
    try:
        engine.networks()
    except EffectError as error:
        return str(error)
    return None
