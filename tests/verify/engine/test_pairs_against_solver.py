"""What the engine says about two rules of random policies, each held against z3."""

from collections import Counter
from collections.abc import Callable

import z3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cpc.compiler.policy.model import Action, EntityTerm, Mode, Policy, Rule, Tier
from cpc.compiler.policy.model import Entity as E
from cpc.compiler.policy.semantics import Verdict
from cpc.compiler.verify.certify import SolverFlows
from cpc.compiler.verify.engine.analyse import analyse
from cpc.compiler.verify.findings import OVERLAPS, FindingKind
from tests.policy.request_strategies import independent_matches, l7_matches
from tests.policy.resolving import clean
from tests.policy.strategies import Shape, policies
from tests.verify.engine.test_against_solver import EMPTY, POLICIES, contested, found_of

SHAPE = Shape(rules=6, names=False, staged=False, audits=False, modes=(Mode.DEFAULT, Mode.ALWAYS))
L7 = st.one_of(independent_matches, l7_matches("kafka"))
EVERYONE = (EntityTerm(E.ALL),)

SEEN: Counter[FindingKind] = Counter()

Others = dict[FindingKind, list[Rule]]


def check(
    policy: Policy, kinds: frozenset[FindingKind], expected: Callable[[Rule], Others]
) -> None:
    """Findings of these kinds name exactly the rules that are expected."""
    findings = analyse(policy)
    assert not [f for f in findings if f.undecided]
    for rule in policy.rules:
        said: dict[FindingKind, set[int]] = {}
        for finding in findings:
            if finding.rule is rule and finding.kind in kinds:
                said.setdefault(finding.kind, set()).update(map(id, finding.others))
        wanted: Others = {}
        if found_of(findings, rule).isdisjoint(EMPTY) or FindingKind.AMBIGUOUS in kinds:
            wanted = expected(rule)
        names = {kind: [o.origin.name for o in others] for kind, others in wanted.items()}
        assert said == {kind: set(map(id, o)) for kind, o in wanted.items()}, (rule, names)
        SEEN.update(wanted.keys())


def place(rule: Rule) -> tuple[int, ...]:
    """Where a rule stands among those of its direction."""
    if rule.tier is Tier.NORMAL:
        return (rule.tier, rule.action is not Action.DENY, *rule.origin.order)
    return (rule.tier, rule.priority, rule.block, rule.index)


def may_decide_before(other: Rule, rule: Rule) -> bool:
    """Whether a rule that decides otherwise can take flows of another one."""
    if other.tier is not rule.tier:
        return other.tier < rule.tier
    if rule.tier is Tier.NORMAL:
        return other.action is Action.DENY
    return (
        (other.priority, other.block) == (rule.priority, rule.block)
        and (other.index < rule.index)
        or other.priority < rule.priority
        or (other.priority == rule.priority and other.block != rule.block)
    )


def widened(policy: Policy, number: int) -> Policy:
    """A policy of which one rule is about everyone and all that they send."""
    rules = list(policy.rules)
    if rules:
        rule = rules[number % len(rules)]
        rules[number % len(rules)] = replace(rule, subject=EVERYONE, peers=EVERYONE, ports=None)
    return replace(policy, rules=tuple(rules))


def varied(shape: Shape) -> st.SearchStrategy[Policy]:
    """Policies of a shape, half of them with a rule that meets many others."""
    drawn = policies(shape)
    return drawn | st.builds(widened, drawn, st.integers(0, shape.rules - 1))


@settings(max_examples=POLICIES // 2, suppress_health_check=list(HealthCheck))
@given(varied(SHAPE))
def check_overlaps(policy: Policy) -> None:
    oracle = SolverFlows(policy)
    findings = analyse(policy, notes=False)
    idle = [
        r
        for r in policy.rules
        if not found_of(findings, r).isdisjoint(EMPTY) and not contested(policy, r)
    ]

    def expected(rule: Rule) -> Others:
        found: Others = {}
        for other in policy.rules:
            deciding = {rule.action, other.action} == {Action.ALLOW, Action.DENY}
            if not deciding or other.direction is not rule.direction or other in idle:
                continue
            one, two = oracle.matches(rule), oracle.matches(other)
            if not may_decide_before(other, rule) or not oracle.possible(one, two):
                continue
            if other.tier is not rule.tier:
                kind = FindingKind.PARTIAL
            elif not oracle.possible(two, z3.Not(one)):
                kind = FindingKind.GENERALISATION
            elif not oracle.possible(one, z3.Not(two)):
                continue
            else:
                kind = FindingKind.CORRELATION
            found.setdefault(kind, []).append(other)
        return found

    check(policy, OVERLAPS, expected)


@settings(max_examples=POLICIES // 2, suppress_health_check=list(HealthCheck))
@given(varied(replace(SHAPE, rules=12)))
def check_ambiguous(policy: Policy) -> None:
    oracle = SolverFlows(policy)

    def group(rule: Rule) -> list[Rule]:
        key = (rule.direction, rule.tier, rule.priority)
        return [r for r in policy.rules if (r.direction, r.tier, r.priority) == key]

    def reached(rule: Rule) -> z3.BoolRef:
        """Where nothing decides before the rule's priority: a rule about everything would decide there."""
        probe = replace(rule, action=Action.ALLOW, subject=EVERYONE, peers=EVERYONE, ports=None)
        rules = (*(r for r in policy.rules if r not in group(rule)), probe)
        ordered = tuple(sorted(rules, key=lambda r: r.key))
        guards = oracle.guards(replace(policy, rules=ordered))
        return z3.Or(*(g for g, d in guards if d.rule == rule.origin))

    def first(rule: Rule) -> z3.BoolRef:
        rivals = [r for r in group(rule) if r.block == rule.block and r.index < rule.index]
        return z3.And(oracle.matches(rule), *(z3.Not(oracle.matches(r)) for r in rivals))

    def expected(rule: Rule) -> Others:
        if rule.tier is Tier.NORMAL:
            return {}
        found = [
            other
            for other in group(rule)
            if other.block < rule.block
            and other.action is not rule.action
            and oracle.possible(first(rule), first(other), reached(rule))
        ]
        return {FindingKind.AMBIGUOUS: found} if found else {}

    check(policy, frozenset({FindingKind.AMBIGUOUS}), expected)


@settings(max_examples=POLICIES // 2, suppress_health_check=list(HealthCheck))
@given(varied(replace(SHAPE, l7=L7)))
def check_requests(policy: Policy) -> None:
    plain = {id(r): replace(r, l7=None) for r in policy.rules}
    oracle = SolverFlows(replace(policy, rules=tuple(plain.values())))

    def open_to_both(one: Rule, other: Rule) -> bool:
        """Whether some flow of both is allowed by a rule, where no other rule sees its request."""
        rules = tuple(plain[id(r)] for r in policy.rules if r.l7 is None or r in (one, other))
        guards = oracle.guards(replace(policy, rules=rules))
        allowed = z3.Or(
            *(g for g, d in guards if d.verdict is Verdict.ALLOW and d.rule is not None)
        )
        both = (oracle.matches(plain[id(r)]) for r in (one, other))
        return oracle.possible(allowed, *both)

    def expected(rule: Rule) -> Others:
        if rule.action is not Action.ALLOW:
            return {}
        others = [
            r
            for r in policy.rules
            if r is not rule and r.direction is rule.direction and r.l7 is not None
        ]
        kind = FindingKind.L7_BYPASS
        if rule.l7 is not None:
            kind, part = FindingKind.L7_OVERLAP, rule.l7
            others = [
                r
                for r in others
                if r.l7 is not None and r.l7.protocol != part.protocol and place(r) < place(rule)
            ]
        found = [other for other in others if open_to_both(rule, other)]
        return {kind: found} if found else {}

    check(policy, frozenset({FindingKind.L7_BYPASS, FindingKind.L7_OVERLAP}), expected)


def test_overlaps_are_those_of_the_solver() -> None:
    SEEN.clear()
    check_overlaps()
    assert all(SEEN[kind] > 2 for kind in OVERLAPS), SEEN


def test_contradictions_are_those_of_the_solver() -> None:
    SEEN.clear()
    check_ambiguous()
    assert SEEN[FindingKind.AMBIGUOUS] > 2, SEEN


def test_what_rules_of_requests_do_to_each_other_is_what_the_solver_says() -> None:
    SEEN.clear()
    check_requests()
    assert SEEN[FindingKind.L7_BYPASS] > 2 and SEEN[FindingKind.L7_OVERLAP] > 2, SEEN


def kinds_of(text: str) -> dict[str, set[FindingKind]]:
    """What is found about each rule of a policy."""
    found: dict[str, set[FindingKind]] = {}
    for finding in analyse(clean(text)):
        found.setdefault(finding.rule.origin.name, set()).add(finding.kind)
    return found


def test_blocks_contradict_each_other_behind_a_pass_of_the_admin_tier() -> None:
    text = """endpoints web = { app = "web" }
tier admin priority 5 { ingress pass others: all -> all }
baseline priority 10 { ingress allow one: all -> web }
baseline priority 10 { ingress deny two: all -> web }
"""
    assert FindingKind.AMBIGUOUS in kinds_of(text)["two"]


def test_a_rule_with_one_part_inside_is_no_exception_to_the_whole() -> None:
    text = """endpoints web = { app = "web" }
endpoints db = { app = "db" }
default deny ingress for web
ingress deny narrow: 10.0.0.0/9, db -> web tcp/80
ingress allow wide: 10.0.0.0/8, { app = "cache" } -> web
"""
    assert kinds_of(text) == {"wide": {FindingKind.CORRELATION}}


def test_an_exception_may_lie_in_several_parts_of_a_rule() -> None:
    text = """endpoints web = { app = "web" }
default deny ingress for web
ingress deny narrow: 10.0.0.0/8, { app = "db" } -> web tcp/80
ingress allow wide: 10.0.0.0/8, { app in ("db", "cache") } -> web tcp/80-90
"""
    assert kinds_of(text) == {"wide": {FindingKind.GENERALISATION}}
