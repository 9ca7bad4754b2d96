"""Random policies and the flows around their boundaries, for everything below the policy's meaning."""

import random
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from itertools import product

from hypothesis import strategies as st

from cpc.compiler.ir.bits import contains
from cpc.compiler.policy.flow import Flow, Label, Party
from cpc.compiler.policy.model import (
    ALL,
    Action,
    AllOf,
    AnyOf,
    Cidr,
    Direction,
    EndpointTerm,
    Entity,
    EntityTerm,
    Everything,
    Has,
    In,
    Isolation,
    L7Match,
    LabelKey,
    Mode,
    NamedPort,
    Network,
    Not,
    Origin,
    Policy,
    PortRange,
    Requirement,
    Rule,
    Selector,
    Term,
    Tier,
)
from cpc.compiler.source import Span
from cpc.compiler.verify.verified import VerifiedPolicy, verify

__all__ = [
    "CLUSTER",
    "PEERS",
    "SUBJECTS",
    "flows",
    "longest",
    "origin",
    "policies",
    "rule",
    "verified",
]

CLUSTER: tuple[Network, ...] = (ip_network("10.9.0.0/16"),)
"""Declared cluster ranges: an address in one that nobody owns is unknown, not external."""


def origin(number: int, name: str = "") -> Origin:
    """The place of the statement in line `number`, which names itself."""
    span = Span("random.cil", number * 10, number * 10 + 5, number + 1, 1)
    return Origin(name or f"rule-{number}", span, (0, number + 1, 1))


def rule(
    number: int,
    action: Action = Action.ALLOW,
    *,
    direction: Direction = Direction.INGRESS,
    tier: Tier = Tier.NORMAL,
    place: tuple[int, int, int] = (0, 0, 0),
    subject: Selector = ALL,
    peers: Selector = ALL,
    ports: tuple[PortRange, ...] | None = None,
    l7: L7Match | None = None,
    staged: bool = False,
    log: bool = False,
    name: str = "",
) -> Rule:
    """One rule, an ingress allow of everything unless said; `place` is priority, block, index."""
    priority, block, index = place
    return Rule(
        direction,
        action,
        tier,
        priority,
        block,
        index,
        subject,
        peers,
        ports,
        l7,
        staged,
        log,
        origin(number, name),
    )


def verified(policy: Policy) -> VerifiedPolicy:
    """The policy, verified; `default allow` for everybody lets every rule be covered."""
    opens = tuple(Isolation(d, ALL, False, origin(10_000)) for d in Direction)
    checked, diagnostics = verify(
        Policy(
            policy.rules,
            policy.isolations,
            opens,
            policy.requirements,
            (),
            policy.mode,
            policy.allow_host,
        )
    )
    assert checked is not None, diagnostics
    return checked


# --- parties -----------------------------------------------------------------------------------


def _endpoint(name: str, address: str, *labels: str, entity: Entity | None = None) -> Party:
    return Party(
        name,
        True,
        frozenset(Label(*label.replace("=", ":").split(":")) for label in labels),
        frozenset() if entity is None else frozenset({entity}),
        ip_address(address),
        frozenset({("http", 6, 80)}) if "k8s:a=x" in labels else frozenset(),
    )


SUBJECTS = (
    _endpoint("ax", "10.9.0.1", "k8s:a=x"),
    _endpoint("ay-bx", "10.9.0.2", "k8s:a=y", "k8s:b=x"),
    _endpoint("ax-bz", "fd00::3", "k8s:a=x", "container:b=z"),
    _endpoint("bare", "10.9.0.4", entity=Entity.INIT),
)


def _external(address: str) -> Party:
    return Party(address, False, entities=frozenset({Entity.WORLD}), address=ip_address(address))


PEERS = (
    *SUBJECTS,
    _external("10.0.0.255"),
    _external("10.1.0.0"),
    _external("10.1.2.3"),
    _external("10.1.3.0"),
    _external("8.8.8.8"),
    _external("2001:db8::1"),
    _external("2001:db9::1"),
    Party("unknown", False, address=ip_address("10.9.7.7")),
    Party("host", False, entities=frozenset({Entity.HOST}), address=ip_address("10.9.0.254")),
    Party("node", False, entities=frozenset({Entity.REMOTE_NODE})),
    _endpoint("health", "10.9.0.9", entity=Entity.HEALTH),
)

# --- terms -------------------------------------------------------------------------------------

_KEYS = (LabelKey("k8s", "a"), LabelKey("any", "b"), LabelKey("container", "b"))
_ATOMS = st.one_of(
    st.sampled_from(_KEYS).map(Has),
    st.builds(
        In, st.sampled_from(_KEYS), st.sampled_from([("x",), ("y", "z"), ("x", "y"), ("none",)])
    ),
)
_EXPRESSIONS = st.one_of(
    st.just(Everything()),
    _ATOMS,
    _ATOMS.map(Not),
    st.builds(lambda a, b: AllOf((a, b)), _ATOMS, _ATOMS),
    st.builds(lambda a, b: AnyOf((a, Not(b))), _ATOMS, _ATOMS),
)
_NETWORKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("0.0.0.0/0", ()),
    ("10.1.0.0/16", ()),
    ("10.1.0.0/16", ("10.1.2.0/24",)),
    ("10.1.2.0/24", ()),
    ("10.0.0.0/8", ("10.1.0.0/16",)),
    ("2001:db8::/32", ()),
    ("::/0", ("2001:db8::/32",)),
    ("10.9.0.0/24", ()),
)
_CIDRS = st.builds(
    lambda pair, every: Cidr(ip_network(pair[0]), tuple(map(ip_network, pair[1])), every),
    st.sampled_from(_NETWORKS),
    st.booleans(),
)
_ENDPOINTS: st.SearchStrategy[Term] = _EXPRESSIONS.map(EndpointTerm)
_ENTITIES = st.sampled_from(list(Entity)).map(EntityTerm)
_PEER_TERMS: st.SearchStrategy[Term] = st.one_of(
    _ENDPOINTS,
    _ENDPOINTS,
    _ENTITIES,
    _CIDRS,
    _ENDPOINTS.map(lambda term: NamedPort(term, "http", 6, 80)),
)
_SUBJECT_TERMS: st.SearchStrategy[Term] = st.one_of(
    _ENDPOINTS,
    _ENDPOINTS,
    st.sampled_from([Entity.ALL, Entity.CLUSTER, Entity.INIT]).map(EntityTerm),
    _ENDPOINTS.map(lambda term: NamedPort(term, "http", 6, 80)),
)


def _selectors(terms: st.SearchStrategy[Term]) -> st.SearchStrategy[Selector]:
    union = st.lists(terms, min_size=1, max_size=2).map(tuple)
    return st.one_of(union, union, union, st.just(ALL), st.just(()))


_PORTS = st.sampled_from(
    [
        PortRange(6, 80, 80),
        PortRange(6, 79, 81),
        PortRange(6, 0, 0),
        PortRange(6, 1000, 65535),
        PortRange(6),
        PortRange(17, 53, 53),
        PortRange(132, 80, 80),
        PortRange(1),
        PortRange(1, 8 << 8, 8 << 8 | 255),
        PortRange(58, 128 << 8, 128 << 8 | 255),
        PortRange(47),
        PortRange(0),
        PortRange(255),
    ]
)
_PORT_LISTS = st.one_of(st.none(), st.lists(_PORTS, min_size=0, max_size=3).map(tuple))

# --- policies ----------------------------------------------------------------------------------


@st.composite
def policies(draw: st.DrawFn, rules: int = 7) -> Policy:
    """A policy that may be lowered: nothing staged, no requests, no audits."""
    statements: list[Rule] = []
    blocks: dict[tuple[Tier, int], int] = {}
    number = 0
    for _ in range(draw(st.integers(0, rules))):
        tier = draw(st.sampled_from(Tier))
        actions = [Action.ALLOW, Action.DENY] + ([Action.PASS] if tier is not Tier.NORMAL else [])
        priority = 0 if tier is Tier.NORMAL else draw(st.integers(1, 2))
        block = 0
        if tier is not Tier.NORMAL:
            block = blocks[tier, priority] = blocks.get((tier, priority), 0) + 1
        length = 1 if tier is Tier.NORMAL else draw(st.integers(1, 3))
        for index in range(length):
            number += 1
            statements.append(
                rule(
                    number,
                    draw(st.sampled_from(actions)),
                    direction=draw(st.sampled_from(Direction)),
                    tier=tier,
                    place=(priority, block, index),
                    subject=draw(_selectors(_SUBJECT_TERMS)),
                    peers=draw(_selectors(_PEER_TERMS)),
                    ports=draw(_PORT_LISTS),
                    log=draw(st.booleans()),
                )
            )
    isolations = draw(
        st.lists(st.tuples(st.sampled_from(Direction), _selectors(_SUBJECT_TERMS)), max_size=2)
    )
    requirements = draw(
        st.lists(
            st.tuples(
                st.sampled_from(Direction), _selectors(_SUBJECT_TERMS), _selectors(_PEER_TERMS)
            ),
            max_size=2,
        )
    )
    return Policy(
        tuple(sorted(statements, key=lambda rule: rule.key)),
        tuple(Isolation(d, s, False, origin(100 + i)) for i, (d, s) in enumerate(isolations)),
        (),
        tuple(
            Requirement(d, s, p, False, origin(200 + i)) for i, (d, s, p) in enumerate(requirements)
        ),
        (),
        draw(st.sampled_from([Mode.DEFAULT, Mode.DEFAULT, Mode.ALWAYS, Mode.NEVER])),
        draw(st.booleans()),
    )


# --- flows -------------------------------------------------------------------------------------


def _services(policy: Policy) -> list[tuple[int, int]]:
    """(protocol, port) at and beside every boundary of the policy's ports."""
    found = {(6, 80), (6, 65535), (17, 0), (1, 8 << 8), (58, 128 << 8), (0, 0), (255, 0), (47, 0)}
    for rule in policy.rules:
        for ports in rule.ports or ():
            for port in (ports.low - 1, ports.low, ports.high, ports.high + 1):
                if 0 <= port <= 65535:
                    found.add((ports.protocol, port))
    return sorted(found)


def flows(policy: Policy, seed: int, count: int) -> Iterator[Flow]:
    """`count` flows of different parties, drawn evenly from all that lie at boundaries."""
    chosen = random.Random(seed)
    services = _services(policy)
    pairs = [(s, p) for s, p in product(SUBJECTS, PEERS) if s != p]
    for _ in range(count):
        subject, peer = chosen.choice(pairs)
        protocol, port = chosen.choice(services)
        family = chosen.choice((4, 6))
        portless = protocol not in (1, 6, 17, 58, 132)
        foreign = (protocol == 1 and family == 6) or (protocol == 58 and family == 4)
        if portless or foreign:
            port = 0
        yield Flow(subject, peer, chosen.choice(tuple(Direction)), family, protocol, port)


def longest(address: str, table: tuple[Network, ...]) -> Network:
    """The longest prefix of the table that an address is in."""
    host = ip_network(address)
    return max((n for n in table if contains(n, host)), key=lambda n: n.prefixlen)
