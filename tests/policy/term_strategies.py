"""Random label expressions, selectors and ports, drawn from pools so that a policy costs few draws."""

import random
from ipaddress import ip_network
from itertools import combinations, product

from hypothesis import strategies as st

from cpc.compiler.policy.flow import Label
from cpc.compiler.policy.model import (
    ALL,
    AllOf,
    AnyOf,
    Cidr,
    EndpointTerm,
    Entity,
    EntityTerm,
    Everything,
    Fqdn,
    Has,
    In,
    LabelExpr,
    LabelKey,
    NamedPort,
    Network,
    Not,
    PortRange,
    Selector,
    ServiceTerm,
    Term,
)

__all__ = [
    "NETWORKS",
    "ODD_PROTOCOLS",
    "PORT_EDGES",
    "PORT_NAMES",
    "SERVICES",
    "label_expressions",
    "label_sets",
    "networks",
    "port_lists",
    "port_ranges",
    "selectors",
]

# --- labels ------------------------------------------------------------------------------------

_SOURCES = ("k8s", "container")
_KEYS = ("app", "env", "world", "host")  # two of them named like entities
_VALUES = ("a", "b", "")

label_sets = st.lists(
    st.sampled_from([Label(*parts) for parts in product(_SOURCES, _KEYS, _VALUES)]),
    max_size=4,
    unique_by=lambda label: (label.source, label.key),
).map(frozenset)
"""Label sets; one value a key and source."""


def _leaves() -> list[LabelExpr]:
    keys = [LabelKey(source, key) for source in (*_SOURCES, "any") for key in _KEYS]
    values = [v for n in range(3) for v in combinations(sorted(_VALUES), n)]
    return [Everything(), *(Has(k) for k in keys), *(In(k, v) for k in keys for v in values)]


def _composed(leaves: list[LabelExpr]) -> list[LabelExpr]:
    """Every kind of expression over the leaves, up to three deep, always the same."""
    chosen = random.Random(1)
    found: list[LabelExpr] = [Not(leaf) for leaf in leaves]
    for _ in range(100):
        some = tuple(chosen.choices([*leaves, *found], k=chosen.randrange(4)))
        found += [AllOf(some), AnyOf(some), Not(AllOf(some))]
    return found


_LEAVES = _leaves()
label_expressions: st.SearchStrategy[LabelExpr] = st.one_of(
    st.sampled_from(_LEAVES), st.sampled_from(_composed(_LEAVES))
)

# --- selectors ---------------------------------------------------------------------------------

NETWORKS: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        *("0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.9.0/24", "10.1.9.128/25", "10.1.9.7/32"),
        *("10.2.0.0/15", "192.0.2.0/24", "255.255.255.254/31", "0.0.0.0/31"),
        *("::/0", "fd00::/8", "2001:db8::/32", "2001:db8:1::/48", "2001:db8:1::7/128", "::/127"),
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127",
    )
)
networks: st.SearchStrategy[Network] = st.sampled_from(NETWORKS)
"""Nested, neighbouring and extreme prefixes of both families."""


def _inside(hole: Network, network: Network) -> bool:
    """Whether `hole` is a proper part of `network`."""
    return (
        hole.version == network.version
        and hole.prefixlen > network.prefixlen
        and hole.network_address in network
    )


def _cidrs() -> list[Term]:
    """Every network in both scopes with no, one or two excepts."""
    found: list[Term] = []
    for network in NETWORKS:
        holes = sorted(
            (n for n in NETWORKS if _inside(n, network)),
            key=lambda n: (int(n.network_address), n.prefixlen),
        )
        found += [
            Cidr(network, excepts, scope_any)
            for count in range(3)
            for excepts in combinations(holes, count)
            for scope_any in (False, True)
        ]
    return found


_PATTERNS = ("api.example.com", "*.example.com", "**.example.com", "*")
SERVICES = ("orders", "billing")
PORT_NAMES = (("http", 6, 80), ("http", 6, 8080), ("dns", 17, 53), ("http", 17, 80))

_endpoint_terms: st.SearchStrategy[Term] = label_expressions.map(EndpointTerm)
_entity_terms: st.SearchStrategy[Term] = st.sampled_from([EntityTerm(e) for e in Entity])
_name_terms: st.SearchStrategy[Term] = st.sampled_from(
    [
        *(Fqdn(p) for n in (1, 2) for p in combinations(sorted(_PATTERNS), n)),
        *(ServiceTerm(name) for name in SERVICES),
    ]
)
_party_terms = st.one_of(_endpoint_terms, _entity_terms, st.sampled_from(_cidrs()))
_subject_terms: st.SearchStrategy[Term] = st.one_of(
    _endpoint_terms,
    _endpoint_terms,
    st.sampled_from(
        [EntityTerm(e) for e in (Entity.ALL, Entity.CLUSTER, Entity.INIT, Entity.HEALTH)]
    ),
)


def _unions(plain: st.SearchStrategy[Term]) -> st.SearchStrategy[Selector]:
    """Up to three terms, some of them asking for a named port; often everything, seldom nothing."""
    named = st.builds(lambda t, p: NamedPort(t, *p), plain, st.sampled_from(PORT_NAMES))
    terms = st.one_of(plain, plain, plain, named)
    few = st.lists(terms, min_size=1, max_size=3).map(tuple)
    one = terms.map(lambda term: (term,))
    return st.one_of(st.just(ALL), st.just(ALL), one, one, few, few, st.just(()))


_SELECTORS = {
    names: _unions(st.one_of(_party_terms, _party_terms, _name_terms) if names else _party_terms)
    for names in (True, False)
}
_SUBJECTS = _unions(_subject_terms)


def selectors(*, subject: bool = False, names: bool = True) -> st.SearchStrategy[Selector]:
    """Unions of up to three terms, sometimes empty; as a subject no address, name or service."""
    return _SUBJECTS if subject else _SELECTORS[names]


# --- ports -------------------------------------------------------------------------------------

PORT_EDGES = (0, 1, 79, 80, 81, 443, 8000, 8080, 8099, 65534, 65535)
ODD_PROTOCOLS = (0, 2, 47, 50, 255)


def _port_ranges() -> list[PortRange]:
    edges = [(low, high) for low in PORT_EDGES for high in PORT_EDGES if low <= high]
    codes = [(kind << 8 | low, kind << 8 | high)
             for kind in (0, 8, 128, 129, 255)
             for low, high in ((0, 255), (0, 0), (1, 1), (255, 255))]  # fmt: skip
    return [
        *(PortRange(protocol, *edge) for protocol in (6, 6, 17, 132) for edge in edges),
        *(PortRange(protocol, *code) for protocol in (1, 58) for code in codes),
        *(PortRange(protocol) for protocol in (6, 17, 132, 1, 58, 50, 255) * 3),
    ]


port_ranges: st.SearchStrategy[PortRange] = st.sampled_from(_port_ranges())
"""Ports of TCP, UDP and SCTP, types and codes of ICMP, whole protocols without ports."""

port_lists = st.one_of(st.none(), st.none(), st.lists(port_ranges, max_size=3).map(tuple))
