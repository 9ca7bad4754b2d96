"""Random policies of what a kind of objects can mostly say."""

from collections.abc import Sequence

from hypothesis import strategies as st
from msgspec.structs import replace

from cpc.compiler.exports.kinds import Kind
from cpc.compiler.policy.inventory import NAMESPACE_KEY, NAMESPACE_LABELS
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
    Fqdn,
    Has,
    In,
    Isolation,
    KafkaMatch,
    L7Match,
    LabelExpr,
    LabelKey,
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
from cpc.compiler.policy.resolve_labels import all_of, in_namespace, speaks_of_namespaces
from tests.policy.request_strategies import l7_matches
from tests.policy.strategies import origin
from tests.policy.term_strategies import NETWORKS

__all__ = ["policies"]

_NAMESPACE = LabelKey("k8s", NAMESPACE_KEY)
_IN_NAMESPACES: tuple[LabelExpr, ...] = (
    Has(_NAMESPACE),
    In(_NAMESPACE, ("one",)),
    In(_NAMESPACE, ("one", "two")),
    AllOf((Has(_NAMESPACE), Not(In(_NAMESPACE, ("two",))))),
    In(LabelKey("k8s", f"{NAMESPACE_LABELS}env"), ("prod",)),
    AllOf((Has(_NAMESPACE), Not(Has(LabelKey("k8s", f"{NAMESPACE_LABELS}env"))))),
)


def _expressions(sources: Sequence[str]) -> st.SearchStrategy[LabelExpr]:
    keys = [LabelKey(source, key) for source in sources for key in ("app", "env", "a.io/b")]
    leaves: st.SearchStrategy[LabelExpr] = st.one_of(
        st.builds(
            In, st.sampled_from(keys), st.sampled_from([("a",), ("a", "b"), ("",), ("1e3",)])
        ),
        st.builds(Has, st.sampled_from(keys)),
    )
    few = st.lists(st.one_of(leaves, leaves.map(Not)), min_size=1, max_size=2).map(tuple)
    composed: st.SearchStrategy[LabelExpr] = st.one_of(
        few.map(AllOf), few.map(AnyOf), few.map(lambda parts: Not(AllOf(parts)))
    )
    return st.one_of(leaves, leaves, composed, st.just(Everything()))


_K8S, _EVERY = _expressions(["k8s"]), _expressions(["k8s", "any", "container"])


# --- ports ---------------------------------------------------------------------------------------

_EDGES = (1, 80, 443, 8080, 65535)
_RANGES = [
    PortRange(protocol, low, high)
    for protocol in (6, 17, 132)
    for low in _EDGES
    for high in _EDGES
    if low <= high
]
_WHOLE = [PortRange(protocol) for protocol in (6, 17, 132)]
_TYPES = [PortRange(1, 8 << 8, 8 << 8 | 255), PortRange(58, 128 << 8, 129 << 8 | 255), PortRange(1)]


def _ports(ranges: Sequence[PortRange]) -> st.SearchStrategy[tuple[PortRange, ...] | None]:
    some = st.lists(st.sampled_from(ranges), min_size=1, max_size=3, unique=True).map(
        lambda found: tuple(sorted(found))
    )
    return st.one_of(st.none(), some)


_names = st.sampled_from(
    [(), (), (), (("http", (6,)),), (("dns", (6, 17, 132)),), (("http", (6,)), ("dns", (17,)))]
)


# --- policies ------------------------------------------------------------------------------------


@st.composite
def _cidrs(draw: st.DrawFn, scope_any: bool) -> Term:
    network = draw(st.sampled_from(NETWORKS))
    holes = [n for n in NETWORKS if n != network and n.version == network.version]
    inside = [n for n in holes if n.prefixlen > network.prefixlen and n[0] in network]
    chosen = draw(st.lists(st.sampled_from(inside), max_size=2, unique=True)) if inside else []
    ordered = sorted(chosen, key=lambda n: (int(n.network_address), n.prefixlen))
    return Cidr(network, tuple(ordered), scope_any)


_ENTITIES = {
    Kind.NETWORKPOLICY: (Entity.ALL, Entity.WORLD, Entity.WORLD_IPV4, Entity.WORLD_IPV6),
    Kind.CILIUM: tuple(Entity),
    Kind.CILIUM_JSON: tuple(Entity),
}


def _near(expr: LabelExpr, namespace: str) -> LabelExpr:
    """A peer of a policy of the namespace."""
    return expr if speaks_of_namespaces(expr) else in_namespace(expr, namespace)


def _satisfiable(match: L7Match) -> bool:
    """Whether each matcher may match something, as those of written policies do."""
    return all(not isinstance(m, KafkaMatch) or m.api_keys != frozenset() for m in match.matchers)


class _Normal:
    """Draws policies of the normal tier in one or two namespaces, or in none."""

    def __init__(self, draw: st.DrawFn, kind: Kind) -> None:
        self._draw = draw
        self._kind = kind
        self._kubernetes = kind is Kind.NETWORKPOLICY
        self._number = 0
        self._subjects: list[tuple[str, Selector]] = []

    def policy(self) -> Policy:
        draw = self._draw
        spaces = ("one", "two") if self._kubernetes else ("one", "two", "")
        namespaces = draw(st.lists(st.sampled_from(spaces), min_size=1, max_size=2, unique=True))
        for namespace in namespaces:
            self._subjects += [(namespace, self._subject(namespace)) for _ in range(3)]
        isolations = [self._isolation(n, s) for n, s in self._subjects]
        if self._kubernetes:
            everyone = [(EndpointTerm(in_namespace(Everything(), n)),) for n in namespaces]
            isolations = [
                Isolation(d, s, False, self._origin(n))
                for d in Direction
                for n, s in zip(namespaces, everyone, strict=True)
            ] + isolations
        rules = [self._rule() for _ in range(draw(st.integers(0, 5)))]
        requirements = []
        if not self._kubernetes and draw(st.booleans()):
            requirements = [self._requirement()]
        return Policy(
            tuple(sorted(rules, key=lambda r: r.key)), tuple(isolations), (), tuple(requirements)
        )

    def _origin(self, namespace: str) -> Origin:
        self._number += 1
        policy = f"p-{namespace}" if namespace else "p"
        return replace(origin(self._number), policy=policy, namespace=namespace)

    def _expression(self) -> LabelExpr:
        return self._draw(_K8S if self._kubernetes else _EVERY)

    def _subject(self, namespace: str) -> Selector:
        if not namespace and self._draw(st.integers(0, 3)) == 0:
            return self._draw(st.sampled_from([ALL, (EntityTerm(Entity.INIT),)]))
        expr = self._expression()
        return (EndpointTerm(in_namespace(expr, namespace) if namespace else expr),)

    def _isolation(self, namespace: str, subject: Selector) -> Isolation:
        direction = self._draw(st.sampled_from(Direction))
        return Isolation(direction, subject, False, self._origin(namespace))

    def _peers(self, namespace: str, direction: Direction, action: Action) -> Selector:
        draw = self._draw
        expr = self._expression()
        if draw(st.integers(0, 2)) == 0:
            expr = all_of(draw(st.sampled_from(_IN_NAMESPACES)), expr)
        endpoints = EndpointTerm(_near(expr, namespace) if namespace else expr)
        entities = st.sampled_from([EntityTerm(e) for e in _ENTITIES[self._kind]])
        terms: list[st.SearchStrategy[Term]] = [st.just(endpoints), entities, _cidrs(False)]
        if direction is Direction.EGRESS and action is Action.ALLOW and not self._kubernetes:
            terms.append(
                st.sampled_from([Fqdn(("api.example.com", "*.example.com")), Fqdn(("*",))])
            )
        return tuple(draw(st.lists(st.one_of(terms), min_size=1, max_size=2, unique=True)))

    def _rule(self) -> Rule:
        draw = self._draw
        namespace, subject = draw(st.sampled_from(self._subjects))
        direction = draw(st.sampled_from(Direction))
        actions = (Action.ALLOW,) if self._kubernetes else (Action.ALLOW, Action.DENY)
        action = draw(st.sampled_from(actions))
        ports = draw(_ports([*_RANGES, *_WHOLE, *([] if self._kubernetes else _TYPES)]))
        l7: L7Match | None = None
        if not self._kubernetes and action is Action.ALLOW and draw(st.booleans()):
            kinds = ("http", "grpc", "kafka") + ("dns",) * (direction is Direction.EGRESS)
            protocol = draw(st.sampled_from(kinds))
            l7 = draw(l7_matches(protocol).filter(_satisfiable))
            ports = (PortRange(17 if protocol == "dns" else 6, 80, 80),)
        return Rule(
            direction=direction,
            action=action,
            tier=Tier.NORMAL,
            priority=0,
            block=0,
            index=0,
            subject=subject,
            peers=self._peers(namespace, direction, action),
            ports=ports,
            l7=l7,
            staged=False,
            log=False,
            origin=self._origin(namespace),
            named=() if ports is None or l7 is not None else draw(_names),
        )

    def _requirement(self) -> Requirement:
        namespace, subject = self._draw(st.sampled_from(self._subjects))
        wanted = In(LabelKey("k8s", "env"), ("a",))
        peers = _near(wanted, namespace) if namespace else all_of(Has(_NAMESPACE), wanted)
        direction = self._draw(st.sampled_from(Direction))
        origin = self._origin(namespace)
        return Requirement(direction, subject, (EndpointTerm(peers),), False, origin)


class _Tiers:
    """Draws policies of tiers: blocks of one subject, and of several that agree."""

    def __init__(self, draw: st.DrawFn, kind: Kind) -> None:
        self._draw = draw
        self._kind = kind
        self._number = 0

    def policy(self) -> Policy:
        draw = self._draw
        rules: list[Rule] = []
        blocks = draw(st.integers(1, 4))
        baseline = self._pods()
        for block in range(blocks):
            tier = draw(st.sampled_from((Tier.ADMIN, Tier.ADMIN, Tier.BASELINE)))
            subject = self._pods() if tier is Tier.ADMIN or self._kind is Kind.CLUSTER else baseline
            several = draw(st.integers(0, 2)) == 0 and self._kind is Kind.CLUSTER
            agreed = several and draw(st.booleans())
            action = draw(st.sampled_from(Action)) if agreed else None
            for index in range(draw(st.integers(1, 3))):
                own = self._pods() if several else subject
                rules.append(self._rule(tier, block, index, own, action))
        return Policy(tuple(sorted(rules, key=lambda r: r.key)))

    def _pods(self) -> EndpointTerm:
        return EndpointTerm(all_of(self._draw(st.sampled_from(_IN_NAMESPACES)), self._draw(_K8S)))

    def _rule(
        self, tier: Tier, block: int, index: int, subject: Term, action: Action | None
    ) -> Rule:
        draw = self._draw
        self._number += 1
        plain = tier is Tier.BASELINE and self._kind is Kind.ADMIN
        if action is None:
            action = draw(st.sampled_from((Action.ALLOW, Action.DENY) if plain else tuple(Action)))
        direction = draw(st.sampled_from(Direction))
        terms: list[st.SearchStrategy[Term]] = [st.just(self._pods()), st.just(self._pods())]
        if direction is Direction.EGRESS:
            terms += [_cidrs(True), st.just(EntityTerm(Entity.ALL))]
        peers = draw(st.lists(st.one_of(terms), min_size=1, max_size=3, unique=True))
        if direction is Direction.EGRESS and draw(st.integers(0, 3)) == 0:
            peers += [EntityTerm(Entity.HOST), EntityTerm(Entity.REMOTE_NODE)]
        return Rule(
            direction=direction,
            action=action,
            tier=tier,
            priority=10 * block,
            block=block,
            index=index,
            subject=(subject,),
            peers=tuple(peers),
            ports=draw(_ports(_RANGES)),
            l7=None,
            staged=False,
            log=False,
            origin=origin(self._number),
        )


@st.composite
def policies(draw: st.DrawFn, kind: Kind) -> Policy:
    """A policy, most of which can be exported as `kind`."""
    if kind in (Kind.ADMIN, Kind.CLUSTER):
        return _Tiers(draw, kind).policy()
    return _Normal(draw, kind).policy()
