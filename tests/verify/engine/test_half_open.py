"""Halves that the other side never answers, of random policies against z3, and by hand."""

import z3
from hypothesis import HealthCheck, given, settings

from cpc.compiler.policy.model import Action, Direction, Mode, Policy, Rule
from cpc.compiler.policy.semantics import decide_terms
from cpc.compiler.verify.encode_connection import SolverConnections, SolverSide
from cpc.compiler.verify.encode_party import SOLVER
from cpc.compiler.verify.engine.half_open import half_open
from cpc.compiler.verify.findings import Finding
from tests.nightly import times
from tests.policy.resolving import clean, inventory_of
from tests.policy.strategies import Shape, policies

SHAPE = Shape(rules=6, staged=False, modes=(Mode.DEFAULT, Mode.ALWAYS, Mode.ALWAYS))


class Oracle:
    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.terms = SolverConnections(policy)

    def possible(self, *conditions: z3.BoolRef) -> bool:
        solver = z3.Solver()
        solver.add(self.terms.world, *conditions)
        answer = solver.check()
        assert answer != z3.unknown
        return bool(answer == z3.sat)

    def half_open(self, rule: Rule) -> bool:
        guards = decide_terms(SOLVER, self.policy, SolverSide(self.terms.flow, rule.direction))
        decides = z3.Or(*(g for g, d in guards if d.rule == rule.origin))
        other = next(d for d in Direction if d is not rule.direction)
        answered = self.possible(decides, self.terms.allowed_by(other))
        return not answered and self.possible(decides)


@settings(max_examples=times(150, 10_000), suppress_health_check=list(HealthCheck))
@given(policies(SHAPE))
def test_findings_are_those_of_the_solver(policy: Policy) -> None:
    found = list(half_open(policy))
    assert not [f for f in found if f.undecided]
    oracle = Oracle(policy)
    for rule in policy.rules:
        if rule.action is Action.ALLOW:
            assert any(f.rule is rule for f in found) == oracle.half_open(rule), rule


HEAD = """endpoints web = { app = "web" }
endpoints db = { app = "db" }
default deny ingress, egress for web, db
"""


def found_in(text: str) -> list[Finding]:
    return list(half_open(clean(HEAD + text)))


def test_a_forgotten_half() -> None:
    (one,) = found_in("egress allow out: web -> db tcp/5432")
    assert (one.rule.origin.name, one.rule.direction) == ("out", Direction.EGRESS)
    assert one.witness is not None and one.witness.direction is Direction.EGRESS
    (other,) = one.others
    assert other.direction is Direction.INGRESS, "the default deny of the other side"
    assert found_in("egress allow web -> db tcp/5432\ningress allow web -> db tcp/5432") == []


def test_whoever_has_no_side_answers() -> None:
    assert found_in("egress allow web -> world tcp/443\ningress allow world -> db") == []
    assert found_in("egress allow web -> { app } tcp/443") == [], "some are not isolated"


def test_requests_must_be_answered_too() -> None:
    out = 'egress allow web -> db tcp/80 http {\n  GET "/a"\n}\n'
    into = 'ingress allow web -> db tcp/80 http {{\n  {} "/.*"\n}}\n'
    assert found_in(out + into.format("GET")) == []
    found = found_in(out + into.format("POST"))
    assert [f.rule.direction for f in found] == [Direction.INGRESS, Direction.EGRESS]


def test_an_inventory_says_who_answers() -> None:
    policy = clean(f'{HEAD}egress allow web -> {{ app in ("db", "other") }} tcp/80')
    here = (
        "endpoints:\n  - {name: web, labels: {app: web}, addresses: [10.0.0.1]}\n"
        "  - {name: db, labels: {app: db}, addresses: [10.0.0.2]}\n"
    )
    assert list(half_open(policy)) == []
    assert len(list(half_open(policy, inventory_of(here)))) == 1


def test_a_rule_about_no_request_is_no_half() -> None:
    never = 'egress allow web -> db tcp/80 http { path "/[\\\\x00]" }'
    assert found_in(never) == []
    assert len(found_in(never.replace("[\\\\x00]", "a"))) == 1
