"""The meaning of a policy, written once over a small value algebra.

With Python's booleans (`decide`) it is the reference; with solver terms (`verify.encode`) it is the
encoding. A reading of a flow answers atoms (does the peer have this label, is its address in this prefix) in the
algebra's booleans; everything above the atoms is here and only here.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from typing import Protocol, TypeVar, assert_never

from msgspec import Struct
from msgspec.structs import replace

from cpc.compiler.policy.model import (
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
    LabelExpr,
    LabelKey,
    Matcher,
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
    ServiceTerm,
    Term,
    Tier,
)

__all__ = [
    "Algebra",
    "Decision",
    "Part",
    "PartyReading",
    "Reading",
    "Reason",
    "Verdict",
    "beyond_requirements",
    "decide_terms",
    "isolation_parts",
    "matches",
    "meets_requirement",
    "project_terms",
    "rule_parts",
    "selects",
    "takes_requirements",
    "without_staged",
]

B = TypeVar("B")
"""The algebra's booleans."""

B_co = TypeVar("B_co", covariant=True)

_ANY4 = IPv4Network("0.0.0.0/0")
_ANY6 = IPv6Network("::/0")


class Verdict(StrEnum):
    """What happens to a flow; `redirect` only as the projection over requests."""

    ALLOW = "allow"
    DENY = "deny"
    REDIRECT = "redirect"


class Reason(StrEnum):
    """Why: a rule, an isolation (default deny), the mode, the local host, the endpoint itself, a side
    that nobody manages, audit.
    """

    RULE = "rule"
    DEFAULT = "default"
    MODE = "mode"
    HOST = "host"
    SELF = "self"
    UNMANAGED = "unmanaged"
    AUDIT = "audit"


class Decision(Struct, frozen=True):
    """A verdict, the statement that decided it (None for mode, host, self, unmanaged), and why."""

    verdict: Verdict
    rule: Origin | None
    reason: Reason
    tier: Tier | None = None


class Part(StrEnum):
    """What of a rule has to hold for it to match a flow.

    `requirement` is what `require` statements add to a rule's peers.
    """

    DIRECTION = "direction"
    SUBJECT = "subject"
    PORT = "port"
    PEER = "peer"
    REQUIREMENT = "requirement"
    REQUEST = "request"


class Algebra(Protocol[B]):
    """Booleans. `every` and `some` may stop reading their values once the answer is known."""

    def const(self, value: bool) -> B: ...
    def every(self, values: Iterable[B]) -> B: ...
    def some(self, values: Iterable[B]) -> B: ...
    def negate(self, value: B) -> B: ...


class PartyReading(Protocol[B_co]):
    """The atoms about one party."""

    def managed(self) -> B_co: ...
    def entity(self, entity: Entity) -> B_co:
        """The basic fact, as in `Party.entities`; never asked for all, cluster or world-ipv*."""
        ...

    def has_key(self, key: LabelKey) -> B_co: ...
    def has_label(self, key: LabelKey, value: str) -> B_co: ...
    def in_network(self, network: Network) -> B_co: ...
    def resolves(self, fqdn: Fqdn) -> B_co: ...
    def backs(self, service: str) -> B_co: ...
    def has_port(self, name: str, protocol: int, port: int) -> B_co: ...


class Reading(Protocol[B_co]):
    """The atoms about one flow and one request."""

    @property
    def subject(self) -> PartyReading[B_co]: ...
    @property
    def peer(self) -> PartyReading[B_co]: ...

    def same_party(self) -> B_co: ...
    def direction(self, direction: Direction) -> B_co: ...
    def port_in(self, ports: PortRange) -> B_co: ...
    def request(self, matcher: Matcher) -> B_co: ...


# --- terms -------------------------------------------------------------------------------------


def _labels(alg: Algebra[B], party: PartyReading[B], expr: LabelExpr) -> B:
    match expr:
        case Everything():
            return alg.const(True)
        case Has(key):
            return party.has_key(key)
        case In(key, values):
            return alg.some(party.has_label(key, value) for value in values)
        case Not(operand):
            return alg.negate(_labels(alg, party, operand))
        case AllOf(operands):
            return alg.every(_labels(alg, party, o) for o in operands)
        case AnyOf(operands):
            return alg.some(_labels(alg, party, o) for o in operands)
        case _:
            assert_never(expr)


def _entity(alg: Algebra[B], party: PartyReading[B], entity: Entity) -> B:
    match entity:
        case Entity.ALL:
            return alg.const(True)
        case Entity.CLUSTER:
            nodes = (Entity.HOST, Entity.REMOTE_NODE, Entity.HEALTH, Entity.INIT)
            return alg.some([party.managed(), *(party.entity(e) for e in nodes)])
        case Entity.WORLD_IPV4:
            return alg.every([party.entity(Entity.WORLD), party.in_network(_ANY4)])
        case Entity.WORLD_IPV6:
            return alg.every([party.entity(Entity.WORLD), party.in_network(_ANY6)])
        case _:
            return party.entity(entity)


def matches(alg: Algebra[B], party: PartyReading[B], term: Term) -> B:
    """Whether one term matches a party."""
    match term:
        case EndpointTerm(expr):
            return alg.every([party.managed(), _labels(alg, party, expr)])
        case EntityTerm(entity):
            return _entity(alg, party, entity)
        case Cidr(network, excepts, scope_any):
            inside = [party.in_network(network)]
            inside += [alg.negate(party.in_network(e)) for e in excepts]
            if not scope_any:
                inside.append(party.entity(Entity.WORLD))
            return alg.every(inside)
        case Fqdn():
            return alg.every([party.entity(Entity.WORLD), party.resolves(term)])
        case ServiceTerm(name):
            return party.backs(name)
        case NamedPort(inner, name, protocol, port):
            return alg.every([matches(alg, party, inner), party.has_port(name, protocol, port)])
        case _:
            assert_never(term)


def selects(alg: Algebra[B], party: PartyReading[B], selector: Selector) -> B:
    """Whether a selector, the union of its terms, matches a party."""
    return alg.some(matches(alg, party, term) for term in selector)


def takes_requirements(term: Term) -> bool:
    """Whether `requires` narrows this peer term: label peers only."""
    if isinstance(term, NamedPort):
        return takes_requirements(term.term)
    return isinstance(term, EndpointTerm)


# --- the decision ------------------------------------------------------------------------------


def rule_parts(
    alg: Algebra[B], policy: Policy, reading: Reading[B], rule: Rule
) -> Iterator[tuple[Part, B]]:
    """Everything that must hold for one half to match, part by part, in the order of asking."""
    yield Part.DIRECTION, reading.direction(rule.direction)
    yield Part.SUBJECT, selects(alg, reading.subject, rule.subject)
    if rule.ports is not None:
        yield Part.PORT, alg.some(reading.port_in(p) for p in rule.ports)
    yield Part.PEER, selects(alg, reading.peer, rule.peers)
    if _is_required(policy, rule):
        yield Part.REQUIREMENT, _meets_requirements(alg, policy, reading, rule)
    if rule.l7 is not None:
        yield Part.REQUEST, alg.some(reading.request(m) for m in rule.l7.matchers)


def _rule_matches(alg: Algebra[B], policy: Policy, reading: Reading[B], rule: Rule) -> B:
    return alg.every(holds for _, holds in rule_parts(alg, policy, reading, rule))


def _is_required(policy: Policy, rule: Rule) -> bool:
    """Whether requirements narrow some peers of a rule: allow rules of policies only."""
    return (
        rule.tier is Tier.NORMAL
        and rule.action is Action.ALLOW
        and any(r.direction is rule.direction for r in policy.requirements)
        and any(map(takes_requirements, rule.peers))
    )


def _meets_requirements(alg: Algebra[B], policy: Policy, reading: Reading[B], rule: Rule) -> B:
    """A peer that a term selects which requirements leave alone, or one that meets them all."""
    free = selects(alg, reading.peer, beyond_requirements(rule.peers))
    asked = (r for r in policy.requirements if r.direction is rule.direction)
    return alg.some([free, alg.every(meets_requirement(alg, reading, r) for r in asked)])


def beyond_requirements(peers: Selector) -> Selector:
    """The terms of peers that requirements leave alone."""
    return tuple(term for term in peers if not takes_requirements(term))


def meets_requirement(alg: Algebra[B], reading: Reading[B], requirement: Requirement) -> B:
    """A requirement of the flow's direction is not about this subject, or the peer satisfies it."""
    return alg.some(
        [
            alg.negate(selects(alg, reading.subject, requirement.subject)),
            selects(alg, reading.peer, requirement.peers),
        ]
    )


def isolation_parts(
    alg: Algebra[B], reading: Reading[B], isolation: Isolation
) -> Iterator[tuple[Part, B]]:
    """What must hold for a default deny to be about a flow, part by part."""
    yield Part.DIRECTION, reading.direction(isolation.direction)
    yield Part.SUBJECT, selects(alg, reading.subject, isolation.subject)


_Guards = list[tuple[B, Decision]]


def _first(alg: Algebra[B], guards: Sequence[tuple[B, Decision]]) -> tuple[_Guards[B], B]:
    """Guards made exclusive by order, and the condition that none holds."""
    exclusive: _Guards[B] = []
    none = alg.const(True)
    for guard, decision in guards:
        exclusive.append((alg.every([none, guard]), decision))
        none = alg.every([none, alg.negate(guard)])
    return exclusive, none


def _tier(alg: Algebra[B], policy: Policy, reading: Reading[B], tier: Tier) -> tuple[_Guards[B], B]:
    """The guards of an ordered tier, and the condition that it does not decide.

    Within one block the first match in written order is the block's outcome; among the blocks of one
    priority deny wins over allow over pass, and of equals the first in the order of rules.
    """
    rules = [r for r in policy.rules if r.tier is tier]
    guards: _Guards[B] = []
    passed = alg.const(False)
    open_ = alg.const(True)
    for priority in sorted({r.priority for r in rules}):
        group = [r for r in rules if r.priority == priority]
        effective: list[tuple[B, Rule]] = []
        for block in sorted({r.block for r in group}):
            before = alg.const(False)
            for rule in sorted((r for r in group if r.block == block), key=lambda r: r.index):
                hit = _rule_matches(alg, policy, reading, rule)
                effective.append((alg.every([hit, alg.negate(before)]), rule))
                before = alg.some([before, hit])
        for action in (Action.DENY, Action.ALLOW, Action.PASS):
            chosen = sorted(
                (e for e in effective if e[1].action is action), key=lambda e: e[1].origin.order
            )
            for hit, rule in chosen:
                fires = alg.every([open_, hit])
                open_ = alg.every([open_, alg.negate(hit)])
                if action is Action.PASS:
                    passed = alg.some([passed, fires])
                else:
                    verdict = Verdict.DENY if action is Action.DENY else Verdict.ALLOW
                    guards.append((fires, Decision(verdict, rule.origin, Reason.RULE, tier)))
    return guards, alg.some([open_, passed])


def _normal(alg: Algebra[B], policy: Policy, reading: Reading[B]) -> tuple[_Guards[B], B]:
    """Deny, then allow, whatever the order; then isolation."""
    guards: _Guards[B] = []
    for action, verdict in ((Action.DENY, Verdict.DENY), (Action.ALLOW, Verdict.ALLOW)):
        guards += [
            (
                _rule_matches(alg, policy, reading, r),
                Decision(verdict, r.origin, Reason.RULE, Tier.NORMAL),
            )
            for r in policy.rules
            if r.tier is Tier.NORMAL and r.action is action
        ]
    guards += [
        (
            alg.every(holds for _, holds in isolation_parts(alg, reading, i)),
            Decision(Verdict.DENY, i.origin, Reason.DEFAULT, Tier.NORMAL),
        )
        for i in policy.isolations
    ]
    return _first(alg, guards)


def decide_terms(alg: Algebra[B], policy: Policy, reading: Reading[B]) -> list[tuple[B, Decision]]:
    """Exclusive guards, together true, each with what it decides: one side's steps."""
    ingress = reading.direction(Direction.INGRESS)
    unmanaged = alg.negate(reading.subject.managed())
    prelude: _Guards[B] = [
        (unmanaged, Decision(Verdict.ALLOW, None, Reason.UNMANAGED)),
        (reading.same_party(), Decision(Verdict.ALLOW, None, Reason.SELF)),
    ]
    if policy.allow_host:
        host = alg.every([ingress, reading.peer.entity(Entity.HOST)])
        prelude.append((host, Decision(Verdict.ALLOW, None, Reason.HOST)))
    mode = Verdict.DENY if policy.mode is Mode.ALWAYS else Verdict.ALLOW
    final = Decision(mode, None, Reason.MODE)
    outcome, none = _first(alg, prelude)
    enforced = without_staged(policy)
    if policy.mode is not Mode.NEVER:
        for guards, undecided in (
            _tier(alg, enforced, reading, Tier.ADMIN),
            _normal(alg, enforced, reading),
            _tier(alg, enforced, reading, Tier.BASELINE),
        ):
            outcome += [(alg.every([none, guard]), decision) for guard, decision in guards]
            none = alg.every([none, undecided])
    return _audited(alg, policy, reading, [*outcome, (none, final)])


def project_terms(
    alg: Algebra[B], policy: Policy, opaque: Reading[B], most: Reading[B]
) -> list[tuple[B, Decision]]:
    """The guards of a flow's verdict over all its requests, exclusive and together true.

    `opaque` reads the flow with no request part matching, `most` with each of them: only allow rules
    have request parts, so whatever any request is allowed, the latter is too.
    """
    denied = decide_terms(alg, policy, opaque)
    allowed = decide_terms(alg, policy, most)
    wholly = alg.some(guard for guard, d in denied if d.verdict is Verdict.ALLOW)
    partly = alg.some(guard for guard, d in allowed if d.verdict is Verdict.ALLOW)
    outcome = [(guard, d) for guard, d in denied if d.verdict is Verdict.ALLOW]
    outcome += [
        (alg.every([guard, alg.negate(partly)]), d)
        for guard, d in denied
        if d.verdict is Verdict.DENY
    ]
    outcome += [
        (alg.every([alg.negate(wholly), guard]), replace(d, verdict=Verdict.REDIRECT))
        for guard, d in allowed
        if d.verdict is Verdict.ALLOW
    ]
    return outcome


def _audited(
    alg: Algebra[B], policy: Policy, reading: Reading[B], outcome: _Guards[B]
) -> _Guards[B]:
    """Each deny of an audited subject becomes allow plus log; nobody else's decision changes."""
    if not policy.audits:
        return outcome
    audited = alg.some(selects(alg, reading.subject, a.subject) for a in policy.audits)
    split: _Guards[B] = []
    for guard, decision in outcome:
        if decision.verdict is not Verdict.DENY:
            split.append((guard, decision))
            continue
        logged = replace(decision, verdict=Verdict.ALLOW, reason=Reason.AUDIT)
        split.append((alg.every([guard, audited]), logged))
        split.append((alg.every([guard, alg.negate(audited)]), decision))
    return split


def without_staged(policy: Policy) -> Policy:
    """What is enforced: the policy without its staged rules, isolations and requirements."""
    return replace(
        policy,
        rules=tuple(r for r in policy.rules if not r.staged),
        isolations=tuple(i for i in policy.isolations if not i.staged),
        requirements=tuple(r for r in policy.requirements if not r.staged),
    )
