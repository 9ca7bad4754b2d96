"""The one world of the tests of cluster policies, and what is imported in it."""

from ipaddress import IPv4Address, ip_address, ip_network

from msgspec import Struct

from cpc.compiler.diagnostics import Diagnostics, Severity
from cpc.compiler.imports.manifests import import_units, read_manifests
from cpc.compiler.policy.flow import Label
from cpc.compiler.policy.inventory import (
    NAMESPACE_KEY,
    NAMESPACE_LABELS,
    ClusterNamespace,
    ClusterNode,
    Endpoint,
    Inventory,
)
from cpc.compiler.policy.model import Entity, Policy
from cpc.compiler.policy.resolve import resolve
from cpc.compiler.source import SourceFile
from cpc.compiler.syntax import tree

__all__ = ["BARE", "NAMESPACES", "NODES", "PODS", "WORLD", "Imported", "imported"]

NAMESPACES: dict[str, dict[str, str]] = {
    "shop": {"tenant": "acme", "env": "prod"},
    "cart": {"tenant": "acme", "env": "test"},
    "bank": {"tenant": "bolt", "env": "prod"},
    "ops": {},
}
BARE = "bare"
"""An endpoint that is no pod: it has no namespace."""

NODES: dict[str, tuple[dict[str, str], str]] = {
    "n1": ({"role": "control"}, "192.168.0.1"),
    "n2": ({}, "192.168.0.2"),
}
PODS: dict[str, tuple[str, tuple[str, ...], tuple[tuple[str, int, int], ...]]] = {
    "shop/web": ("web", ("10.1.0.1",), (("http", 6, 80), ("dns", 17, 53))),
    "shop/db": ("db", ("10.1.0.2",), (("pg", 6, 5432),)),
    "cart/web": ("web", ("10.2.0.1",), (("http", 6, 8080),)),
    "bank/db": ("db", ("10.3.0.1",), (("pg", 6, 5432),)),
    "bank/db-2": ("db", ("10.3.0.2",), ()),
    "ops/monitor": ("monitor", ("10.4.0.1", "fd00:4::1"), ()),
    "ops/monitor-2": ("monitor", ("10.4.0.2", "fd00:4::2"), ()),
}


def _pod(name: str) -> Endpoint:
    app, addresses, ports = PODS[name]
    namespace = name.partition("/")[0]
    labels = {
        "app": app,
        NAMESPACE_KEY: namespace,
        **{NAMESPACE_LABELS + key: value for key, value in NAMESPACES[namespace].items()},
    }
    return Endpoint(
        name,
        tuple(sorted(Label("k8s", key, value) for key, value in labels.items())),
        tuple(ip_address(address) for address in addresses),
        ports,
    )


WORLD = Inventory(
    cluster=(ip_network("10.0.0.0/8"), ip_network("fd00::/8")),
    entities=(
        (Entity.HOST, (IPv4Address("192.168.0.1"),)),
        (Entity.REMOTE_NODE, (IPv4Address("192.168.0.2"),)),
    ),
    endpoints=(
        Endpoint(BARE, (Label("container", "app", "web"),), (IPv4Address("10.5.0.1"),)),
        *(_pod(name) for name in sorted(PODS)),
    ),
    namespaces=tuple(
        ClusterNamespace(name, tuple(sorted(labels.items())))
        for name, labels in sorted(NAMESPACES.items())
    ),
    nodes=tuple(
        ClusterNode(name, tuple(labels.items()), (IPv4Address(address),))
        for name, (labels, address) in NODES.items()
    ),
)


class Imported(Struct, frozen=True):
    """Trees, what they resolve to, and what the importer said."""

    trees: tuple[tree.File, ...]
    policy: Policy
    said: Diagnostics


def imported(text: str, inventory: Inventory | None) -> Imported:
    """Objects that have no errors, in the world or without one."""
    manifests, said = read_manifests(SourceFile("case.yaml", text), True)
    assert said == []
    trees, said = import_units([manifests], inventory)
    assert [d for d in said if d.severity is Severity.ERROR] == []
    policy, _, problems = resolve(trees, {}, inventory)
    assert [d for d in problems if d.severity is Severity.ERROR] == []
    return Imported(trees, policy, said)
