"""The engine's findings on random policies, each held against z3."""

from collections.abc import Sequence

import z3
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace

from cpc.compiler.policy.model import Action, Mode, Policy, Rule
from cpc.compiler.verify.certify import SolverFlows
from cpc.compiler.verify.engine.analyse import analyse
from cpc.compiler.verify.findings import Finding, FindingKind
from tests.nightly import times
from tests.policy.resolving import clean
from tests.policy.strategies import Shape, policies

POLICIES = times(300, 10_000)
SHAPE = Shape(rules=6, staged=False, audits=False, modes=(Mode.DEFAULT, Mode.DEFAULT, Mode.ALWAYS))


def found_of(findings: Sequence[Finding], rule: Rule) -> set[FindingKind]:
    return {f.kind for f in findings if f.rule is rule}


EMPTY = {FindingKind.DEAD, FindingKind.SHADOWED, FindingKind.DUPLICATE}


@settings(max_examples=POLICIES, suppress_health_check=list(HealthCheck))
@given(policies(SHAPE))
def test_findings_are_those_of_the_solver(policy: Policy) -> None:
    findings = analyse(policy)
    assert not [f for f in findings if f.undecided]
    oracle = SolverFlows(policy)
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


def contested(policy: Policy, rule: Rule) -> bool:
    """Whether another block of the rule's priority has rules of its direction."""
    place = (rule.direction, rule.tier, rule.priority)
    return any(
        (r.direction, r.tier, r.priority) == place and r.block != rule.block for r in policy.rules
    )


@settings(max_examples=POLICIES, suppress_health_check=list(HealthCheck))
@given(policies(SHAPE))
def test_the_reported_set_can_be_removed_and_no_rule_beside_it(policy: Policy) -> None:
    findings = [f for f in analyse(policy, notes=False) if isinstance(f.rule, Rule)]
    oracle = SolverFlows(policy)
    before = oracle.allowed(policy)

    def change(first: z3.BoolRef, gone: Sequence[Rule]) -> bool:
        """Whether some verdict of the policy without those rules is not the first one."""
        return oracle.possible(first != oracle.allowed(without(policy, gone)))

    redundant = [f.rule for f in findings if f.kind is FindingKind.REDUNDANT]
    idle = [f.rule for f in findings if f.kind in EMPTY]
    gone = [
        r
        for r in (*redundant, *idle)
        if isinstance(r, Rule) and (r in redundant or not contested(policy, r))
    ]
    changed = change(before, gone)
    assert not changed, gone
    for rule in redundant:
        assert isinstance(rule, Rule)
        changed = change(before, [rule])
        assert not changed, rule
    for rule in policy.rules:
        if rule not in redundant and rule not in idle:
            needed = change(before, [rule]) or change(before, [*gone, rule])
            assert needed, rule


def test_a_pass_hides_the_rules_behind_it_from_another_block() -> None:
    text = """tier admin priority 10 { egress allow one: all -> { app = "db" } }
tier admin priority 10 { egress pass two: all -> all  egress deny three: all -> all }
mode always
"""
    redundant = [f.rule for f in analyse(clean(text)) if f.kind is FindingKind.REDUNDANT]
    assert not redundant  # without `two` a deny of its block would decide before `one`
