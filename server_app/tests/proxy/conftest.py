"""The proxy's image, built and started as the role starts it, before two real HTTP servers of the test's."""

import os
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import pytest
from proxy_authority import Authority, Pair
from proxy_bench import Proxy, install, wait_healthy
from proxy_upstream import Upstream

CONTEXT = Path(__file__).parents[2] / "images" / "proxy"


@pytest.fixture(scope="session")
def image() -> str:
    """The proxy's image on our base."""
    base = os.environ.get("HS_BASE_IMAGE", "honeysens/base:latest")
    tag = "honeysens-test/proxy:latest"
    command = ["/usr/bin/docker", "build", "--quiet", "--build-arg", f"BASE={base}", "--tag", tag, str(CONTEXT)]
    built = subprocess.run(
        command, env=os.environ | {"DOCKER_BUILDKIT": "1"}, capture_output=True, text=True, check=False
    )
    if built.returncode:
        pytest.fail(f"The proxy's image cannot be built on {base}; is the base image there? {built.stderr[-2000:]}")
    return tag


@pytest.fixture(scope="session")
def running(image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """One proxy for the whole session."""
    with started(image, tmp_path_factory) as proxy:
        yield proxy


@pytest.fixture(scope="session")
def behind(image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """One that has a TLS proxy of somebody else before it: the tests, who are at the network's gateway.

    It looks for certificates only when it is told that they have changed.
    """
    with started(image, tmp_path_factory, trusted="192.0.2.7, {gateway}/32", looks=3600) as proxy:
        yield proxy


@contextmanager
def started(image: str, tmp_path_factory: pytest.TempPathFactory, trusted: str = "", looks: int = 1) -> Iterator[Proxy]:
    """A proxy for the length of a block, which trusts these proxies and looks at its files every `looks` seconds."""
    files = tmp_path_factory.mktemp("authorities")
    tls = tmp_path_factory.mktemp("tls")
    ours = Authority(files, "ours")
    foreign = Authority(files, "foreign")
    install(tls, ours, ours.server())
    engine = docker.from_env()
    network = engine.networks.create(f"honeysens-test-{uuid.uuid4().hex[:8]}", driver="bridge")
    network.reload()
    gateway = network.attrs["IPAM"]["Config"][0]["Gateway"]
    with Upstream("web", gateway) as web, Upstream("registry", gateway) as registry:
        container = engine.containers.run(
            image,
            detach=True,
            network=network.name,
            read_only=True,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            tmpfs={"/tmp": "rw,noexec,nosuid,size=16m,mode=1777"},  # noqa: S108 - the container's own
            mem_limit="128m",
            pids_limit=64,
            environment={
                "HS_WEB_ADDRESS": web.endpoint,
                "HS_REGISTRY_ADDRESS": registry.endpoint,
                "HS_MAX_UPLOAD_BYTES": str(300 * 1024 * 1024),
                "HS_CERTIFICATE_CHECK_SECONDS": str(looks),
                "HS_TRUSTED_TLS_PROXY": trusted.format(gateway=gateway),
            },
            volumes={str(tls): {"bind": "/tls", "mode": "ro"}},
        )
        try:
            wait_healthy(container)
            address = container.attrs["NetworkSettings"]["Networks"][network.name]["IPAddress"]
            yield Proxy(address, tls, ours, foreign, web, registry, container)
        finally:
            container.remove(force=True)
            network.remove()


@pytest.fixture
def proxy(running: Proxy) -> Proxy:
    """The proxy with nothing remembered from other tests."""
    return forgetful(running)


@pytest.fixture
def inner(behind: Proxy) -> Proxy:
    """The proxy behind another, with nothing remembered from other tests."""
    return forgetful(behind)


def forgetful(proxy: Proxy) -> Proxy:
    for upstream in (proxy.web, proxy.registry):
        upstream.arrived.clear()
        upstream.first_chunk.clear()
        upstream.access = None
    return proxy


@pytest.fixture(scope="session")
def sensor(running: Proxy) -> Pair:
    """A valid certificate of a sensor."""
    return running.ours.sensor("sensor")
