"""Mutants: policies that differ from a policy by one slip in one statement."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from cpc.compiler.policy.inventory import NAMESPACE_KEY
from cpc.compiler.policy.model import (
    ALL,
    Action,
    AllOf,
    Cidr,
    Direction,
    EndpointTerm,
    Everything,
    In,
    Isolation,
    LabelExpr,
    Matcher,
    NamedPort,
    Origin,
    Policy,
    PortRange,
    Protocol,
    Requirement,
    Rule,
    Selector,
    Term,
)
from cpc.compiler.policy.words import ports_words, term_words

__all__ = ["Mutant", "mutants"]

Statement: TypeAlias = Rule | Isolation | Requirement

_PORTED = (Protocol.TCP, Protocol.UDP, Protocol.SCTP)


class Mutant(Struct, frozen=True):
    """A slip in one written statement, both halves of a rule alike: what it is, and the policy with it."""

    statement: Statement
    what: str
    policy: Policy


def mutants(policy: Policy) -> Iterator[Mutant]:
    """Every mutant of the enforced statements, in their order; each differs from the policy."""
    written: dict[Origin, list[Rule]] = {}
    for rule in policy.rules:
        if not rule.staged:
            written.setdefault(rule.origin, []).append(rule)
    for halves in written.values():
        yield from _of_rule(policy, halves)
    for isolation in policy.isolations:
        if not isolation.staged:
            left = tuple(i for i in policy.isolations if i is not isolation)
            what = f"removed for {isolation.direction}"
            yield Mutant(isolation, what, replace(policy, isolations=left))
    for requirement in policy.requirements:
        if not requirement.staged:
            kept = tuple(r for r in policy.requirements if r is not requirement)
            yield Mutant(requirement, "removed", replace(policy, requirements=kept))


def _of_rule(policy: Policy, halves: list[Rule]) -> Iterator[Mutant]:
    first = halves[0]

    def changed(what: str, change: Callable[[Rule], Rule]) -> Iterator[Mutant]:
        rules = tuple(change(r) if r.origin == first.origin else r for r in policy.rules)
        if rules != policy.rules:
            yield Mutant(first, what, replace(policy, rules=rules))

    without = tuple(r for r in policy.rules if r.origin != first.origin)
    yield Mutant(first, "removed", replace(policy, rules=without))
    other = Action.ALLOW if first.action is Action.DENY else Action.DENY
    yield from changed(
        f"`{other}` instead of `{first.action}`", lambda r: replace(r, action=other, l7=None)
    )
    for ports in dict.fromkeys(p for rule in halves for p in rule.ports or ()):
        for moved in _moved(ports):
            yield from changed(
                f"`{ports_words([moved])}` instead of `{ports_words([ports])}`",
                partial(_with_ports, ports=ports, moved=moved),
            )
    for left in (True, False):
        for what, change in _of_side(halves, left):
            word = "left" if left else "right"
            yield from changed(
                f"{word} side {what}",
                partial(_with_side, left=left, change=change),
            )
    yield from _of_requests(first, changed)


def _moved(ports: PortRange) -> Iterator[PortRange]:
    """The range with one bound moved by one, outwards and inwards."""
    if ports.protocol not in _PORTED or (ports.low, ports.high) == (0, 65535):
        return
    if ports.low > 1:
        yield replace(ports, low=ports.low - 1)
    if ports.high < 65535:
        yield replace(ports, high=ports.high + 1)
    if ports.low < ports.high:
        yield replace(ports, low=ports.low + 1)
        yield replace(ports, high=ports.high - 1)


def _with_ports(rule: Rule, ports: PortRange, moved: PortRange) -> Rule:
    if rule.ports is None:
        return rule
    return replace(rule, ports=tuple(sorted(moved if p == ports else p for p in rule.ports)))


# --- sides -------------------------------------------------------------------------------------

_Change: TypeAlias = Callable[[Selector], Selector]


def _of_side(halves: list[Rule], left: bool) -> Iterator[tuple[str, _Change]]:
    """What can be dropped from one side of a rule, and what can be widened."""
    terms = dict.fromkeys(t for rule in halves for t in _side(rule, left))
    if len(terms) > 1:
        for term in terms:
            yield f"without `{term_words(term)}`", partial(_replaced, term=term, by=())
    for term in terms:
        for wider in _wider(term):
            yield (
                f"`{term_words(wider)}` instead of `{term_words(term)}`",
                partial(_replaced, term=term, by=(wider,)),
            )
    yield "everyone", lambda _: ALL


def _side(rule: Rule, left: bool) -> Selector:
    return rule.subject if left is (rule.direction is Direction.EGRESS) else rule.peers


def _with_side(rule: Rule, left: bool, change: _Change) -> Rule:
    if left is (rule.direction is Direction.EGRESS):
        return replace(rule, subject=change(rule.subject))
    return replace(rule, peers=change(rule.peers))


def _replaced(selector: Selector, term: Term, by: Selector) -> Selector:
    return tuple(new for old in selector for new in (by if old == term else (old,)))


def _wider(term: Term) -> Iterator[Term]:
    """A term with one condition less, one exception less, or a prefix shorter by a bit."""
    match term:
        case EndpointTerm(expr):
            for wider in _wider_labels(expr):
                yield EndpointTerm(wider)
        case Cidr(network, excepts, _):
            for hole in excepts:
                yield replace(term, excepts=tuple(e for e in excepts if e != hole))
            if network.prefixlen:
                yield replace(term, network=network.supernet())
        case NamedPort(inner, _, _, _):
            for other in _wider(inner):
                yield replace(term, term=other)
        case _:
            pass


def _wider_labels(expr: LabelExpr) -> Iterator[LabelExpr]:
    """Without one of the conditions; the namespace is its policy's, not a condition of the rule."""
    conditions = expr.operands if isinstance(expr, AllOf) else (expr,)
    for dropped in conditions:
        if isinstance(dropped, Everything):
            continue
        if isinstance(dropped, In) and dropped.key.key == NAMESPACE_KEY:
            continue
        kept = tuple(c for c in conditions if c != dropped)
        yield Everything() if not kept else kept[0] if len(kept) == 1 else AllOf(kept)


# --- requests ----------------------------------------------------------------------------------


def _of_requests(
    rule: Rule, changed: Callable[[str, Callable[[Rule], Rule]], Iterator[Mutant]]
) -> Iterator[Mutant]:
    if rule.l7 is None:
        return
    yield from changed("without its request part", lambda r: replace(r, l7=None))
    if len(rule.l7.matchers) > 1:
        for number, matcher in enumerate(rule.l7.matchers, 1):
            yield from changed(
                f"without matcher {number} of its request part",
                partial(_without_matcher, matcher=matcher),
            )


def _without_matcher(rule: Rule, matcher: Matcher) -> Rule:
    if rule.l7 is None:
        return rule
    kept = tuple(m for m in rule.l7.matchers if m != matcher)
    return replace(rule, l7=replace(rule.l7, matchers=kept))
