"""The engine's findings, and that there are no others, proved again by z3 alone."""

from collections.abc import Callable, Iterator, Sequence

import z3
from msgspec import Struct
from msgspec.structs import replace

from cpc.compiler.errors import InternalError
from cpc.compiler.policy.model import Action, Direction, Mode, Policy, Rule
from cpc.compiler.policy.semantics import Decision, Verdict, decide_terms, without_staged
from cpc.compiler.verify.encode import FlowVariables
from cpc.compiler.verify.encode_connection import one_source
from cpc.compiler.verify.encode_party import SOLVER
from cpc.compiler.verify.engine.boxes import TOO_MANY, space_of
from cpc.compiler.verify.engine.grid import Grid
from cpc.compiler.verify.findings import Finding, FindingKind
from cpc.compiler.verify.solve import Refuted, Unknown, never
from cpc.compiler.verify.vocabulary import policy_vocabulary

__all__ = ["Certificate", "SolverFlows", "certify"]

_EFFECTLESS = (FindingKind.DEAD, FindingKind.SHADOWED, FindingKind.DUPLICATE)
_PROVED = (*_EFFECTLESS, FindingKind.REDUNDANT)


class SolverUnknown(Exception):
    """The solver gave up; the message says why."""


class Certificate(Struct, frozen=True):
    """One half of a rule with what z3 says of it too: that it has `kinds`, and none of the other kinds
    `dead-rule`, `shadowed-rule`, `masked-duplicate` and `redundant-rule`.

    `missing`: why there is no proof. Of rules that meet request parts there is none.
    """

    rule: Rule
    kinds: tuple[FindingKind, ...]
    missing: str = ""


class SolverFlows:
    """Questions about the flows of one policy, those of a side with others, answered by z3 alone."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.flow = FlowVariables(policy_vocabulary(policy))
        self.world = z3.And(
            self.flow.consistent(),
            z3.Not(self.flow.same),
            one_source(self.flow.subject),
            one_source(self.flow.peer),
        )

    def possible(self, *conditions: z3.BoolRef) -> bool:
        """Whether some flow is so. SolverUnknown."""
        answer = never(self.world, *conditions)
        if isinstance(answer, Unknown):
            raise SolverUnknown(answer.why)
        return isinstance(answer, Refuted)

    def guards(self, policy: Policy) -> list[tuple[z3.BoolRef, Decision]]:
        """What a policy of the same words decides."""
        return decide_terms(SOLVER, policy, self.flow)

    def allowed(self, policy: Policy) -> z3.BoolRef:
        """What such a policy allows."""
        return z3.Or(*(g for g, d in self.guards(policy) if d.verdict is Verdict.ALLOW))

    def acts(self, rule: Rule) -> z3.BoolRef:
        """Where a rule decides; of a `pass`, where an allow in its place would."""
        placed = replace(rule, action=Action.ALLOW) if rule.action is Action.PASS else rule
        rules = tuple(placed if r is rule else r for r in self.policy.rules)
        guards = self.guards(replace(self.policy, rules=rules))
        return z3.Or(*(g for g, d in guards if d.rule == rule.origin))

    def contested(self, rule: Rule) -> bool:
        """Whether there is another block of the rule's priority."""
        return any(
            (r.tier, r.priority) == (rule.tier, rule.priority) and r.block != rule.block
            for r in self.policy.rules
        )

    def matches(self, rule: Rule) -> z3.BoolRef:
        """M(r): where the rule would decide if it were alone."""
        alone = replace(rule, action=Action.DENY if rule.action is Action.DENY else Action.ALLOW)
        lonely = replace(
            self.policy, rules=(alone,), isolations=(), allow_host=False, mode=Mode.DEFAULT
        )
        return z3.Or(*(g for g, d in self.guards(lonely) if d.rule == rule.origin))

    def without(self, gone: Sequence[Rule]) -> Policy:
        """The policy without some rules."""
        removed = set(map(id, gone))
        return replace(
            self.policy, rules=tuple(r for r in self.policy.rules if id(r) not in removed)
        )


def certify(policy: Policy, findings: Sequence[Finding]) -> Iterator[Certificate]:
    """A certificate for each half of a rule, given what `analyse` found in the open world.

    Each is proved over the statements that meet the half: the others say nothing about its flows.
    InternalError where the solver says otherwise.
    """
    policy = without_staged(policy)
    if policy.mode is Mode.NEVER:
        return
    policy = replace(policy, audits=())
    known: dict[tuple[object, Direction], set[FindingKind]] = {}
    for finding in findings:
        if finding.kind in _PROVED:
            key = (finding.rule.origin, finding.rule.direction)
            known.setdefault(key, set()).add(finding.kind)
    for direction in Direction:
        grid = Grid(policy, direction, space_of([policy]))
        yield from _side(grid, lambda r: known.get((r.origin, r.direction), set()), findings)


def _side(
    grid: Grid, found: Callable[[Rule], set[FindingKind]], findings: Sequence[Finding]
) -> Iterator[Certificate]:
    undecided = {(f.rule.origin, f.rule.direction) for f in findings if f.undecided}
    for number, rule in enumerate(grid.order.statements):
        if not isinstance(rule, Rule) or rule.named:
            continue
        kinds = found(rule)
        said = tuple(sorted(kinds))
        near = grid.only(grid.meeting(number))
        if rule not in near.rules:
            near = replace(near, rules=tuple(sorted((*near.rules, rule), key=lambda r: r.key)))
        if (rule.origin, rule.direction) in undecided:
            yield Certificate(rule, said, "the engine does not know either")
        elif grid.order.complex:
            yield Certificate(rule, said, f"expressions beside it {TOO_MANY}")
        elif any(r.l7 is not None for r in near.rules):
            yield Certificate(rule, said, "it meets request parts")
        else:
            try:
                wrong = _wrong(SolverFlows(near), rule, kinds, found)
            except SolverUnknown as unknown:
                yield Certificate(rule, said, f"the solver gave up: {unknown}")
                continue
            if wrong:
                raise InternalError(f"z3 says otherwise about {rule.origin}: {wrong}")
            yield Certificate(rule, said)


def _wrong(
    solver: SolverFlows,
    rule: Rule,
    kinds: set[FindingKind],
    found: Callable[[Rule], set[FindingKind]],
) -> str:
    """What the solver says otherwise; empty where it says the same."""
    dead = not solver.possible(solver.matches(rule))
    if dead is not (FindingKind.DEAD in kinds):
        return f"dead: {dead}"
    if dead or (rule.action is Action.PASS and solver.contested(rule)):
        return (
            ""  # among blocks of one priority a pass is the weakest: those of others decide first
        )
    effect = solver.possible(solver.acts(rule))
    if effect is not kinds.isdisjoint(_EFFECTLESS):
        return f"has an effect: {effect}"
    if rule.action is Action.PASS:
        return ""
    allowed = solver.allowed(solver.policy)
    if not effect:
        verdict = allowed if rule.action is Action.ALLOW else z3.Not(allowed)
        otherwise = solver.possible(solver.matches(rule), z3.Not(verdict))
        wrong = otherwise is not (FindingKind.SHADOWED in kinds)
        return f"decided otherwise: {otherwise}" if wrong else ""
    needed = solver.possible(allowed != solver.allowed(solver.without([rule])))
    if FindingKind.REDUNDANT in kinds:
        return "it is needed" if needed else ""
    if needed:
        return ""
    gone = [r for r in solver.policy.rules if r is not rule and found(r)]
    left = solver.allowed(solver.without(gone))
    together = solver.possible(left != solver.allowed(solver.without([*gone, rule])))
    return "" if together else "it is redundant"
