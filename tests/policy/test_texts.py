"""Tricky texts from end to end: parsed, resolved, and decided for both sides of connections."""

from ipaddress import ip_address
from typing import NamedTuple

import pytest

from cpc.compiler.policy.flow import Party
from tests.policy.connection import connect, parties
from tests.policy.resolving import clean, inventory_of

_INVENTORY = inventory_of("""
cluster: [10.42.0.0/16, "fd00:42::/64"]
entities:
  host: [10.42.0.1]
  remote-node: [172.16.0.2]
  kube-apiserver: [172.16.0.9, 10.42.0.9]
  health: [10.42.0.4]
  unmanaged: [10.42.0.5]
endpoints:
  - name: web
    namespace: shop
    labels: { app: web, "container:tier": front, host: "yes" }
    addresses: [10.42.0.10, "fd00:42::10"]
    ports: { http: tcp/80, metrics: tcp/9090 }
  - name: cart
    namespace: shop
    labels: { app: web, "k8s:a/b:c": x }
    addresses: [10.42.0.11]
    ports: { http: tcp/8080 }
  - name: db
    namespace: shop
    labels: { app: db }
    addresses: [10.42.0.20]
  - name: db
    namespace: bank
    labels: { app: db, allow: deny }
    addresses: [10.42.1.20]
  - name: bare
    labels: {}
    addresses: [10.42.2.1]
""")
_ENDPOINTS = {p.name: p for p in parties(_INVENTORY)}

_WORLD, _UNKNOWN, _HOST, _NODE = "8.8.8.8", "10.42.9.9", "10.42.0.1", "172.16.0.2"
_API, _HEALTH, _UNMANAGED = "172.16.0.9", "10.42.0.4", "10.42.0.5"
_WEB, _CART, _DB, _BANK, _BARE = "shop/web", "shop/cart", "shop/db", "bank/db", "bare"

_CLOSED = "default deny ingress, egress for all\n"
_SENDING = "default deny ingress for all\ndefault allow egress for all\n"


class Case(NamedTuple):
    """A text, and connections that it allows or denies: (client, server) or (..., port, protocol)."""

    name: str
    text: str
    allowed: tuple[tuple[str | int, ...], ...]
    denied: tuple[tuple[str | int, ...], ...]


_CASES = (
    # names
    Case("definitions named like actions",
         f'endpoints allow = {{ app = "web" }}\nendpoints deny = {{ app = "db" }}\n{_CLOSED}'
         "allow allow -> deny tcp/80",
         ((_WEB, _DB),), ((_DB, _WEB), (_WEB, _DB, 81))),
    Case("definitions and a rule named like directions and statements",
         f'endpoints ingress = {{ app = "web" }}\nendpoints port = {{ app = "db" }}\n{_CLOSED}'
         "allow ingress: ingress -> port",
         ((_WEB, _DB),), ((_DB, _WEB),)),
    Case("definitions named like protocols, no spaces",
         f'endpoints tcp = {{ app = "web" }}\nendpoints http = {{ app = "db" }}\n{_CLOSED}'
         "allow tcp->http tcp/80",
         ((_WEB, _DB),), ((_WEB, _DB, 81),)),
    Case("definitions named like operators",
         f'endpoints not = {{ app = "web" }}\nendpoints and = {{ app = "db" }}\n{_CLOSED}'
         "allow `not` -> `and`",
         ((_WEB, _DB),), ((_DB, _WEB),)),
    # label keys
    Case("a key and a value named like keywords, a key named like an entity",
         f'{_SENDING}ingress allow {{ allow = "deny" }} -> {{ host }}',
         ((_BANK, _WEB),), ((_DB, _WEB), (_BANK, _DB))),
    Case("a label named host is not the host",
         f"allow-host policy\n{_SENDING}ingress allow host -> all",
         ((_HOST, _DB),), ((_WEB, _DB),)),
    Case("the host is not a label named host",
         f"allow-host policy\n{_SENDING}ingress allow {{ host }} -> all",
         ((_WEB, _DB),), ((_HOST, _DB),)),
    Case("a key without source ranges over all",
         f'{_SENDING}ingress allow {{ tier = "front" }} -> all',
         ((_WEB, _DB),), ((_CART, _DB),)),
    Case("a key of another source",
         f'{_SENDING}ingress allow {{ "k8s:tier" = "front" }} -> all',
         (), ((_WEB, _DB),)),
    Case("sources written out",
         f'{_SENDING}ingress allow {{ "container:tier" }} and {{ "any:tier" }} -> all',
         ((_WEB, _DB),), ((_CART, _DB),)),
    Case("a quoted key with a slash and a colon",
         f'{_SENDING}ingress allow {{ "a/b:c" = "x" }}, {{ "k8s:a/b:c" = "y" }} -> all',
         ((_CART, _DB),), ((_WEB, _DB),)),
    # what holds without a key
    Case("an absent key is unequal, for endpoints only",
         f'{_SENDING}ingress allow {{ tier != "front" }} -> {{ app = "db" }}',
         ((_CART, _DB), (_BARE, _DB), (_HEALTH, _DB), (_HOST, _DB)),
         ((_WEB, _DB), (_WORLD, _DB), (_NODE, _DB), (_UNMANAGED, _DB), (_UNKNOWN, _DB))),
    Case("not in",
         f'{_SENDING}ingress allow {{ tier not in ("front", "back") }} -> all',
         ((_CART, _DB), (_BARE, _DB)), ((_WEB, _DB), (_WORLD, _DB))),
    Case("not over a whole expression",
         f'{_SENDING}ingress allow not {{ app = "web" }} -> all',
         ((_BARE, _DB),), ((_WEB, _DB), (_CART, _DB), (_WORLD, _DB))),
    Case("empty braces are every endpoint and nobody else",
         f"{_SENDING}ingress allow {{}} -> all",
         ((_WEB, _DB), (_BARE, _DB)), ((_WORLD, _DB), (_UNKNOWN, _DB), (_NODE, _DB))),
    # namespaces
    Case("a namespace narrows both sides",
         'endpoints db = { app = "db" }\nendpoints web = { app = "web" }\n'
         'policy p namespace "shop" { default deny ingress, egress for db, web\n'
         "allow web -> db tcp/1 }",
         ((_WEB, _DB, 1),), ((_WEB, _BANK, 1), (_BANK, _DB, 1))),
    Case("a peer of another namespace, said",
         'policy p namespace "shop" { default deny ingress for all\n'
         'ingress allow { "k8s:io.kubernetes.pod.namespace" = "bank" } -> { app = "db" } }',
         ((_BANK, _DB), (_WEB, _BANK)), ((_WEB, _DB), (_BANK, _WEB))),
    Case("entities as peers know no namespace",
         'policy p namespace "shop" { default deny ingress for all\n'
         "ingress allow cluster -> all }",
         ((_BANK, _DB), (_NODE, _DB)), ((_WORLD, _DB), (_UNMANAGED, _DB), (_UNKNOWN, _DB))),
    # addresses
    Case("except, allowed",
         f"{_SENDING}allow [198.51.100.0/24 except 198.51.100.128/25] -> all",
         (("198.51.100.127", _DB),), (("198.51.100.128", _DB), ("198.51.101.0", _DB))),
    Case("except, denied",
         "default allow ingress for all\n"
         "ingress deny [0.0.0.0/0 except [198.51.100.0/24, 10.0.0.0/8]] -> all",
         (("198.51.100.1", _DB), (_WEB, _DB), (_NODE, _DB)), ((_WORLD, _DB),)),
    Case("scope any reaches the cluster",
         "default allow ingress for all\ningress deny scope any [10.42.0.0/16] -> all",
         ((_WORLD, _DB),), ((_WEB, _DB), (_UNKNOWN, _DB))),
    Case("without it a prefix of the cluster is nobody",
         "default allow ingress for all\ningress deny [10.42.0.0/16] -> all",
         ((_WEB, _DB), (_UNKNOWN, _DB)), ()),
    Case("an address that reads like a name",
         f"{_SENDING}allow dead::1->all tcp/2",
         (("dead::1", _WEB, 2),), (("dead::2", _WEB, 2),)),
    Case("kinds of peers in one list",
         f'{_SENDING}ingress allow [198.51.100.0/24], {{ app = "web" }}, remote-node -> all tcp/1',
         (("198.51.100.1", _DB, 1), (_WEB, _DB, 1), (_NODE, _DB, 1)),
         ((_BANK, _DB, 1), (_WORLD, _DB, 1))),
    # ports
    Case("a list of ports",
         f"{_CLOSED}allow all -> all tcp/{{80, 443, 8000-8099}}, udp/53, icmp/echo-request",
         ((_WEB, _DB), (_WEB, _DB, 443), (_WEB, _DB, 8000), (_WEB, _DB, 8099),
          (_WEB, _DB, 53, 17), (_WEB, _DB, 8 << 8, 1), (_WEB, _DB, 8 << 8 | 7, 1)),
         ((_WEB, _DB, 79), (_WEB, _DB, 81), (_WEB, _DB, 7999), (_WEB, _DB, 8100),
          (_WEB, _DB, 53), (_WEB, _DB, 0, 1), (_WEB, _DB, 0, 47))),
    Case("a port of any protocol is tcp, udp, sctp",
         f"{_CLOSED}allow all -> all any/53",
         ((_WEB, _DB, 53), (_WEB, _DB, 53, 17), (_WEB, _DB, 53, 132)), ((_WEB, _DB, 53, 1),)),
    Case("no ports are every protocol",
         f"{_CLOSED}allow all -> all",
         ((_WEB, _DB, 0, 1), (_WEB, _DB, 0, 47), (_WEB, _DB, 65535)), ()),
    Case("a whole protocol",
         f"{_CLOSED}allow all -> all proto/47", ((_WEB, _DB, 0, 47),), ((_WEB, _DB, 0, 50),)),
    Case("type and code",
         f"{_CLOSED}allow all -> all icmp/3/4",
         ((_WEB, _DB, 3 << 8 | 4, 1),), ((_WEB, _DB, 3 << 8 | 3, 1),)),
    Case("a name is each server's own port",
         f'{_CLOSED}allow all -> {{ app = "web" }} tcp/"http"',
         ((_DB, _WEB, 80), (_DB, _CART, 8080)),
         ((_DB, _WEB, 8080), (_DB, _CART, 80), (_DB, _WEB, 80, 17))),
    Case("a name of one server denies there alone",
         'default allow ingress, egress for all\ndeny all -> all tcp/"metrics"',
         ((_DB, _CART, 9090),), ((_DB, _WEB, 9090),)),
    # entities
    Case("the world, as a client",
         f"{_SENDING}allow world -> all",
         ((_WORLD, _DB),), ((_UNKNOWN, _DB), (_NODE, _DB), (_UNMANAGED, _DB), (_WEB, _DB))),
    Case("the world is no server by that",
         f"{_CLOSED}allow world -> all", ((_WORLD, _DB),), ((_DB, _WORLD),)),
    Case("the cluster's endpoints send",
         f'{_CLOSED}allow cluster -> {{ app = "web" }}',
         ((_DB, _WEB), (_BARE, _WEB), (_NODE, _WEB), (_HEALTH, _WEB)),
         ((_WORLD, _WEB), (_DB, _BANK), (_WEB, _DB))),
    Case("all is the unknown too",
         f"{_CLOSED}ingress allow all -> all",
         ((_UNKNOWN, _DB), (_WORLD, _DB), (_UNMANAGED, _DB)), ((_DB, _UNKNOWN),)),
    Case("the API server, outside a node and inside the cluster",
         f"{_CLOSED}allow all -> kube-apiserver tcp/6443",
         ((_WEB, _API, 6443), (_WEB, "10.42.0.9", 6443)), ((_WEB, _WORLD, 6443),)),
    Case("endpoints without labels are init",
         f"{_SENDING}ingress allow init -> all", ((_BARE, _DB),), ((_WEB, _DB), (_WORLD, _DB))),
    # the host, and oneself
    Case("the local host reaches endpoints, not the other way",
         _CLOSED, ((_HOST, _WEB), (_WEB, _WEB)), ((_WEB, _HOST), (_NODE, _WEB))),
    Case("the local host by policy",
         f"allow-host policy\n{_CLOSED}allow host -> {{ app = \"web\" }} tcp/1",
         ((_HOST, _WEB, 1),), ((_HOST, _WEB, 2), (_HOST, _DB, 1))),
    Case("oneself, whatever is denied",
         f"{_CLOSED}deny all -> all", ((_WEB, _WEB), (_BARE, _BARE)), ((_WEB, _DB),)),
    # halves
    Case("halves written apart, the other way round",
         f'{_CLOSED}egress allow {{ app = "web" }} -> all\ningress allow all -> {{ app = "db" }}',
         ((_WEB, _DB), (_CART, _BANK)), ((_DB, _WEB), (_WEB, _CART))),
    Case("a deny of one half is enough",
         f'{_CLOSED}ingress deny all -> {{ app = "db" }} tcp/1\nallow all -> all',
         ((_WEB, _DB, 2), (_DB, _WEB, 1)), ((_WEB, _DB, 1),)),
    # tiers, requirements, modes, staged
    Case("pass goes on below, also to the baseline",
         "default allow ingress, egress for all\n"
         'tier admin priority 10 { pass p: { app = "web" } -> all tcp/22\n'
         "deny d: all -> all tcp/22 }\n"
         'baseline priority 5 { deny b: all -> { app = "db" } tcp/22 }',
         ((_WEB, _CART, 22), (_WEB, _CART, 23)), ((_DB, _WEB, 22), (_WEB, _DB, 22))),
    Case("tiers by priority, not by place",
         "tier admin priority 20 { allow a: all -> all tcp/22 }\n"
         'tier admin priority 10 { deny d: all -> { app = "db" } tcp/22 }\n' + _CLOSED,
         ((_WEB, _CART, 22),), ((_WEB, _DB, 22), (_WEB, _CART, 23))),
    Case("a requirement narrows labels, not addresses",
         f'{_SENDING}ingress allow {{ app }} -> {{ app = "db" }}\n'
         'allow [198.51.100.0/24] -> { app = "db" }\n'
         'ingress require { tier } -> { app = "db" }',
         ((_WEB, _DB), ("198.51.100.1", _DB)), ((_CART, _DB),)),
    Case("mode always denies what nothing decides",
         'mode always\ndefault allow ingress for all\nallow 8.8.8.8 -> { app = "db" }',
         ((_WORLD, _DB), (_HOST, _DB)), (("8.8.4.4", _DB), (_WEB, _DB), (_WEB, _WORLD))),
    Case("mode never denies nothing",
         f"mode never\n{_CLOSED}deny all -> all", ((_WORLD, _DB), (_WEB, _DB)), ()),
    Case("a staged policy is not enforced",
         "default allow ingress, egress for all\n"
         "staged policy q { default deny ingress for all\ndeny all -> all }",
         ((_WEB, _DB),), ()),
)  # fmt: skip


def _who(name: str | int) -> Party:
    text = str(name)
    return _ENDPOINTS[text] if text in _ENDPOINTS else _INVENTORY.party_of(ip_address(text))


@pytest.mark.parametrize("case", _CASES, ids=[case.name for case in _CASES])
def test_a_text_allows_and_denies(case: Case) -> None:
    policy = clean(case.text, inventory=_INVENTORY)
    for verdict, connections in (("allow", case.allowed), ("deny", case.denied)):
        for client, server, *service in connections:
            port, protocol = (*map(int, service), *(80, 6)[len(service) :])
            found = connect(policy, _who(client), _who(server), port, protocol)
            assert found.verdict == verdict, (client, server, port, protocol, found)
