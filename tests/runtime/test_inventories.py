"""Inventories as JSON: everything that one holds comes back."""

from ipaddress import ip_address, ip_network

from msgspec import NODEFAULT
from msgspec.structs import fields

from cpc.compiler.policy.flow import Label
from cpc.compiler.policy.inventory import (
    ClusterIngress,
    ClusterNamespace,
    ClusterNode,
    ClusterService,
    Endpoint,
    Inventory,
    ServicePort,
)
from cpc.compiler.policy.model import Entity
from cpc.runtime.inventories import inventory_from, inventory_json

ENDPOINT = Endpoint(
    "shop/web",
    (Label("k8s", "app", "web"),),
    (ip_address("10.0.0.1"), ip_address("fd00::1")),
    (("http", 6, 8080),),
    "veth0",
    "shop/web[Deployment]",
    ((6, 8080), (17, 53)),
)
SERVICE = ClusterService(
    "shop",
    "web",
    (("team", "a"),),
    (("app", "web"),),
    (ServicePort("http", 6, 80, "http"), ServicePort("", 17, 53, 5353)),
    (ip_address("10.96.0.1"),),
    (ip_address("10.0.0.1"),),
    "web.example",
)
INVENTORY = Inventory(
    (ip_network("10.0.0.0/24"), ip_network("fd00::/64")),
    ((Entity.REMOTE_NODE, (ip_address("192.0.2.1"),)),),
    (ENDPOINT,),
    (ENDPOINT,),
    (ClusterNamespace("shop", (("env", "prod"),)),),
    (SERVICE, ClusterService("shop", "plain")),
    (ClusterNode("one", (("zone", "a"),), (ip_address("192.0.2.1"),)),),
    (ClusterIngress("Ingress", "shop", "in", (("web", "http"), ("web", 80), ("web", None))),),
)


def test_every_part_comes_back() -> None:
    assert inventory_from(inventory_json(INVENTORY)) == INVENTORY
    for value in (INVENTORY, ENDPOINT, SERVICE, INVENTORY.nodes[0], INVENTORY.namespaces[0]):
        for part in fields(value):
            left_out = part.default is not NODEFAULT and getattr(value, part.name) == part.default
            computed = isinstance(value, Inventory) and part.name in Inventory.uncompared
            assert computed or not left_out, f"say `{part.name}` in this test"


def test_a_state_of_an_older_version_has_fewer_parts() -> None:
    parts = inventory_json(Inventory(endpoints=(ENDPOINT,)))
    old = {name: parts[name] for name in ("cluster", "entities", "endpoints")}
    assert inventory_from(old) == Inventory(endpoints=(ENDPOINT,))
