"""Why a side says what it says, and what would have to change for it to say otherwise."""

from msgspec import Struct
from msgspec.structs import replace

from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.model import Action, Origin, Policy, Rule
from cpc.compiler.policy.semantics import Decision, Part, Verdict
from cpc.compiler.policy.trace import Considered, SideTrace, Standing, Trace

__all__ = ["SideReason", "Why", "why"]


class SideReason(Struct, frozen=True):
    """What one side's verdict rests on.

    `chain` are the decisions as the deciding rules are taken away, one after another: the first is the
    side's own, and only the last may have another verdict. `nearest` are the allow rules of which the
    fewest parts miss, in order, where the side denies.
    """

    side: SideTrace
    chain: tuple[Decision, ...]
    nearest: tuple[Considered, ...]


class Why(Struct, frozen=True):
    """A traced connection with the reasons of each side that makes the verdict."""

    trace: Trace
    reasons: tuple[SideReason, ...]


def why(policy: Policy, traced: Trace) -> Why:
    """The reasons of the sides that make the verdict of a connection."""
    verdict = traced.outcome.verdict
    sides = [side for side in traced.sides if side.decision.verdict is verdict]
    return Why(traced, tuple(_reason(policy, side, traced) for side in sides))


def _reason(policy: Policy, side: SideTrace, traced: Trace) -> SideReason:
    chain = [side.decision]
    left = policy
    while chain[-1].verdict is side.decision.verdict and _is_rule(left, chain[-1].rule):
        left = replace(left, rules=tuple(r for r in left.rules if r.origin != chain[-1].rule))
        chain.append(decide(left, side.flow, traced.request))
    denied = side.decision.verdict is Verdict.DENY
    return SideReason(side, tuple(chain), _nearest(side) if denied else ())


def _is_rule(policy: Policy, origin: Origin | None) -> bool:
    return origin is not None and any(rule.origin == origin for rule in policy.rules)


def _nearest(side: SideTrace) -> tuple[Considered, ...]:
    """The allow rules that come nearest to the flow; one that is staged lacks one thing more."""
    found = [
        one
        for one in side.considered
        if isinstance(one.statement, Rule)
        and one.statement.action is Action.ALLOW
        and one.standing in (Standing.MISSES, Standing.STAGED)
    ]
    least = min(map(_distance, found), default=None)
    return tuple(one for one in found if _distance(one) == least)


def _distance(one: Considered) -> tuple[int, bool]:
    """How much has to change; of equals, a rule about other endpoints is further away."""
    staged = one.statement.staged
    return len(one.missed) + staged, Part.SUBJECT in one.missed
