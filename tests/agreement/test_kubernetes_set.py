"""A cluster's worth of Kubernetes policies: compiled, loaded, and asked with real packets."""

import random
from ipaddress import ip_address
from itertools import product
from os import getpid
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec.structs import replace

from cpc.compiler.artifact import DEFAULT_TARGET
from cpc.compiler.pipeline import Options, compile_policy, front
from cpc.compiler.timings import Timings
from cpc.runtime.demo.expect import expect
from cpc.runtime.demo.probe import Probe, Service, listening, observe
from cpc.runtime.demo.topology import Host, topology
from cpc.runtime.load import load, unload

pytestmark = pytest.mark.kernel

POLICIES = 300
NAMESPACES = ("shop", "lab", "data", "edge", "ops")
APPS = ("web", "api", "db", "cache", "queue")
TIERS = ("front", "back")
SERVICES = (
    *(Service("tcp", port) for port in (80, 443, 8080)),
    Service("udp", 53),
    Service("ping"),
)
GATEWAYS = (ip_address("10.42.0.1"), ip_address("fd00:42::1"))
OUTSIDE = Host(
    "outside", "outside0", (ip_address("203.0.113.66"), ip_address("2001:db8:bad::66")), True
)

Document = dict[str, Any]


def selector(chosen: random.Random, full: bool) -> Document:
    """Pods of one app, mostly; every pod of the namespace now and then."""
    if not full and chosen.random() < 0.1:
        return {}
    labels = {"app": chosen.choice(APPS)}
    if chosen.random() < 0.3:
        labels["tier"] = chosen.choice(TIERS)
    if chosen.random() < 0.2:
        return {
            "matchExpressions": [
                {"key": k, "operator": "In", "values": [v]} for k, v in labels.items()
            ]
        }
    return {"matchLabels": labels}


def peer(chosen: random.Random) -> Document:
    match chosen.randrange(4):
        case 0:
            return {"podSelector": selector(chosen, False)}
        case 1:
            team = {"matchLabels": {"team": chosen.choice("ab")}}
            return {"namespaceSelector": team, "podSelector": selector(chosen, False)}
        case 2:
            name = {"kubernetes.io/metadata.name": chosen.choice(NAMESPACES)}
            return {"namespaceSelector": {"matchLabels": name}}
        case _:
            blocks = (
                {"cidr": "203.0.113.0/24"},
                {"cidr": "0.0.0.0/0", "except": ["203.0.113.64/26"]},
            )
            return {"ipBlock": chosen.choice((*blocks, {"cidr": "2001:db8::/32"}))}


def rule(chosen: random.Random, side: str) -> Document:
    written: Document = {side: [peer(chosen) for _ in range(chosen.randint(1, 3))]}
    if chosen.random() < 0.8:
        ports = ({"port": 80}, {"port": 443, "endPort": 8079}, {"port": "http"}, {"port": 8080})
        written["ports"] = chosen.sample((*ports, {"port": 53, "protocol": "UDP"}), 2)
    return written


def policies() -> list[Document]:
    """The same ones every time."""
    chosen = random.Random(300)
    found = []
    for number in range(POLICIES):
        types = chosen.choice((["Ingress"], ["Ingress"], ["Ingress", "Egress"], ["Egress"]))
        spec: Document = {"podSelector": selector(chosen, True), "policyTypes": types}
        for direction, side in (("Ingress", "from"), ("Egress", "to")):
            if direction in types:
                spec[direction.lower()] = [rule(chosen, side) for _ in range(chosen.randint(0, 3))]
        found.append(
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "NetworkPolicy",
                "metadata": {"name": f"p{number}", "namespace": chosen.choice(NAMESPACES)},
                "spec": spec,
            }
        )
    return found


def workloads() -> list[Document]:
    """Ten pods of five namespaces, each with an address of both families."""
    chosen = random.Random(10)
    spaces: list[Document] = [
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": {"team": "ab"[number % 2]}},
        }
        for number, name in enumerate(NAMESPACES)
    ]
    pods: list[Document] = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": f"pod{number}",
                "namespace": NAMESPACES[number % len(NAMESPACES)],
                "labels": {"app": APPS[number % 3], "tier": chosen.choice(TIERS)},
            },
            "spec": {
                "containers": [
                    {"name": "c", "image": "i", "ports": [{"name": "http", "containerPort": 8080}]}
                ]
            },
            "status": {
                "phase": "Running",
                "podIPs": [{"ip": f"10.42.0.{10 + number}"}, {"ip": f"fd00:42::{10 + number}"}],
            },
        }
        for number in range(10)
    ]
    return [*spaces, *pods]


def test_three_hundred_policies_decide_real_packets(tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.yaml" for name in ("policies", "workloads", "node")}
    files["policies"].write_text(yaml.safe_dump_all(policies()))
    files["workloads"].write_text(yaml.safe_dump_all(workloads()))
    node = {
        "cluster": ["10.42.0.0/16", "fd00:42::/64"],
        "entities": {"host": [str(g) for g in GATEWAYS]},
    }
    files["node"].write_text(yaml.safe_dump(node))
    given = Options(inventory=(str(files["workloads"]), str(files["node"])))
    read = front([str(files["policies"])], given, Timings())
    artifact, found = compile_policy(read, DEFAULT_TARGET, Timings())
    assert artifact is not None and read.policy is not None and read.inventory is not None, found
    assert len({i.origin.policy for i in read.policy.isolations}) == POLICIES
    policy = read.policy
    inventory = replace(
        read.inventory,
        endpoints=tuple(
            replace(e, interface=f"pod{n}x") for n, e in enumerate(read.inventory.endpoints)
        ),
    )
    pods = [Host(e.name.split("/")[1], str(e.interface), e.addresses) for e in inventory.endpoints]
    hosts = [*pods, OUTSIDE]
    probes = [
        Probe(source.name, target.name, from_, to, service)
        for source, target in product(hosts, hosts)
        if source is not target
        for from_, to in zip(source.addresses, target.addresses, strict=True)
        for service in SERVICES
    ]
    instance = f"set-{getpid()}"
    with topology(hosts, GATEWAYS) as built:
        with built.node.entered():
            load(artifact, inventory, instance)
        try:
            with listening(built, SERVICES):
                seen = observe(built, probes)
        finally:
            unload(instance)
    expected = [expect(policy, inventory, probe) for probe in probes]
    wrong = [
        (probe, said)
        for probe, said, was in zip(probes, expected, seen, strict=True)
        if said.allowed is not was
    ]
    assert not wrong, wrong[:3]
    share = sum(e.allowed for e in expected) / len(expected)
    print(f"\n{len(probes)} probes, {share:.0%} allowed")
    assert 0.1 < share < 0.9
