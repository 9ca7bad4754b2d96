"""A compiled world and a network for it; every instance that a test loads is unloaded after it."""

import os
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from cpc.compiler.artifact import Artifact
from cpc.runtime.demo.topology import Host, Topology, topology
from cpc.runtime.state import Instance
from tests.runtime.world import CLOSED, INVENTORY, PROGRAM, artifact_of


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def artifact(cache: Path) -> Artifact:
    """world.PROGRAM, compiled."""
    return artifact_of(PROGRAM, cache)


@pytest.fixture(scope="session")
def closed(cache: Path) -> Artifact:
    """world.CLOSED, compiled."""
    return artifact_of(CLOSED, cache)


@pytest.fixture
def net() -> Iterator[Topology]:
    """The endpoints of world.INVENTORY that have interfaces, around the test: it runs on their node."""
    hosts = tuple(
        Host(e.name.removeprefix("shop/"), e.interface, e.addresses)
        for e in INVENTORY.endpoints
        if e.interface is not None
    )
    nodes = (ip_address("10.0.0.254"), ip_address("fd00::fe"))
    with topology(hosts, nodes) as built, built.node.entered():
        yield built


@pytest.fixture
def instance(request: pytest.FixtureRequest) -> Iterator[str]:
    """A name that no other test uses; whatever is left of it is removed."""
    name = f"test-{os.getpid()}-{abs(hash(request.node.nodeid)) % 10**6}"
    yield name
    left = Instance(name)
    with left.locked():
        left.remove()
