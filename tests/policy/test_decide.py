"""`decide` against the second reading of the definition: verdict, named statement, reason."""

from collections import Counter

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.flow import OPAQUE, Flow, Party, Request
from cpc.compiler.policy.model import Policy, Tier
from cpc.compiler.policy.semantics import Decision, Reason
from tests.policy.reference import Answer, answer, projected
from tests.policy.request_strategies import (
    PROTOCOLS,
    independent_matches,
    l7_matches,
    requests,
    universe,
)
from tests.policy.strategies import Shape, flows, inventories, policies

_FLOWS = 12
_ENOUGH = 3
"""Flows of a kind, of some thousands, without which its comparison would be by luck."""


def _as_answer(decision: Decision) -> Answer:
    name = None if decision.rule is None else decision.rule.name
    return Answer(decision.verdict.value, name, decision.reason.value)


def _parties(data: st.DataObject, policy: Policy) -> tuple[Party, ...]:
    return data.draw(inventories(policy))


def _flows(data: st.DataObject, policy: Policy, parties: tuple[Party, ...]) -> list[Flow]:
    return data.draw(st.lists(flows(policy, parties), min_size=_FLOWS, max_size=_FLOWS))


@given(policies(), st.data())
@settings(max_examples=150)
def test_decide_is_the_reference_on_flows(policy: Policy, data: st.DataObject) -> None:
    for flow in _flows(data, policy, _parties(data, policy)):
        assert _as_answer(decide(policy, flow)) == answer(policy, flow, OPAQUE)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@given(data=st.data())
@settings(max_examples=60)
def test_decide_is_the_reference_on_requests(protocol: str, data: st.DataObject) -> None:
    policy = data.draw(policies(Shape(rules=5, l7=l7_matches(protocol))))
    parties = _parties(data, policy)
    for flow in _flows(data, policy, parties):
        request: Request = data.draw(requests(protocol))
        assert _as_answer(decide(policy, flow, request)) == answer(policy, flow, request)


@given(policies(Shape(rules=5, l7=independent_matches)), st.data())
@settings(max_examples=150)
def test_a_flow_without_a_request_gets_the_projection_of_all_requests(
    policy: Policy, data: st.DataObject
) -> None:
    every = universe()
    for flow in _flows(data, policy, _parties(data, policy)):
        assert decide(policy, flow).verdict == projected(policy, flow, every)


def test_the_strategies_reach_every_outcome() -> None:
    """Each reason, tier and verdict decides some of the flows; else the tests above are blind."""
    seen: Counter[str] = Counter()

    @given(policies(), st.data())
    @settings(max_examples=150, database=None, derandomize=True, phases=[Phase.generate])
    def collect(policy: Policy, data: st.DataObject) -> None:
        for flow in _flows(data, policy, _parties(data, policy)):
            decision = decide(policy, flow)
            kind = f"{decision.reason} {decision.verdict}"
            if decision.reason is Reason.RULE and decision.tier is not None:
                kind = f"{decision.tier.name.lower()} {kind}"
            seen[kind] += 1

    collect()
    expected = {
        *(f"{tier.name.lower()} rule {verdict}" for tier in Tier for verdict in ("allow", "deny")),
        *("default deny", "mode allow", "mode deny", "self allow", "host allow"),
        *("unmanaged allow", "audit allow"),
    }
    assert not {kind for kind in expected if seen[kind] < _ENOUGH}, seen
