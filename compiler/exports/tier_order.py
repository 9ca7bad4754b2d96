"""Rules of tiers as objects with priorities: each block by subject, where that keeps its order.

Kubernetes leaves open which of several objects of one priority decides, so rules of different
actions must not match the same traffic there, unless they stand in one object.
"""

from msgspec import Struct, field

from cpc.compiler.diagnostics import Label
from cpc.compiler.exports.conjunctions import alternatives, disjoint
from cpc.compiler.exports.pods import Pods, pods_of
from cpc.compiler.exports.refusals import Refusals
from cpc.compiler.policy.model import Direction, EndpointTerm, PortRange, Rule, Selector, Tier

__all__ = ["Ordered", "ordered"]


class Ordered(Struct):
    """An object of a tier: rules of one subject that are asked in order."""

    tier: Tier
    priority: int
    subject: Pods
    rules: list[Rule] = field(default_factory=list)

    def of(self, direction: Direction) -> list[Rule]:
        """The rules of a direction in their order."""
        return [r for r in self.rules if r.direction is direction]


def ordered(rules: list[Rule], refusals: Refusals) -> list[Ordered]:
    """The objects of tiered rules in the order they are asked; refusals are CPC852 and CPC859."""
    found: dict[tuple[Tier, int, int, Pods], Ordered] = {}
    for rule in sorted(rules, key=lambda r: (r.tier, r.priority, r.block, r.index)):
        for term in rule.subject:
            for pods in pods_of(term, rule.origin, refusals, "CPC852"):
                key = (rule.tier, rule.priority, rule.block, pods)
                object = found.setdefault(key, Ordered(rule.tier, rule.priority, pods))
                if rule not in object.rules:
                    object.rules.append(rule)
    objects = list(found.values())
    for number, first in enumerate(objects):
        for second in objects[number + 1 :]:
            if (first.tier, first.priority) == (second.tier, second.priority):
                _check(first, second, refusals)
    return objects


def _check(first: Ordered, second: Ordered, refusals: Refusals) -> None:
    """Refuses two objects of one priority whose rules may disagree about some traffic."""
    if disjoint(first.subject.all(), second.subject.all()):
        return
    for rule in first.rules:
        for other in second.rules:
            if rule.direction is not other.direction or rule.action is other.action:
                continue
            if _may_meet(rule, other):
                refusals.refuse(
                    "CPC859",
                    f"{refusals.what} of its own is needed for this subject, and which of two with "
                    "one priority decides is left open",
                    other.origin,
                    "move it into a block with another priority",
                    (Label(rule.origin.span, "decides otherwise about the same traffic"),),
                )
                return


def _may_meet(rule: Rule, other: Rule) -> bool:
    """Whether traffic may match both, their subjects aside."""
    named = rule.named or other.named
    return bool(named or _ports_meet(rule.ports, other.ports)) and _peers_meet(
        rule.peers, other.peers
    )


def _ports_meet(left: tuple[PortRange, ...] | None, right: tuple[PortRange, ...] | None) -> bool:
    if left is None or right is None:
        return True
    return any(
        a.protocol == b.protocol and a.low <= b.high and b.low <= a.high
        for a in left
        for b in right
    )


def _peers_meet(left: Selector, right: Selector) -> bool:
    for a in left:
        for b in right:
            if not (isinstance(a, EndpointTerm) and isinstance(b, EndpointTerm)):
                return True
            some, others = alternatives(a.expr), alternatives(b.expr)
            if some is None or others is None:
                return True
            if any(not disjoint(c, d) for c in some for d in others):
                return True
    return False
