"""Alternatives mean what their expression means, and what is called disjoint has nothing in common."""

from hypothesis import given

from cpc.compiler.exports.conjunctions import (
    MAX_ALTERNATIVES,
    Atom,
    Conjunction,
    Operator,
    alternatives,
    disjoint,
    expression,
)
from cpc.compiler.policy.decide import party_selected
from cpc.compiler.policy.flow import Label, Party
from cpc.compiler.policy.model import AllOf, AnyOf, EndpointTerm, Has, In, LabelExpr, LabelKey, Not
from tests.policy.term_strategies import label_expressions, label_sets


def holds(expr: LabelExpr, labels: frozenset[Label]) -> bool:
    """Whether an endpoint with these labels is one of the expression."""
    return party_selected(Party("e", True, labels), (EndpointTerm(expr),))


@given(label_expressions, label_sets)
def test_alternatives_are_the_expression(expr: LabelExpr, labels: frozenset[Label]) -> None:
    found = alternatives(expr)
    assert found is not None
    assert holds(expr, labels) == any(holds(expression(c), labels) for c in found)
    assert all(bool(a.values) is (a.op in (Operator.IN, Operator.NOT_IN)) for c in found for a in c)
    assert len({frozenset(c) for c in found}) == len(found)


@given(label_expressions, label_expressions, label_sets)
def test_disjoint_is_never_wrong(
    left: LabelExpr, right: LabelExpr, labels: frozenset[Label]
) -> None:
    for a in alternatives(left) or ():
        for b in alternatives(right) or ():
            if disjoint(a, b):
                assert not (holds(expression(a), labels) and holds(expression(b), labels))


def test_disjoint_sees_what_there_is_to_see() -> None:
    app, key = LabelKey("k8s", "app"), LabelKey("any", "app")

    def both(left: Atom, right: Atom) -> bool:
        a: Conjunction = (Atom(LabelKey("k8s", "x"), Operator.EXISTS), left)
        assert disjoint(a, (right,)) is disjoint((right,), a)
        return disjoint(a, (right,))

    assert both(Atom(app, Operator.IN, ("a",)), Atom(app, Operator.IN, ("b",)))
    assert not both(Atom(key, Operator.IN, ("a",)), Atom(key, Operator.IN, ("b",)))
    assert both(Atom(key, Operator.IN, ("a",)), Atom(key, Operator.NOT_IN, ("a", "b")))
    assert not both(Atom(app, Operator.IN, ("a", "c")), Atom(app, Operator.NOT_IN, ("a", "b")))
    assert both(Atom(key, Operator.EXISTS), Atom(key, Operator.ABSENT))
    assert not both(Atom(key, Operator.ABSENT), Atom(key, Operator.NOT_IN, ("a",)))


def test_alternatives_are_bounded() -> None:
    def pair(number: int) -> LabelExpr:
        return AnyOf((Has(LabelKey("k8s", f"a{number}")), Has(LabelKey("k8s", f"b{number}"))))

    six = alternatives(AllOf(tuple(map(pair, range(6)))))
    assert six is not None and len(six) == MAX_ALTERNATIVES
    assert alternatives(AllOf(tuple(map(pair, range(7))))) is None
    assert alternatives(AllOf(tuple(map(pair, range(200))))) is None


def test_what_another_alternative_says_is_left_out() -> None:
    a, b = Has(LabelKey("k8s", "a")), Has(LabelKey("k8s", "b"))
    assert alternatives(AnyOf((a, AllOf((a, b))))) == ((Atom(a.key, Operator.EXISTS),),)
    assert alternatives(AnyOf((a, Not(a)))) == (
        (Atom(a.key, Operator.EXISTS),),
        (Atom(a.key, Operator.ABSENT),),
    )
    assert alternatives(In(a.key, ())) == ()
    assert alternatives(Not(In(a.key, ()))) == ((),)
