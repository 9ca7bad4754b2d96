"""Endpoints that some selectors select and others do not."""

import pytest

from cpc.compiler.policy.decide import party_selected
from cpc.compiler.policy.flow import Party
from cpc.compiler.policy.model import (
    ALL,
    AllOf,
    AnyOf,
    EndpointTerm,
    Has,
    In,
    LabelKey,
    Not,
    Selector,
)
from cpc.compiler.verify.somebody import evident_somebody, somebody
from tests.policy.build import app

WEB, DB = app("web"), app("db")
OWNED: Selector = (EndpointTerm(Has(LabelKey("k8s", "owner"))),)
_IS_WEB = In(LabelKey("any", "app"), ("web",))
NOT_OWNED: Selector = (EndpointTerm(AllOf((_IS_WEB, Not(Has(LabelKey("k8s", "owner")))))),)
EITHER: Selector = (EndpointTerm(AnyOf((_IS_WEB, Has(LabelKey("k8s", "owner"))))),)


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        ((WEB,), DB),
        ((WEB,), ()),
        ((WEB, OWNED), DB),
        ((OWNED,), WEB),
        ((NOT_OWNED,), OWNED),
        ((EITHER,), WEB),
        ((ALL,), (*WEB, *DB)),
        ((ALL, OWNED), WEB),
    ],
)
def test_somebody_is_found_and_is_as_asked(inside: tuple[Selector, ...], outside: Selector) -> None:
    for found in (somebody(inside, outside), evident_somebody(inside, outside)):
        if found is not None:
            assert isinstance(found, Party)
            assert all(party_selected(found, selector) for selector in inside)
            assert not party_selected(found, outside)
    assert somebody(inside, outside) is not None


@pytest.mark.parametrize(
    ("inside", "outside"), [((WEB,), ALL), ((WEB,), (*DB, *WEB)), ((NOT_OWNED, OWNED), DB)]
)
def test_nobody_is_found_where_there_is_nobody(
    inside: tuple[Selector, ...], outside: Selector
) -> None:
    assert somebody(inside, outside) is None
    assert evident_somebody(inside, outside) is None


def test_the_evident_are_seen_without_a_solver() -> None:
    for inside in ((WEB,), (OWNED,), (NOT_OWNED,), (EITHER,), (ALL,)):
        assert evident_somebody(inside, DB) is not None
