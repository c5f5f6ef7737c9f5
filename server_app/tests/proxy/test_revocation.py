"""nginx itself refuses what is revoked, and lists that have expired lock nobody out."""

import datetime as dt
import time
from collections.abc import Callable

import pytest
from patience import PATIENCE
from proxy_authority import Pair
from proxy_bench import Proxy, install, install_lists, put

pytestmark = pytest.mark.docker

MONTH = dt.timedelta(days=30)


def soon(condition: Callable[[], bool], what: str) -> None:
    """Wait for the proxy to notice files."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def status(proxy: Proxy, pair: Pair) -> int:
    return proxy.ask("GET", "/api/sensors/status", pair=pair).status


def test_revoked_ones_are_refused_and_expired_lists_are_left_out(inner: Proxy) -> None:
    good, bad = inner.ours.sensor("good"), inner.ours.sensor("bad")
    now = dt.datetime.now(dt.UTC)
    assert (status(inner, good), status(inner, bad)) == (200, 200)

    install_lists(inner.tls, inner.ours.revocation_list(bad), now + MONTH)

    soon(lambda: status(inner, bad) == 403, "the revoked certificate is still taken")
    assert status(inner, good) == 200
    inner.web.arrived.clear()
    assert status(inner, bad) == 403
    assert inner.web.arrived == []

    expired = inner.ours.revocation_list(bad, ends=-dt.timedelta(days=1))
    put(inner.tls, "crl.pem", expired)  # what nginx does with it by itself
    soon(lambda: status(inner, good) == 403, "nginx goes by an expired list")
    install_lists(inner.tls, expired, now - dt.timedelta(days=1))

    soon(lambda: status(inner, good) == 200, "an expired list locks everyone out")
    assert "have expired" in inner.container.logs().decode()


def test_lists_that_end_while_nothing_is_written_are_left_out(proxy: Proxy) -> None:
    bad, now = proxy.ours.sensor("bad"), dt.datetime.now(dt.UTC)
    lists = proxy.ours.revocation_list(bad)
    install_lists(proxy.tls, lists, now + MONTH)
    soon(lambda: status(proxy, bad) == 403, "the revoked certificate is still taken")

    install_lists(proxy.tls, lists, dt.datetime.now(dt.UTC) + dt.timedelta(seconds=3))

    soon(lambda: status(proxy, bad) == 200, "lists that have ended are still gone by")


def test_two_authorities_are_trusted_together(inner: Proxy) -> None:
    new = inner.foreign
    before, after = inner.ours.sensor("before"), new.sensor("after")
    assert status(inner, after) == 403

    install_lists(inner.tls, inner.ours.revocation_list() + new.revocation_list(), dt.datetime.now(dt.UTC) + MONTH)
    put(inner.tls, "ca.crt", inner.ours.file.read_bytes() + new.file.read_bytes())

    soon(lambda: status(inner, after) == 200, "the second authority is not trusted")
    assert status(inner, before) == 200
    install(inner.tls, inner.ours, inner.ours.server())
    soon(lambda: status(inner, after) == 403, "the second authority is still trusted")
