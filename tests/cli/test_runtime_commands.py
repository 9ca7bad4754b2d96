"""`cpc load`, `status`, `policy replace`, `monitor`, `unload` over the shop, in a network of its own."""

import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cpc.compiler.cli import run
from cpc.compiler.commands import runtime
from cpc.compiler.diagnostics import error
from cpc.compiler.imports.inventories import read_inventory
from cpc.compiler.policy.model import Entity
from cpc.runtime.bpf import Link
from cpc.runtime.demo.topology import Host, Topology, topology
from cpc.runtime.programs import Rejected
from cpc.runtime.state import Instance

pytestmark = pytest.mark.kernel

Captured = pytest.CaptureFixture[str]

SHOP = Path(__file__).parents[2] / "examples/shop"
INVENTORY = str(SHOP / "inventory.yaml")
INSTANCE = f"cli-{os.getpid()}"
WHERE = ["--instance", INSTANCE]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The shop's two artifacts."""
    folder = tmp_path_factory.mktemp("artifacts")
    paths = {name: str(folder / f"{name}.cpc") for name in ("policy", "policy-locked")}
    for name, path in paths.items():
        assert run(["compile", str(SHOP / f"{name}.cil"), "-o", path]) == 0
    return paths


@pytest.fixture
def node() -> Iterator[Topology]:
    """The shop's hosts; the test runs on their node."""
    inventory, _ = read_inventory([INVENTORY], {})
    assert inventory is not None
    hosts = [Host(e.name, str(e.interface), e.addresses) for e in inventory.endpoints]
    with topology(hosts, dict(inventory.entities)[Entity.HOST]) as built, built.node.entered():
        yield built


@pytest.fixture
def loaded(node: Topology, compiled: dict[str, str], capsys: Captured) -> Iterator[Topology]:
    """The shop's policy is enforced."""
    assert run(["load", compiled["policy"], "--inventory", INVENTORY, *WHERE]) == 0
    capsys.readouterr()
    try:
        yield node
    finally:
        run(["unload", *WHERE])


def test_load_status_unload(node: Topology, compiled: dict[str, str], capsys: Captured) -> None:
    assert run(["load", compiled["policy"], "--inventory", INVENTORY, *WHERE]) == 0
    try:
        out = capsys.readouterr().out
        assert f"instance {INSTANCE}, generation 1\n" in out
        for name in ("web", "orders", "db"):
            assert f"{name}0" in out
        assert run(["load", compiled["policy"], "--inventory", INVENTORY, *WHERE]) == 2
        assert "loaded already" in capsys.readouterr().err
        assert run(["status", "--format", "json", *WHERE]) == 0
        status = json.loads(capsys.readouterr().out)
        assert status["schema"] == "cpc.status/1"
        assert {e["name"]: e["state"] for e in status["endpoints"]} == dict.fromkeys(
            ("db", "orders", "web"), "ready"
        )
    finally:
        assert run(["unload", *WHERE]) == 0
    assert capsys.readouterr() == ("", "")
    for command in ("status", "unload", "monitor"):
        assert run([command, *WHERE]) == 2
        assert "error[CPC6" in capsys.readouterr().err


def test_an_endpoint_without_its_interface_is_a_finding(loaded: Topology, capsys: Captured) -> None:
    from pyroute2 import IPRoute

    with IPRoute() as route:
        route.link("del", index=route.link_lookup(ifname="db0")[0])
    assert run(["status", *WHERE]) == 1
    assert "detached" in capsys.readouterr().out


def test_replace_attaches_what_was_detached(
    loaded: Topology, compiled: dict[str, str], capsys: Captured
) -> None:
    for path in sorted(Instance(INSTANCE).links.iterdir()):
        with Link.pinned(path) as link:
            link.detach()
    assert run(["status", *WHERE]) == 1
    assert capsys.readouterr().out.count("detached") == 3
    assert run(["policy", "replace", compiled["policy"], *WHERE]) == 0
    assert run(["status", *WHERE]) == 0
    assert capsys.readouterr().out.count("ready") == 3


def test_replace(loaded: Topology, compiled: dict[str, str], capsys: Captured) -> None:
    assert run(["policy", "replace", compiled["policy-locked"], *WHERE]) == 0
    out = capsys.readouterr().out
    assert f"instance {INSTANCE}: generation 1 -> 2\n6 hooks replaced in" in out
    assert run(["policy", "replace", "--format", "json", compiled["policy"], *WHERE]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["before"], facts["after"], facts["hooks"]) == (2, 3, 6)


def test_a_bad_artifact_leaves_what_is_loaded(
    loaded: Topology, tmp_path: Path, capsys: Captured
) -> None:
    bad = tmp_path / "bad.cpc"
    bad.write_bytes(b"PK not really")
    assert run(["policy", "replace", str(bad), *WHERE]) == 2
    assert "error[CPC52" in capsys.readouterr().err
    assert run(["status", *WHERE]) == 0
    assert "generation 1" in capsys.readouterr().out


def test_v_shows_what_the_kernel_said_of_a_program_that_it_refuses(
    compiled: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    refusal = Rejected(error("CPC603", "the kernel refuses `a` of endpoint `b`"))
    refusal.log = "0: (b7) r0 = 0\nR1 is bad\n"

    def refuse(*_: object) -> None:
        raise refusal

    monkeypatch.setattr(runtime, "load_artifact", refuse)
    words = ["load", compiled["policy"], "--inventory", INVENTORY]
    assert run(words) == 2
    assert "R1 is bad" not in capsys.readouterr().err
    assert run([*words, "-v"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("0: (b7) r0 = 0\nR1 is bad\nerror[CPC603]: the kernel refuses")


def knock(topology: Topology, stop: threading.Event) -> None:
    """The database asks the order service, which nothing allows, until told to stop."""
    with topology.namespaces["db"].entered():
        asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with asking:
        while not stop.wait(0.05):
            asking.sendto(b"x", ("10.42.0.20", 8080))


@pytest.mark.parametrize("form", ["text", "json"])
def test_monitor_names_the_rule_of_a_drop(form: str, loaded: Topology, capsys: Captured) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=knock, args=(loaded, stop))
    thread.start()
    try:
        words = ["monitor", "--drops", "--endpoint", "db", "--count", "1", "--seconds", "20"]
        assert run([*words, *WHERE, *(["--json"] if form == "json" else [])]) == 0
    finally:
        stop.set()
        thread.join()
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    if form == "json":
        event = json.loads(out)
        assert (event["verdict"], event["direction"]) == ("drop", "egress")
        assert (event["endpoint"], event["peer"]) == ("db", "orders")
        assert event["rule"]["file"] == "policy.cil" and event["rule"]["line"] > 0
    else:
        assert "db -> orders udp/8080" in out and "policy.cil:" in out


def test_monitor_takes_one_of_drops_and_all(loaded: Topology, capsys: Captured) -> None:
    assert run(["monitor", "--drops", "--all", *WHERE]) == 2
    assert "exclude each other" in capsys.readouterr().err
