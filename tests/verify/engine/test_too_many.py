"""Statements of more boxes than are written out: what hangs on them is unknown, and nothing false is said."""

from contextlib import AbstractContextManager
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings

from cpc.compiler.policy.model import Direction, Policy
from cpc.compiler.verify.certify import certify
from cpc.compiler.verify.engine import boxes
from cpc.compiler.verify.engine.analyse import analyse
from cpc.compiler.verify.engine.half_open import half_open
from cpc.compiler.verify.engine.quotient import Comparison, Undecided
from cpc.compiler.verify.findings import Finding, FindingKind
from tests.nightly import times
from tests.policy.resolving import clean
from tests.policy.strategies import Shape, policies

HEAD = "default deny ingress, egress for all\n"
SHAPE = Shape(rules=6, staged=False)


def alternatives(*keys: str, number: int = 4) -> str:
    """Endpoints that have one of some labels, for each key."""
    parts = [" or ".join(f'{{ {key}{n} = "x" }}' for n in range(number)) for key in keys]
    return " and ".join(f"({part})" for part in parts)


def found(policy: Policy) -> set[tuple[str, FindingKind, bool]]:
    return {(f.rule.origin.name, f.kind, bool(f.undecided)) for f in analyse(policy)}


def few() -> "AbstractContextManager[object]":
    return patch.object(boxes, "_MAX_BOXES", 8)


def test_a_rule_beside_a_large_one_is_not_said_to_deny_what_is_denied_anyway() -> None:
    text = f'{HEAD}endpoints a = {alternatives("a", "b")}\nendpoints b = {{ app = "b" }}\n'
    policy = clean(text + "deny guard: all -> b tcp/22\nallow wide: a -> b tcp/1-100\n")
    assert not any(name == "guard" for name, *_ in found(policy))
    with few():
        said = found(policy)
        certificates = list(certify(policy, analyse(policy, notes=False)))
    assert ("wide", FindingKind.DEAD, True) in said
    assert all(undecided for *_, undecided in said)
    assert certificates and all(one.missing for one in certificates)


def test_what_a_large_deny_takes_is_not_said_to_be_open_to_the_world() -> None:
    text = f"{HEAD}endpoints b = {alternatives('a', 'b')}\n"
    open_to_all = 'allow pub: world -> { a0 = "x", b0 = "x" } tcp/22\n'
    policy = clean(f"{text}{open_to_all}tier admin priority 1 {{ deny no: all -> b }}\n")
    assert ("pub", FindingKind.SHADOWED, False) in found(policy)
    with few():
        said = found(policy)
    assert said and all(undecided for *_, undecided in said)


def test_a_large_isolation_is_unknown_too() -> None:
    text = f"endpoints a = {alternatives('a', 'b')}\ndefault deny ingress for a\n"
    policy = clean(text + 'allow one: { app = "c" } -> { a0 = "x", b0 = "x" } tcp/80\n')
    with few():
        said = [f for f in analyse(policy) if f.rule.direction is Direction.INGRESS]
    assert [f.kind for f in said if f.rule in policy.isolations] == [FindingKind.DEAD]
    assert all(f.undecided for f in said)


@pytest.mark.parametrize("statement", ["audit a", "allow wide: a -> { d } tcp/80"])
def test_no_key_is_said_not_to_matter(statement: str) -> None:
    text = f"{HEAD}endpoints a = {alternatives('a', 'b')}\n{statement}\n"
    policy = clean(text + "allow one: { c } -> { d } tcp/81\n")
    with few():
        comparison = Comparison(policy)
        assert [one.matters for one in comparison.by_key()] == [None] * 10
        with pytest.raises(Undecided):
            comparison.alike([frozenset()])


def test_half_open_is_unknown() -> None:
    text = f"{HEAD}endpoints a = {alternatives('a', 'b')}\negress allow half: {{ c }} -> {{ d }} tcp/1\n"
    policy = clean(text + "allow wide: a -> { d } tcp/80\n")
    with few():
        (one,) = half_open(policy)
    assert one.undecided and "`wide`" in one.undecided


def test_half_open_is_unknown_where_requests_may_need_several_rules() -> None:
    tiers = [
        f'tier admin priority 1 {{ allow {n}: {{ a = "{n}" }} -> {{ b = "{n}" }} tcp/80 http {{ path "/{n}" }} }}'
        for n in "xy"
    ]
    policy = clean("\n".join([HEAD, "egress allow { c } -> { d } tcp/5432", *tiers]))
    (one,) = half_open(policy)
    assert "priority" in one.undecided


def test_the_product_of_two_sides_ends_at_the_limit() -> None:
    sides = alternatives("a", "b", number=40), alternatives("c", "d", number=40)
    text = f"{HEAD}endpoints a = {sides[0]}\nendpoints b = {sides[1]}\nallow one: a -> b tcp/80\n"
    said = analyse(clean(text))  # of 2,560,000 boxes, which would take minutes
    assert [f.undecided != "" for f in said] == [True, True]


def decided(findings: "tuple[Finding, ...]") -> set[tuple[int, FindingKind]]:
    return {(id(f.rule), f.kind) for f in findings if not f.undecided}


@settings(max_examples=times(150, 3_000), suppress_health_check=list(HealthCheck))
@given(policies(SHAPE))
def test_nothing_is_found_that_is_not_there(policy: Policy) -> None:
    everything = analyse(policy), tuple(half_open(policy)), Comparison(policy).by_key()
    with patch.object(boxes, "_MAX_BOXES", 1):
        less = analyse(policy), tuple(half_open(policy)), Comparison(policy).by_key()
    for some, all_of_them in zip(less[:2], everything[:2], strict=True):
        assert decided(some) <= decided(all_of_them)
        lost = decided(all_of_them) - decided(some)
        assert not lost or any(f.undecided for f in some)
    for one, other in zip(less[2], everything[2], strict=True):
        assert one.undecided or one.matters is other.matters
