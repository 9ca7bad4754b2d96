"""What is said of a mutant is so: what kills it, what it decides otherwise, that it decides all alike."""

from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from cpc.compiler.policy.connections import Connection, decide_connection
from cpc.compiler.policy.flow import Request
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import Policy
from cpc.compiler.policy.semantics import Verdict
from cpc.compiler.verify.testing.cases import Cases, Status, is_about, satisfied
from cpc.compiler.verify.testing.known_world import KnownWorld
from cpc.compiler.verify.testing.mutants import Mutant, mutants
from cpc.compiler.verify.testing.open_world import OpenWorld
from cpc.compiler.verify.testing.score import Fate, score
from cpc.compiler.verify.testing.worlds import World
from tests.nightly import times
from tests.policy.build import allow, app, cidr, default_deny, policy_of, tcp
from tests.policy.request_strategies import l7_matches, requests
from tests.policy.strategies import Shape, policies
from tests.verify.testing.worlds import (
    WithCases,
    connections_of,
    each_key_once,
    inventory_of,
    with_cases,
)

B = TypeVar("B")


@settings(max_examples=times(25))
@given(policies(Shape(rules=4, l7=l7_matches("http"))))
def test_a_mutant_differs_in_one_statement(policy: Policy) -> None:
    for mutant in mutants(policy):
        assert mutant.policy != policy and mutant.what
        changed = {r.origin for r in {*policy.rules} ^ {*mutant.policy.rules}}
        changed |= {i.origin for i in {*policy.isolations} ^ {*mutant.policy.isolations}}
        changed |= {r.origin for r in {*policy.requirements} ^ {*mutant.policy.requirements}}
        assert changed == {mutant.statement.origin}
        assert not mutant.statement.staged


def check(
    world: World[B],
    asked: WithCases,
    found: list[Mutant],
    inventory: Inventory,
    data: st.DataObject,
) -> None:
    """Scores mutants in a world, and holds each fate against connections of an inventory in it."""
    held = [r for r in map(Cases(world, asked.policy).check, asked.cases) if r.connection]
    held = [r for r in held if r.status is Status.HOLDS]
    result = score(world, asked.policy, held, found, len(found))
    assert [one.mutant for one in result.results] == found and result.total == len(found)
    connections = list(connections_of(asked.policy, asked.cases, inventory))[:600]
    for one in result.results:
        other = one.mutant.policy
        match one.fate:
            case Fate.KILLED:
                assert one.case in [r.case for r in held]
                again = Cases(world, other).check(one.case)
                assert again.status is Status.FAILS
            case Fate.SURVIVED | Fate.EQUIVALENT:
                for r in held:
                    about = [c for c in connections if is_about(r.case, c)]
                    assert all(satisfied(other, r.case, c) for c in about)
        if one.fate is Fate.SURVIVED:
            assert one.connection is not None
            verdicts = verdicts_of(asked.policy, other, one.connection, one.request)
            assert verdicts == one.verdicts and len(set(verdicts)) == 2
        if one.fate is Fate.EQUIVALENT:
            for connection in connections[:: max(1, len(connections) // 20)]:
                for request in (None, data.draw(requests("http"))):
                    assert len({*verdicts_of(asked.policy, other, connection, request)}) == 1


def verdicts_of(
    policy: Policy, other: Policy, connection: Connection, request: Request | None
) -> tuple[Verdict, ...]:
    return tuple(decide_connection(p, connection, request).verdict for p in (policy, other))


@settings(max_examples=times(10))
@given(with_cases(rules=3, cases=3), st.data())
def test_under_an_inventory(world: WithCases, data: st.DataObject) -> None:
    found = list(mutants(world.policy))[::3][:12]
    inventory = inventory_of(world.parties)
    everyone = KnownWorld(inventory, [world.policy, *(m.policy for m in found)], world.cases)
    check(everyone, world, found, inventory, data)


@settings(max_examples=times(6))
@given(with_cases(rules=2, cases=2), st.data())
def test_in_the_open_world(world: WithCases, data: st.DataObject) -> None:
    found = list(mutants(world.policy))[::4][:6]
    everyone = OpenWorld([world.policy, *(m.policy for m in found)], world.cases)
    inhabitants = tuple(p for p in world.parties if each_key_once(p))
    check(everyone, world, found, inventory_of(inhabitants), data)


def test_every_kind_of_slip() -> None:
    policy = policy_of(
        default_deny(),
        allow("web", app("web"), cidr("192.0.2.0/24", "192.0.2.128/25"), tcp(80, 90)),
    )
    assert [mutant.what for mutant in mutants(policy)] == [
        "removed",
        "`deny` instead of `allow`",
        "`tcp/79-90` instead of `tcp/80-90`",
        "`tcp/80-91` instead of `tcp/80-90`",
        "`tcp/81-90` instead of `tcp/80-90`",
        "`tcp/80-89` instead of `tcp/80-90`",
        "left side `192.0.2.0/24` instead of `192.0.2.0/24 except 192.0.2.128/25`",
        "left side `192.0.2.0/23 except 192.0.2.128/25` instead of `192.0.2.0/24 "
        + "except 192.0.2.128/25`",
        "left side everyone",
        'right side `{}` instead of `{ "k8s:app" = "web" }`',
        "right side everyone",
        "removed for ingress",
    ]
