"""Inventories: what a file says, who is at an address, and everything that can be wrong with one."""

from ipaddress import IPv4Address, ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpc.compiler.imports.inventories import read_inventory
from cpc.compiler.policy.flow import Label
from cpc.compiler.policy.inventory import MAX_ADDRESSES, NAMESPACE_KEY, Endpoint
from cpc.compiler.policy.model import Entity
from cpc.compiler.source import Sources
from tests.documented import blocks
from tests.policy.resolving import inventory_of, read_inventory_text

DOCUMENT = Path(__file__).parents[2] / "docs/inventory.md"

TEXT = """
cluster: [10.42.0.0/16, "fd00:42::/64"]
entities:
  host: [10.42.0.1, "fd00:42::1"]
  remote-node: [10.42.0.2, 192.0.2.9]
  kube-apiserver: [10.42.0.2, 10.42.0.3, 203.0.113.7]
  health: [10.42.0.4]
  unmanaged: [10.42.0.5, 192.0.2.5]
endpoints:
  - name: web-1
    namespace: shop
    labels: {app: web, "k8s:env": prod, "container:image": nginx, "app.kubernetes.io/name": w}
    addresses: [10.42.0.10, fd00:42::10]
    ports: {http: tcp/8080, dns: udp/53}
    interface: veth-web
  - name: outside
    addresses: [198.51.100.1]
"""


def test_the_documented_inventory_has_every_key() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    [block] = [block for block in blocks(text) if block.language == "yaml"]
    shown = inventory_of(block.text)
    assert shown.cluster and shown.entities and len(shown.endpoints) == 2
    assert shown.endpoints[0].labels and shown.endpoints[0].ports and shown.endpoints[0].interface
    for entity in ("host", "remote-node", "kube-apiserver", "health", "unmanaged"):
        assert f"`{entity}`" in text
    for key in ("cluster", "entities", "endpoints", "name", "namespace", "labels", "addresses"):
        assert f"\n| `{key}` |" in text
    assert "\n| `ports` |" in text and "\n| `interface` |" in text


@pytest.mark.parametrize(
    ("text", "code", "help"),
    [
        ("endpoints:\n\t- name: a\n", "CPC701", "write spaces"),
        ("endpoints:\n  - name: a: b\n", "CPC701", "quote strings"),
        (
            "endpoints:\n  - {name: a, labels: {app: [x, y]}, addresses: [10.0.0.1]}",
            "CPC702",
            "a label has one value",
        ),
        (
            "endpoints:\n  - {name: a, labels: {app: 5}, addresses: [10.0.0.1]}",
            "CPC702",
            'quote it: `"5"`',
        ),
    ],
    ids=["tab", "colon", "list", "number"],
)
def test_help(text: str, code: str, help: str) -> None:
    _, [found] = read_inventory_text(text)
    assert found.code == code and help in found.help[0]


def test_endpoints() -> None:
    web, outside = inventory_of(TEXT).endpoints
    assert web == Endpoint(
        "shop/web-1",
        (
            Label("container", "image", "nginx"),
            Label("k8s", "app", "web"),
            Label("k8s", "app.kubernetes.io/name", "w"),
            Label("k8s", "env", "prod"),
            Label("k8s", NAMESPACE_KEY, "shop"),
        ),
        (ip_address("10.42.0.10"), ip_address("fd00:42::10")),
        (("dns", 17, 53), ("http", 6, 8080)),
        "veth-web",
    )
    party = web.party(web.addresses[1])
    assert (party.name, party.managed, party.entities) == ("shop/web-1", True, frozenset())
    assert party.address == ip_address("fd00:42::10")
    assert outside.party().entities == {Entity.INIT}, "an endpoint without labels"


@pytest.mark.parametrize(
    ("address", "managed", "entities"),
    [
        ("10.42.0.10", True, set()),
        ("198.51.100.1", True, {"init"}),
        ("10.42.0.1", False, {"host"}),
        ("fd00:42::1", False, {"host"}),
        ("10.42.0.2", False, {"remote-node", "kube-apiserver"}),
        ("192.0.2.9", False, {"remote-node"}),
        ("10.42.0.3", False, {"kube-apiserver"}),
        ("203.0.113.7", False, {"kube-apiserver", "world"}),
        ("10.42.0.4", True, {"health"}),
        ("10.42.0.5", False, {"unmanaged"}),
        ("192.0.2.5", False, {"unmanaged"}),
        ("10.42.9.9", False, set()),
        ("fd00:42::99", False, set()),
        ("8.8.8.8", False, {"world"}),
        ("2001:db8::1", False, {"world"}),
    ],
)
def test_who_is_at_an_address(address: str, managed: bool, entities: set[str]) -> None:
    party = inventory_of(TEXT).party_of(ip_address(address))
    assert (party.managed, {e.value for e in party.entities}) == (managed, entities)
    assert party.address == ip_address(address)


@given(st.ip_addresses())
@settings(max_examples=100)
def test_an_address_is_external_exactly_if_nobody_has_it_and_no_range_holds_it(
    address: object,
) -> None:
    inventory = inventory_of(TEXT)
    place = ip_address(str(address))
    party = inventory.party_of(place)
    if Entity.WORLD in party.entities:
        assert not party.managed and not inventory.in_cluster(place)
    elif not party.managed and not party.entities:
        assert any(place in network for network in inventory.cluster)


@pytest.mark.parametrize(
    "text", ["{}", "cluster:\nentities: ~\nendpoints: []", "entities: {host: }"]
)
def test_nothing_has_to_be_said(text: str) -> None:
    inventory = inventory_of(text)
    assert (inventory.cluster, inventory.endpoints) == ((), ())
    assert inventory.party_of(ip_address("10.0.0.1")).entities == {Entity.WORLD}


def test_aliases_are_what_they_name() -> None:
    text = """
endpoints:
  - {name: a, labels: &l {app: web}, addresses: [10.0.0.1]}
  - {name: b, labels: *l, addresses: [10.0.0.2]}
"""
    first, second = inventory_of(text).endpoints
    assert first.labels == second.labels == (Label("k8s", "app", "web"),)


def test_as_many_addresses_as_the_datapath_has_room_for() -> None:
    both = [*(f"10.0.0.{n}" for n in range(1, 9)), *(f"'fd00::{n}'" for n in range(1, 9))]
    text = "endpoints:\n  - {name: a, addresses: [" + ", ".join(both) + "]}"
    assert len(inventory_of(text).endpoints[0].addresses) == 2 * MAX_ADDRESSES
    header = (Path(__file__).parents[2] / "templates/bpf/lib/types.h").read_text()
    assert f"#define CPC_ADDRESSES {MAX_ADDRESSES} " in header


ENDPOINT = "endpoints:\n  - {name: a, addresses: [10.0.0.1], "


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("cluster: [", "CPC701", 1),
        ("a: b: c", "CPC701", 1),
        ("a: \x01", "CPC701", 1),
        ("a: *nobody", "CPC701", 1),
        ("? [a]\n: b", "CPC701", 1),
        ("[" * 100_000, "CPC701", 1),
        ("- a", "CPC702", 1),
        ("cluster: 10.0.0.0/8", "CPC702", 1),
        ("endpoints:\n  a: {}", "CPC702", 2),
        (ENDPOINT + "labels: [a]}", "CPC702", 2),
        (ENDPOINT + "labels: {a: 1}}", "CPC702", 2),
        (ENDPOINT + "labels: {a: yes}}", "CPC702", 2),
        (ENDPOINT + "labels: {a: }}", "CPC702", 2),
        (ENDPOINT + "labels: {a: {b: c}}}", "CPC702", 2),
        (ENDPOINT + "interface: an-interface-too-long}", "CPC702", 2),
        ("endpoints:\n  - {name: 5, addresses: [10.0.0.1]}", "CPC702", 2),
        ("cluster: []\nclusters: []", "CPC703", 2),
        ("entities: {world: []}", "CPC703", 1),
        (ENDPOINT + "label: {}}", "CPC703", 2),
        ("cluster: []\ncluster: []", "CPC704", 2),
        (ENDPOINT + "labels: {a: b, a: b}}", "CPC704", 2),
        ("cluster:\n  - 10.0.0.1/8", "CPC705", 2),
        ("cluster: [10.0.0.0/40]", "CPC705", 1),
        ("entities: {host: [10.0.0.0/8]}", "CPC705", 1),
        ("entities: {host: [fe80::1%eth0]}", "CPC705", 1),
        ("entities: {host: ['::ffff:10.0.0.1']}", "CPC705", 1),
        ("entities: {host: [1.2.3]}", "CPC705", 1),
        ("entities:\n  host: [10.0.0.1]\n  remote-node: [10.0.0.1]", "CPC706", 3),
        ("entities: {host: [10.0.0.1, 10.0.0.1]}", "CPC706", 1),
        ("entities: {host: [10.0.0.1]}\n" + ENDPOINT + "}", "CPC706", 3),
        ("entities: {kube-apiserver: [10.0.0.1]}\n" + ENDPOINT + "}", "CPC706", 3),
        (ENDPOINT + "}\n  - {name: a, addresses: [10.0.0.2]}", "CPC707", 3),
        (ENDPOINT + "labels: {'reserved:host': x}}", "CPC709", 2),
        (ENDPOINT + "labels: {'cidr:10.0.0.0/8': x}}", "CPC709", 2),
        (ENDPOINT + "labels: {'any:a': x}}", "CPC709", 2),
        (ENDPOINT + "labels: {a: x, 'k8s:a': z}}", "CPC709", 2),
        (ENDPOINT + f"namespace: ns, labels: {{{NAMESPACE_KEY}: m}}}}", "CPC709", 2),
        (ENDPOINT + "labels: {1: x}}", "CPC709", 2),
        ("endpoints:\n  - {addresses: [10.0.0.1]}", "CPC710", 2),
        ("endpoints:\n  - {name: a}", "CPC710", 2),
        ("endpoints:\n  - {name: a, addresses: []}", "CPC710", 2),
        (ENDPOINT + "ports: {http: 80}}", "CPC711", 2),
        (ENDPOINT + "ports: {http: tcp/0}}", "CPC711", 2),
        (ENDPOINT + "ports: {http: tcp/65536}}", "CPC711", 2),
        (ENDPOINT + "ports: {HTTP: tcp/80}}", "CPC711", 2),
    ],
)
def test_what_is_refused(text: str, code: str, line: int) -> None:
    inventory, found = read_inventory_text(text)
    assert inventory is None
    assert [d.code for d in found] == [code]
    assert found[0].span is not None and found[0].span.line == line
    assert found[0].help


@pytest.mark.parametrize("entry", ["", "null", "{}"])
def test_an_endpoint_of_nothing_is_refused(entry: str) -> None:
    inventory, found = read_inventory_text(f"endpoints:\n  - {entry}\n")
    assert inventory is None
    assert [d.code for d in found] == ["CPC710", "CPC710"]


def test_every_mistake_of_a_file_is_reported() -> None:
    text = "clustr: []\nendpoints:\n  - {name: a}\n  - {name: b, addresses: [x, 10.0.0.1/8]}"
    _, found = read_inventory_text(text)
    assert [d.code for d in found] == ["CPC703", "CPC710", "CPC705", "CPC705"]
    assert found[0].help == ("did you mean `cluster`?",)


def test_an_alias_bomb_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * 10) + "]" for n in range(1, 30)]
    _, found = read_inventory_text("\n".join([*lines, "cluster: *a29"]))
    assert [d.code for d in found] == ["CPC701"]


def test_reading_a_file(tmp_path: Path) -> None:
    path = tmp_path / "inventory.yaml"
    path.write_bytes(b"\xef\xbb\xbfcluster: [10.0.0.0/8]\r\n")
    sources: Sources = {}
    inventory, found = read_inventory([str(path)], sources)
    assert found == [] and inventory is not None
    assert inventory.cluster == (ip_network("10.0.0.0/8"),)
    assert sources[str(path)].text == "cluster: [10.0.0.0/8]\n"
    assert inventory.in_cluster(IPv4Address("10.1.1.1"))
    missing, found = read_inventory([str(tmp_path / "inventry.yaml")], sources)
    assert (missing, found[0].code) == (None, "CPC001")
    path.write_bytes(b"\xff")
    assert read_inventory([str(path)], sources)[1][0].code == "CPC004"
