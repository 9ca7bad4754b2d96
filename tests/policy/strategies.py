"""Random policies, the parties around their boundaries, and flows between them.

`policies` draws what the model can say; `inventories` the parties of a policy, at least half of the
addresses on an edge of one of its prefixes; `flows` what passes between them, at least half of the
ports on an edge of a rule. Requests are in `tests/policy/request_strategies.py`.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address

from hypothesis import strategies as st
from msgspec import Struct

from cpc.compiler.policy.flow import Flow, Label, Party
from cpc.compiler.policy.model import (
    Action,
    Address,
    Audit,
    Cidr,
    Direction,
    Entity,
    Isolation,
    L7Match,
    Mode,
    NamedPort,
    Network,
    Origin,
    Policy,
    Requirement,
    Rule,
    Tier,
)
from cpc.compiler.source import Span
from tests.policy.reference import selected
from tests.policy.term_strategies import (
    NETWORKS,
    ODD_PROTOCOLS,
    PORT_EDGES,
    PORT_NAMES,
    SERVICES,
    label_sets,
    port_lists,
    selectors,
)

__all__ = [
    "EVERYTHING",
    "Shape",
    "address_edges",
    "flows",
    "inventories",
    "origin",
    "policies",
    "port_edges",
]


class Shape(Struct, frozen=True):
    """What a random policy may hold.

    `names` are FQDN patterns and services, which only the meaning knows so far; `l7` request parts.
    """

    rules: int = 8
    names: bool = True
    l7: st.SearchStrategy[L7Match] | None = None
    staged: bool = True
    audits: bool = True
    modes: tuple[Mode, ...] = (*(Mode.DEFAULT, Mode.ALWAYS) * 3, Mode.NEVER)


EVERYTHING = Shape()


def origin(number: int, name: str = "") -> Origin:
    """The place of statement `number`: files of eight lines, so that both parts of the order count."""
    file, line = divmod(number, 8)
    span = Span(f"random-{file}.cil", line * 10, line * 10 + 5, line + 1, 1)
    return Origin(name or f"s{number}", span, (file, line + 1, 1))


_usually: st.SearchStrategy[bool] = st.sampled_from([True] * 15 + [False])
"""False in one of sixteen draws."""

# --- policies ----------------------------------------------------------------------------------


class _Slot(Struct, frozen=True):
    """Where a rule stands in its tier."""

    tier: Tier
    priority: int = 0
    block: int = 0
    index: int = 0


@st.composite
def _slots(draw: st.DrawFn, most: int) -> list[_Slot]:
    """Rules of every tier; ordered tiers in blocks, often of one priority."""
    slots = [_Slot(Tier.NORMAL)] * draw(st.sampled_from((most // 2, most, 1, 0)))
    for tier in (Tier.ADMIN, Tier.BASELINE):
        sizes = draw(st.sampled_from(((), (1,), (2, 3), (3, 2, 3), (4,))))
        for block, size in enumerate(sizes):
            priority = draw(st.sampled_from((10, 10, 20)))
            slots += [_Slot(tier, priority, block, index) for index in range(size)]
    return slots


@st.composite
def _rules(draw: st.DrawFn, shape: Shape, slot: _Slot, number: int) -> Rule:
    allowed = (Action.ALLOW, Action.DENY) if slot.tier is Tier.NORMAL else tuple(Action)
    action = draw(st.sampled_from(allowed))
    l7 = None
    if shape.l7 is not None and action is Action.ALLOW:
        l7 = draw(st.one_of(st.none(), shape.l7, shape.l7))
    return Rule(
        direction=draw(st.sampled_from(Direction)),
        action=action,
        tier=slot.tier,
        priority=slot.priority,
        block=slot.block,
        index=slot.index,
        subject=draw(selectors(subject=True)),
        peers=draw(selectors(names=shape.names)),
        ports=draw(port_lists),
        l7=l7,
        staged=shape.staged and not draw(_usually),
        log=draw(st.booleans()),
        origin=origin(number),
    )


@st.composite
def policies(draw: st.DrawFn, shape: Shape = EVERYTHING) -> Policy:
    """A policy as `resolve` would hand it on: sorted, statements with places of their own."""
    slots = draw(_slots(shape.rules))
    rules = [draw(_rules(shape, slot, number)) for number, slot in enumerate(slots)]
    number = len(rules)

    def staged() -> bool:
        return shape.staged and not draw(_usually)

    def next_origin() -> Origin:
        nonlocal number
        number += 1
        return origin(number)

    subjects = selectors(subject=True)
    directions = st.sampled_from(Direction)
    return Policy(
        rules=tuple(sorted(rules, key=lambda r: r.key)),
        isolations=tuple(
            Isolation(draw(directions), draw(subjects), staged(), next_origin())
            for _ in range(draw(st.integers(0, 3)))
        ),
        requirements=tuple(
            Requirement(
                draw(directions),
                draw(subjects),
                draw(st.one_of(subjects, selectors(names=shape.names))),
                staged(),
                next_origin(),
            )
            for _ in range(draw(st.sampled_from((0, 0, 1, 2))))
        ),
        audits=tuple(
            Audit(draw(subjects), next_origin())
            for _ in range(draw(st.sampled_from((0, 0, 1))) if shape.audits else 0)
        ),
        mode=draw(st.sampled_from(shape.modes)),
        allow_host=draw(st.booleans()),
    )


# --- parties -----------------------------------------------------------------------------------


def _policy_networks(policy: Policy) -> list[Network]:
    found: list[Network] = []
    selected = [r.peers for r in policy.rules] + [r.peers for r in policy.requirements]
    for term in (term for selector in selected for term in selector):
        inner = term.term if isinstance(term, NamedPort) else term
        if isinstance(inner, Cidr):
            found += [inner.network, *inner.excepts]
    return found


def _edges(network: Network) -> list[Address]:
    """First and last address, and their neighbours outside."""
    make = IPv4Address if network.version == 4 else IPv6Address
    low, high = int(network.network_address), int(network.broadcast_address)
    last = 2 ** (32 if network.version == 4 else 128) - 1
    return [make(n) for n in (low - 1, low, high, high + 1) if 0 <= n <= last]


def address_edges(policy: Policy) -> set[Address]:
    """Addresses on an edge of one of the policy's prefixes; of the usual ones where it has none."""
    return {a for n in (_policy_networks(policy) or NETWORKS[1:]) for a in _edges(n)}


_KINDS: tuple[tuple[bool, frozenset[Entity]], ...] = (
    (False, frozenset({Entity.WORLD})),
    (False, frozenset({Entity.WORLD})),
    (False, frozenset({Entity.WORLD, Entity.KUBE_APISERVER})),
    (False, frozenset({Entity.HOST})),
    (False, frozenset({Entity.HOST, Entity.KUBE_APISERVER})),
    (False, frozenset({Entity.REMOTE_NODE})),
    (False, frozenset({Entity.UNMANAGED})),
    (False, frozenset()),
    (True, frozenset({Entity.HEALTH})),
)
"""Who is not a labelled endpoint: (managed, entities); no entity: unknown."""


@st.composite
def inventories(draw: st.DrawFn, policy: Policy, endpoints: int = 4) -> tuple[Party, ...]:
    """Parties with unique names and addresses: endpoints (some without labels), and one of every
    other kind; at least half of the addresses lie on an edge of one of the policy's prefixes.
    """
    edges = sorted(address_edges(policy), key=lambda a: (a.version, int(a)))
    anywhere = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))
    addresses = st.one_of(st.sampled_from(edges), st.sampled_from(edges), anywhere)
    named = st.frozensets(st.sampled_from(PORT_NAMES), max_size=2)
    services = st.frozensets(st.sampled_from(SERVICES), max_size=1)
    names = st.frozensets(st.sampled_from(("api.example.com", "a.b.example.com", "x.org")))
    parties: list[Party] = []
    taken: set[Address] = set()

    def add(name: str, managed: bool, labels: frozenset[Label], facts: frozenset[Entity]) -> None:
        address = draw(addresses)
        if address in taken:
            return
        taken.add(address)
        external = Entity.WORLD in facts
        parties.append(
            Party(
                name,
                managed,
                labels,
                facts,
                address,
                draw(named) if managed else frozenset(),
                draw(services) if managed else frozenset(),
                draw(names) if external else frozenset(),
            )
        )

    for number in range(draw(st.integers(2, endpoints))):
        labels = draw(label_sets)
        add(f"e{number}", True, labels, frozenset() if labels else frozenset({Entity.INIT}))
    for number, (managed, facts) in enumerate(_KINDS):
        add(f"other{number}", managed, frozenset(), facts)
    return tuple(parties)


# --- flows -------------------------------------------------------------------------------------


def port_edges(rules: Iterable[Rule]) -> list[tuple[int, int]]:
    """(protocol, port) at both ends of the rules' port ranges, and one outside."""
    ranges = {p for r in rules for p in r.ports or ()}
    return sorted(
        {
            (p.protocol, port)
            for p in ranges
            for port in (p.low - 1, p.low, p.high, p.high + 1)
            if 0 <= port <= 65535 and p.protocol not in ODD_PROTOCOLS
        }
    )


_services_anywhere = st.one_of(
    st.tuples(st.sampled_from((6, 17, 132)), st.sampled_from(PORT_EDGES)),
    st.tuples(st.sampled_from((1, 58)), st.sampled_from((0, 8 << 8, 128 << 8, 255 << 8 | 255))),
    st.tuples(st.sampled_from(ODD_PROTOCOLS), st.just(0)),
)


_flow_kinds = st.sampled_from([*("aimed",) * 11, *("any",) * 3, "self", "no side"])


@st.composite
def flows(draw: st.DrawFn, policy: Policy, parties: Sequence[Party]) -> Flow:
    """Traffic of one party with another, or rarely with itself; seldom of one without a side.

    Two of three flows aim at a rule: its direction, and where there are such a subject and peer of it.
    """
    kind = draw(_flow_kinds)
    managed = [p for p in parties if p.managed] or list(parties)
    subjects = list(parties) if kind == "no side" else managed
    peers = list(parties)
    direction = draw(st.sampled_from(Direction))
    edges = port_edges(policy.rules)
    if policy.rules and kind == "aimed":
        rule = draw(st.sampled_from(policy.rules))
        direction = rule.direction
        subjects = [p for p in subjects if selected(rule.subject, p)] or subjects
        peers = [p for p in peers if selected(rule.peers, p)] or peers
        edges = port_edges([rule]) or edges
    subject = draw(st.sampled_from(subjects))
    peers = [p for p in peers if p is not subject]
    peer = subject if kind == "self" or not peers else draw(st.sampled_from(peers))
    family = peer.address.version if peer.address is not None else 4
    services = (
        st.one_of(st.sampled_from(edges), _services_anywhere) if edges else _services_anywhere
    )
    protocol, port = draw(services)
    if (protocol == 1 and family == 6) or (protocol == 58 and family == 4):
        port = 0  # such a packet has no type and code of its own family
    return Flow(subject, peer, direction, family, protocol, port)
