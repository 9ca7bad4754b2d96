"""Whatever is exported means what the policy means; whatever is not has a line and help."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cpc.compiler.diagnostics import Severity
from cpc.compiler.exports.export import export
from cpc.compiler.exports.kinds import Kind
from cpc.compiler.policy.model import Policy
from tests.exports.round_trip import back, compared
from tests.exports.strategies import policies
from tests.policy.request_strategies import PROTOCOLS, l7_matches
from tests.policy.strategies import Shape
from tests.policy.strategies import policies as any_policies

KINDS = tuple(kind for kind in Kind if kind is not Kind.AUTO)

_ANYTHING = any_policies(Shape(l7=st.one_of(*map(l7_matches, PROTOCOLS))))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60)
@given(data=st.data())
def test_back_is_the_same(kind: Kind, data: st.DataObject) -> None:
    policy = data.draw(policies(kind))
    text, said = export(policy, kind)
    assume(text is not None)
    assert text is not None and said == []
    compared(policy, back(text, kind), 100)


@pytest.mark.parametrize("kind", [Kind.NETWORKPOLICY, Kind.CILIUM])
@settings(max_examples=40)
@given(data=st.data())
def test_auto_is_the_same(kind: Kind, data: st.DataObject) -> None:
    policy = data.draw(policies(kind))
    text, _ = export(policy, Kind.AUTO)
    assume(text is not None)
    assert text is not None
    compared(policy, back(text, Kind.AUTO), 100)


@pytest.mark.parametrize("kind", Kind)
@settings(max_examples=60)
@given(policy=_ANYTHING)
def test_refusals_have_a_line_and_help(kind: Kind, policy: Policy) -> None:
    text, said = export(policy, kind)
    errors = [d for d in said if d.severity is Severity.ERROR]
    assert (text is None) is bool(errors)
    assert all(d.help and (d.span is not None or d.code == "CPC857") for d in errors)
    assert len(set(said)) == len(said)
