"""The engine's findings on random policies, each held against z3."""

from collections.abc import Sequence
from dataclasses import replace

import z3
from hypothesis import HealthCheck, given, settings

from cpc.compiler.policy.model import Action, Mode, Policy, Rule
from cpc.compiler.policy.semantics import Decision, Verdict, decide_terms
from cpc.compiler.verify.encode import FlowVariables
from cpc.compiler.verify.encode_party import SOLVER, PartyVariables
from cpc.compiler.verify.engine.analyse import analyse
from cpc.compiler.verify.findings import Finding, FindingKind
from cpc.compiler.verify.vocabulary import policy_vocabulary
from tests.policy.strategies import Shape, policies

SHAPE = Shape(rules=6, staged=False, audits=False, modes=(Mode.DEFAULT, Mode.DEFAULT, Mode.ALWAYS))


def one_source(party: PartyVariables) -> z3.BoolRef:
    """A key has one source in one endpoint's labels."""
    by_key: dict[str, list[z3.BitVecRef]] = {}
    for (_, key), variable in party.labels.items():
        by_key.setdefault(key, []).append(variable)
    return z3.And(*(z3.AtMost(*(v != 0 for v in variables), 1) for variables in by_key.values()))


class Oracle:
    """Questions about one policy, answered by z3 alone."""

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
        solver = z3.Solver()
        solver.add(self.world, *conditions)
        answer = solver.check()
        assert answer != z3.unknown
        return bool(answer == z3.sat)

    def guards(self, policy: Policy) -> list[tuple[z3.BoolRef, Decision]]:
        return decide_terms(SOLVER, policy, self.flow)

    def allowed(self, policy: Policy) -> z3.BoolRef:
        return z3.Or(*(g for g, d in self.guards(policy) if d.verdict is Verdict.ALLOW))

    def acts(self, rule: Rule) -> z3.BoolRef:
        """Where a rule decides; of a `pass`, where an allow in its place would."""
        placed = replace(rule, action=Action.ALLOW) if rule.action is Action.PASS else rule
        rules = tuple(placed if r is rule else r for r in self.policy.rules)
        if rule.action is Action.PASS:
            # Among blocks of one priority a pass is the weakest: those of others decide first.
            assert not self.contested(rule)
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
            self.policy,
            rules=(alone,),
            isolations=(),
            allow_host=False,
            mode=Mode.DEFAULT,
        )
        return z3.Or(*(g for g, d in self.guards(lonely) if d.rule == rule.origin))


def found_of(findings: Sequence[Finding], rule: Rule) -> set[FindingKind]:
    return {f.kind for f in findings if f.rule is rule}


EMPTY = {FindingKind.DEAD, FindingKind.SHADOWED, FindingKind.DUPLICATE}


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(policies(SHAPE))
def test_findings_are_those_of_the_solver(policy: Policy) -> None:
    findings = analyse(policy)
    assert not [f for f in findings if f.undecided]
    oracle = Oracle(policy)
    allowed = oracle.allowed(policy)
    for rule in policy.rules:
        kinds = found_of(findings, rule)
        dead = not oracle.possible(oracle.matches(rule))
        assert (FindingKind.DEAD in kinds) == (dead and not rule.named), (rule, kinds)
        if dead or (rule.action is Action.PASS and oracle.contested(rule)):
            continue
        effect = oracle.possible(oracle.acts(rule))
        assert (not effect) == bool(kinds & EMPTY), (rule, kinds)
        if rule.action is Action.PASS:
            continue
        verdict = allowed if rule.action is Action.ALLOW else z3.Not(allowed)
        if not effect:
            otherwise = oracle.possible(oracle.matches(rule), z3.Not(verdict))
            assert (FindingKind.SHADOWED in kinds) == otherwise, (rule, kinds)


def without(policy: Policy, gone: Sequence[Rule]) -> Policy:
    return replace(policy, rules=tuple(r for r in policy.rules if r not in gone))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(policies(SHAPE))
def test_the_reported_set_can_be_removed_and_no_rule_beside_it(policy: Policy) -> None:
    findings = analyse(policy, notes=False)
    gone = [f.rule for f in findings if f.kind in EMPTY | {FindingKind.REDUNDANT}]
    rules = [r for r in gone if isinstance(r, Rule)]
    oracle = Oracle(policy)
    before = oracle.allowed(policy)
    assert not oracle.possible(before != oracle.allowed(without(policy, rules)))
    for finding in findings:
        if finding.kind is FindingKind.REDUNDANT and isinstance(finding.rule, Rule):
            alone = without(policy, [finding.rule])
            assert not oracle.possible(before != oracle.allowed(alone))
    left = [r for r in policy.rules if r not in rules]
    kept = without(policy, rules)
    for rule in left:
        lone = oracle.possible(before != oracle.allowed(without(policy, [rule])))
        together = oracle.possible(before != oracle.allowed(without(kept, [rule])))
        assert lone or together, rule
