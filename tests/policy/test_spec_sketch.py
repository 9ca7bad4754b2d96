"""The example that the language was designed around: every statement kind, under a small inventory."""

from ipaddress import ip_address
from pathlib import Path

import pytest
from msgspec.structs import replace

from cpc.compiler.policy.flow import (
    DnsQuery,
    HttpRequest,
    KafkaElement,
    KafkaRequest,
    Party,
    Request,
)
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import Policy
from cpc.compiler.policy.resolve import Definitions, resolve
from cpc.compiler.source import SourceFile
from cpc.compiler.syntax import tree
from cpc.compiler.syntax.parse import parse
from tests.policy.connection import connect, holds, parties
from tests.policy.resolving import inventory_of

_SKETCH = Path(__file__).parent / "cases" / "sketch.cil"

_INVENTORY = """
cluster: [10.42.0.0/16]
entities:
  host: [10.42.0.1]
  remote-node: [172.16.0.2]
endpoints:
  - name: web
    namespace: shop
    labels: { app: web, env: prod }
    addresses: [10.42.0.10]
  - name: web-test
    namespace: shop
    labels: { app: web, env: test }
    addresses: [10.42.0.11]
  - name: orders
    namespace: shop
    labels: { app: orders }
    addresses: [10.42.0.20]
  - name: orders-old
    namespace: shop
    labels: { app: orders, legacy: "true" }
    addresses: [10.42.0.21]
  - name: db
    namespace: shop
    labels: { app: postgres }
    addresses: [10.42.0.30]
  - name: broker
    namespace: shop
    labels: { app: kafka }
    addresses: [10.42.0.40]
  - name: etl
    namespace: shop
    labels: { "k8s:app.kubernetes.io/name": etl }
    addresses: [10.42.0.50]
  - name: resolver
    namespace: shop
    labels: { "k8s:k8s-app": kube-dns }
    addresses: [10.42.0.60]
  - name: db
    namespace: bank
    labels: { app: postgres }
    addresses: [10.42.1.30]
"""


@pytest.fixture(scope="module")
def inventory() -> Inventory:
    return inventory_of(_INVENTORY)


@pytest.fixture(scope="module")
def resolved(inventory: Inventory) -> tuple[Policy, Definitions]:
    file, problems = parse(SourceFile("sketch.cil", _SKETCH.read_text()))
    assert problems == []
    assert any(isinstance(s, tree.Include) for s in file.statements)
    policy, definitions, diagnostics = resolve([file], {}, inventory)
    assert diagnostics == []
    return policy, definitions


def test_the_sketchs_own_tests_hold(
    resolved: tuple[Policy, Definitions], inventory: Inventory
) -> None:
    policy, definitions = resolved
    everyone = [p for p in parties(inventory) if not p.name.startswith("bank/")]
    (test,) = definitions.tests
    assert [case.by for case in test.cases] == ["orders-db", "default"]
    assert all(holds(policy, case, everyone) for case in test.cases)


def test_the_sketchs_own_tests_can_fail(
    resolved: tuple[Policy, Definitions], inventory: Inventory
) -> None:
    policy, definitions = resolved
    closed = replace(policy, rules=tuple(r for r in policy.rules if r.origin.name != "orders-db"))
    cases = definitions.tests[0].cases
    assert [holds(closed, case, parties(inventory)) for case in cases] == [False, True]


_ITEMS = HttpRequest("GET", "/api/v1/items?page=2")
_TENANT = (("x-tenant", "shop"),)


def _kafka(key: int, client: str, *topics: str | None) -> KafkaRequest:
    return KafkaRequest(tuple(KafkaElement(key, 7, client, topic) for topic in topics))


@pytest.mark.parametrize(
    ("client", "server", "port", "request_", "verdict", "name"),
    [
        ("shop/web", "shop/orders", 8080, None, "redirect", "web-orders"),
        ("shop/web", "shop/orders", 8080, _ITEMS, "allow", "web-orders"),
        ("shop/web", "shop/orders", 8080, HttpRequest("GET", "/api/v1/admin"), "deny", "default"),
        ("shop/web", "shop/orders", 8080,
         HttpRequest("POST", "/api/v1/orders", "", _TENANT), "allow", "web-orders"),
        ("shop/web", "shop/orders", 8080, HttpRequest("POST", "/api/v1/orders"), "deny", "default"),
        ("shop/web", "shop/orders", 8081, None, "deny", "default"),  # new-path is only staged
        ("shop/web", "shop/orders-old", 8080, None, "deny", "default"),
        ("shop/web-test", "shop/orders", 8080, None, "deny", "default"),
        ("10.1.0.0", "shop/web", 443, None, "allow", "office-web"),
        ("10.1.9.0", "shop/web", 443, None, "deny", "default"),
        ("10.1.255.255", "shop/web", 8099, None, "allow", "office-web"),
        ("10.1.255.255", "shop/web", 8100, None, "deny", "default"),
        ("10.1.0.0", "shop/web", 22, None, "deny", "no-ssh"),
        ("8.8.8.8", "bank/db", 22, None, "deny", "no-ssh"),
        ("8.8.8.8", "shop/db", 5432, None, "deny", "no-world"),
        ("8.8.8.8", "bank/db", 5432, None, "deny", "lateral"),
        ("shop/orders", "bank/db", 5432, None, "deny", "default"),
        ("shop/resolver", "bank/db", 5432, None, "deny", "lateral"),
        ("10.42.0.1", "shop/db", 5432, None, "allow", None),  # the host, always
        ("172.16.0.2", "shop/web", 443, None, "deny", "default"),
        ("10.42.9.9", "shop/web", 443, None, "deny", "default"),  # unknown in the cluster
        ("shop/etl", "shop/broker", 9092, None, "redirect", "etl-topics"),
        ("shop/etl", "shop/broker", 9092, _kafka(1, "x", "orders.eu"), "allow", "etl-topics"),
        ("shop/etl", "shop/broker", 9092, _kafka(0, "etl", "audit"), "allow", "etl-topics"),
        ("shop/etl", "shop/broker", 9092, _kafka(0, "x", "audit"), "deny", "default"),
        ("shop/etl", "shop/broker", 9092, _kafka(1, "etl", "orders.", "audit"), "deny", "default"),
        ("shop/etl", "shop/broker", 9092, _kafka(3, "etl", None), "deny", "default"),
        ("shop/etl", "shop/broker", 9092, _kafka(18, "etl", None), "allow", "etl-topics"),
        ("shop/etl", "shop/broker", 9092, _kafka(11, "etl", None), "allow", "etl-topics"),
        ("shop/etl", "shop/broker", 9092, _kafka(19, "etl", "audit"), "deny", "default"),
    ],
)  # fmt: skip
def test_what_the_sketch_decides(
    resolved: tuple[Policy, Definitions],
    inventory: Inventory,
    client: str,
    server: str,
    port: int,
    request_: Request | None,
    verdict: str,
    name: str | None,
) -> None:
    found = connect(
        resolved[0], _who(inventory, client), _who(inventory, server), port, request=request_
    )
    assert found.verdict == verdict, found
    assert name is None or name in found.names, found


def _who(inventory: Inventory, name: str) -> Party:
    known = {p.name: p for p in parties(inventory)}
    return known[name] if name in known else inventory.party_of(ip_address(name))


def test_names_and_addresses_that_they_resolve_to(
    resolved: tuple[Policy, Definitions], inventory: Inventory
) -> None:
    policy, _ = resolved
    orders, resolver = _who(inventory, "shop/orders"), _who(inventory, "shop/resolver")
    elsewhere = inventory.party_of(ip_address("198.51.100.1"))
    for resolved_names, verdict in (
        ({"api.stripe.com"}, "allow"),
        ({"www.stripe.com", "other.org"}, "allow"),
        ({"stripe.com"}, "deny"),
        ({"a.b.stripe.com"}, "deny"),
        (set(), "deny"),
    ):
        stripe = replace(elsewhere, names=frozenset(resolved_names))
        assert connect(policy, orders, stripe, 443).verdict == verdict
    for name, verdict in (("api.stripe.com", "allow"), ("evil.org", "deny")):
        assert connect(policy, orders, resolver, 53, 17, DnsQuery(name)).verdict == verdict
