"""A policy replaced under floods: each packet is one policy's, whole; nothing is lost, nothing slips by."""

import os
from contextlib import ExitStack
from ipaddress import ip_address
from pathlib import Path

import pytest
from msgspec import Struct

from cpc.compiler.artifact import Artifact
from cpc.compiler.codegen.targets import DEFAULT_TARGET
from cpc.compiler.pipeline import Options, compile_policy, front
from cpc.compiler.policy.flow import Label
from cpc.compiler.policy.inventory import Endpoint, Inventory
from cpc.compiler.policy.model import Policy
from cpc.compiler.timings import Timings
from cpc.runtime.demo.expect import expect_between
from cpc.runtime.demo.flood import Flood
from cpc.runtime.demo.probe import Service
from cpc.runtime.demo.topology import Host, topology
from cpc.runtime.load import load, unload
from cpc.runtime.replace import replace_policy
from tests.nightly import times

pytestmark = pytest.mark.kernel

ROUNDS = times(2)

COMMON = """language 1
endpoints a = { app = "a" }
endpoints b = { app = "b" }
default deny ingress, egress for a, b
allow always: a -> b udp/1000
"""
# Port 2000 is denied by both, by one on each side: half of one policy and half of the other would pass it.
BEFORE = COMMON + "egress allow half: a -> b udp/2000\nallow old: a -> b udp/4000\n"
AFTER = COMMON + "ingress allow half: a -> b udp/2000\nallow new: a -> b udp/3000\n"
ADDRESSES = {
    "a": (ip_address("10.7.0.1"), ip_address("fd07::1")),
    "b": (ip_address("10.7.0.2"), ip_address("fd07::2")),
}
GATEWAYS = (ip_address("10.7.0.254"), ip_address("fd07::fe"))
INVENTORY = Inventory(
    endpoints=tuple(
        Endpoint(name, (Label("k8s", "app", name),), addresses, (), f"{name}0")
        for name, addresses in ADDRESSES.items()
    )
)


class Compiled(Struct, frozen=True):
    policy: Policy
    artifact: Artifact


def compiled(folder: Path, name: str, text: str) -> Compiled:
    path = folder / f"{name}.cil"
    path.write_text(text)
    timings = Timings()
    read = front([str(path)], Options(), timings)
    artifact, diagnostics = compile_policy(read, DEFAULT_TARGET, timings)
    assert artifact is not None and read.policy is not None, [*read.diagnostics, *diagnostics]
    return Compiled(read.policy, artifact)


@pytest.mark.parametrize("fresh_ports", [False, True], ids=["one flow", "many flows"])
def test_every_packet_is_decided_by_one_policy(tmp_path: Path, fresh_ports: bool) -> None:
    before, after = compiled(tmp_path, "before", BEFORE), compiled(tmp_path, "after", AFTER)
    hosts = [Host(name, f"{name}0", addresses) for name, addresses in ADDRESSES.items()]
    with topology(hosts, GATEWAYS) as built:
        for number in range(ROUNDS):
            instance = f"flood-{os.getpid()}-{number}"
            with built.node.entered():
                load(before.artifact, INVENTORY, instance)
            with ExitStack() as running:
                running.callback(unload, instance)
                floods = {
                    (port, version): running.enter_context(
                        Flood(built, "a", "b", ADDRESSES["b"][version], port, fresh_ports)
                    )
                    for port in (1000, 2000, 3000, 4000)
                    for version in (0, 1)
                }
                with built.node.entered():
                    replace_policy(after.artifact, None, instance)
                for flood in floods.values():
                    flood.stop()
            for (port, version), flood in floods.items():
                old, new = (
                    expect_between(
                        p.policy,
                        INVENTORY,
                        ADDRESSES["a"][version],
                        ADDRESSES["b"][version],
                        Service("udp", port),
                    ).allowed
                    for p in (before, after)
                )
                check((old, new), flood)


def check(said: tuple[bool, bool], flood: Flood) -> None:
    """The arrived packets are all, none, the first so many, or the last so many."""
    assert flood.sent > 100
    arrived = len(flood.received)
    expected = {
        (True, True): range(flood.sent),
        (False, False): range(0),
        (True, False): range(arrived),
        (False, True): range(flood.sent - arrived, flood.sent),
    }[said]
    print(f"port {flood.port} {said}: sent {flood.sent}, arrived {arrived}")
    assert flood.received == list(expected)
    assert arrived > 0 or said == (False, False)
