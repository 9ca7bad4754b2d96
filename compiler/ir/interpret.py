"""The IR run on numbers: the meaning of a `Program`, and the names of what it decided.

An endpoint's connection to itself is none of the program's business: the datapath and every caller
allow it before they ask.
"""

from bisect import bisect_right
from collections.abc import Iterator

from msgspec import Struct

from cpc.compiler.errors import InternalError
from cpc.compiler.ir.nodes import (
    ANY,
    Clause,
    Decision,
    Group,
    Leaf,
    Program,
    RuleEntry,
    Step,
    StepVerdict,
)
from cpc.compiler.policy.model import Direction
from cpc.compiler.policy.semantics import Verdict

__all__ = ["Outcome", "Sites", "interpret", "leaf_of", "name"]

_PREFERENCE = (StepVerdict.DENY, StepVerdict.ALLOW, StepVerdict.PASS)


class Outcome(Struct, frozen=True):
    """A verdict, the site of the step that gave it, whether it is logged, and the rule it names."""

    verdict: Verdict
    site: int
    log: bool
    rule: int


class _Facts(Struct, frozen=True):
    """What a clause is tested against; `bound`: the peer meets the subject's requirements."""

    subject: int
    peer: int
    bound: bool

    def clause(self, step: Step) -> Clause | None:
        """The first clause of a step that fires."""
        return next((c for c in step.clauses if self._fires(c)), None)

    def _fires(self, clause: Clause) -> bool:
        return (
            _has(self.subject, clause.subject)
            and _meets(self.peer, clause.peers)
            and (self.bound or not clause.required)
        )


def _has(bits: int, bit: int) -> bool:
    return bit == ANY or bool(bits >> bit & 1)


def _meets(bits: int, mask: int) -> bool:
    return mask == ANY or bool(bits & mask)


def _facts(decision: Decision, subject_bits: int, peer_bits: int) -> _Facts:
    bound = all(
        not _has(subject_bits, subject) or _meets(peer_bits, peers)
        for subject, peers in decision.requirements
    )
    return _Facts(subject_bits, peer_bits, bound)


def leaf_of(decision: Decision, key: int) -> Leaf:
    """The leaf that decides a service key."""
    return decision.leaves[decision.index[bisect_right(decision.starts, key) - 1]]


def interpret(
    program: Program, direction: Direction, subject_bits: int, peer_bits: int, key: int
) -> Outcome:
    """What the program decides about one flow of an endpoint with another party."""
    decision = program.decision(direction)
    facts = _facts(decision, subject_bits, peer_bits)
    for step in _fired(leaf_of(decision, key), facts):
        clause = facts.clause(step)
        if clause is not None and step.verdict is not StepVerdict.PASS:
            verdict = Verdict.ALLOW if step.verdict is StepVerdict.ALLOW else Verdict.DENY
            return Outcome(verdict, step.site, step.log, clause.rule)
    raise InternalError("the last step of a leaf does not fire")


def _fired(leaf: Leaf, facts: _Facts) -> Iterator[Step]:
    """The steps that fire, tier by tier; a tier is left after a PASS."""
    yield from (s for s in leaf.prelude if facts.clause(s))
    yield from _tier(leaf.admin, facts)
    yield from (s for s in leaf.normal if facts.clause(s))
    yield from _tier(leaf.baseline, facts)
    yield leaf.final


def _tier(groups: tuple[Group, ...], facts: _Facts) -> Iterator[Step]:
    for group in groups:
        outcomes = [next((s for s in block if facts.clause(s)), None) for block in group]
        fired = [step for step in outcomes if step is not None]
        if fired:
            yield min(fired, key=lambda step: _PREFERENCE.index(step.verdict))
            return


class Sites:
    """The steps of a program by site, for whoever names many verdicts."""

    def __init__(self, program: Program) -> None:
        self._rules = program.rules
        self._steps = {
            step.site: (decision, step)
            for decision in (program.ingress, program.egress)
            for leaf in decision.leaves
            for step in leaf.steps()
        }

    def __contains__(self, site: int) -> bool:
        return site in self._steps

    def name(self, site: int, subject_bits: int, peer_bits: int) -> RuleEntry | None:
        """The rule that a verdict of `site` names for a flow of these parties.

        None where there is no such site, or where no clause of it fires: the bits are not those that
        the verdict was given for.
        """
        found = self._steps.get(site)
        if found is None:
            return None
        decision, step = found
        clause = _facts(decision, subject_bits, peer_bits).clause(step)
        return None if clause is None else self._rules[clause.rule]


def name(program: Program, site: int, subject_bits: int, peer_bits: int) -> RuleEntry | None:
    """`Sites(program).name(...)`, for one verdict."""
    return Sites(program).name(site, subject_bits, peer_bits)
