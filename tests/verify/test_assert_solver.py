"""Asserts by z3: the same answers as by the engine, and who answers where the engine does not."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cpc.compiler.verify.asserts import Proved, Refuted, Unknown, judge
from cpc.compiler.verify.engine import search
from tests.policy.resolving import outcome
from tests.policy.strategies import policies
from tests.verify.test_asserts_against_solver import SHAPE, claims


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_where_the_search_stops_the_answer_is_the_same(data: st.DataObject) -> None:
    policy = data.draw(policies(SHAPE))
    claim = data.draw(claims(policy))
    (known,) = judge(policy, [claim])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "_MAX_STEPS", 0)
        (solved,) = judge(policy, [claim])
    if not isinstance(solved.answer, Unknown):
        assert type(solved.answer) is type(known.answer)


@pytest.mark.parametrize(
    ("claim", "answer"),
    [
        ("never web -> db tcp/5432", Refuted),
        ("never web -> db tcp/5433", Proved),
        ("always web -> db tcp/5432", Proved),
        ("isolated db", Refuted),
        ("reachable web -> db", Unknown),
        ("only web -> db", Unknown),
    ],
)
def test_z3_answers_what_it_can(monkeypatch: pytest.MonkeyPatch, claim: str, answer: type) -> None:
    monkeypatch.setattr(search, "_MAX_STEPS", 0)
    policy, definitions, _ = outcome(
        'endpoints web = { app = "web" }\nendpoints db = { app = "db" }\n'
        "default deny ingress, egress for web, db\nallow web -> db tcp/5432\n"
        f"assert {claim}"
    )
    (judgement,) = judge(policy, definitions.asserts)
    assert isinstance(judgement.answer, answer)


def test_a_rule_with_too_many_alternatives_is_left_to_z3() -> None:
    many = " and ".join(f"({{ k{n} }} or {{ l{n} }})" for n in range(16))
    policy, definitions, _ = outcome(
        f"endpoints odd = {many}\n"
        'endpoints db = { app = "db" }\ndefault deny ingress for db\n'
        "ingress allow odd -> db tcp/80\nassert never { k0 } -> db tcp/80\n"
        "assert never { not k0, not l0 } -> db\nassert never { k0 } -> db tcp/81"
    )
    answers = [type(j.answer) for j in judge(policy, definitions.asserts)]
    assert answers == [Refuted, Proved, Proved]
