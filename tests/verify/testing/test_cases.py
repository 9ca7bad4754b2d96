"""A case holds exactly if it holds for every connection that it is about, one by one."""

from hypothesis import given, settings

from cpc.compiler.policy.connections import decide_connection
from cpc.compiler.policy.model import Direction
from cpc.compiler.policy.semantics import Verdict
from cpc.compiler.verify.testing.cases import Cases, Status, is_about, satisfied
from cpc.compiler.verify.testing.deciders import coverage
from cpc.compiler.verify.testing.known_world import KnownWorld
from cpc.compiler.verify.testing.open_world import OpenWorld
from cpc.compiler.verify.testing.worlds import sides_of
from tests.nightly import times
from tests.verify.testing.worlds import (
    WithCases,
    connections_of,
    each_key_once,
    inventory_of,
    with_cases,
)


@settings(max_examples=times(25))
@given(with_cases())
def test_under_an_inventory_cases_are_those_of_all_its_connections(world: WithCases) -> None:
    inventory = inventory_of(world.parties)
    everything = list(connections_of(world.policy, world.cases, inventory))
    asked = Cases(KnownWorld(inventory, [world.policy], world.cases), world.policy)
    for case in world.cases:
        about = [c for c in everything if is_about(case, c)]
        against = [c for c in about if not satisfied(world.policy, case, c)]
        result = asked.check(case)
        if against:
            assert result.status is Status.FAILS
        elif about:
            # What was looked at is at edges: a connection elsewhere may still be against it.
            assert result.status is Status.HOLDS or result.connection not in about
        if result.status is Status.FAILS:
            assert result.connection is not None and is_about(case, result.connection)
            assert not satisfied(world.policy, case, result.connection)
            assert result.outcome == decide_connection(
                world.policy, result.connection, case.request
            )
        elif result.status is Status.NOBODY:
            assert not about


@settings(max_examples=times(15))
@given(with_cases(rules=4, cases=2))
def test_in_the_open_world_no_connection_of_an_inventory_says_otherwise(world: WithCases) -> None:
    parties = tuple(p for p in world.parties if each_key_once(p))
    everything = list(connections_of(world.policy, world.cases, inventory_of(parties)))
    asked = Cases(OpenWorld([world.policy], world.cases), world.policy)
    for case in world.cases:
        result = asked.check(case)
        about = [c for c in everything if is_about(case, c)]
        match result.status:
            case Status.HOLDS:
                assert all(satisfied(world.policy, case, c) for c in about)
                assert result.connection is not None
                assert satisfied(world.policy, case, result.connection)
            case Status.NOBODY:
                assert not about
            case Status.FAILS:
                assert result.connection is not None and is_about(case, result.connection)
                assert not satisfied(world.policy, case, result.connection)
            case Status.UNDECIDED:
                raise AssertionError(result.why)


@settings(max_examples=times(15))
@given(with_cases(rules=4, cases=2))
def test_coverage_is_who_decides_some_connection(world: WithCases) -> None:
    inventory = inventory_of(world.parties)
    asked = Cases(KnownWorld(inventory, [world.policy], world.cases), world.policy)
    found = coverage(asked, world.policy, world.cases)
    assert not found.undecided
    decided = {(s.origin, s.direction): cases for s, cases in found.halves}
    for connection in connections_of(world.policy, world.cases, inventory):
        for case in world.cases:
            if not is_about(case, connection):
                continue
            outcome = decide_connection(world.policy, connection, case.request)
            for direction, decision in (
                (Direction.EGRESS, outcome.egress),
                (Direction.INGRESS, outcome.ingress),
            ):
                if decision.rule is not None and decision.verdict is outcome.verdict:
                    assert case in decided[decision.rule, direction]


@settings(max_examples=times(15))
@given(with_cases(rules=4, cases=1))
def test_every_connection_has_one_verdict(world: WithCases) -> None:
    known = KnownWorld(inventory_of(world.parties), [world.policy], world.cases)
    sides = sides_of(known, world.policy, world.cases[0].request)
    verdicts = [sides.verdict(known.algebra, verdict) for verdict in Verdict]
    assert sum(verdicts) == known.algebra.full
