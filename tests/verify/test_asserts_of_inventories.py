"""Asserts under an inventory, each answer held against all connections of those who are there."""

from collections.abc import Iterator
from itertools import product

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cpc.compiler.policy.claims import Assert, AssertKind
from cpc.compiler.policy.connections import Connection, decide_connection
from cpc.compiler.policy.decide import party_selected
from cpc.compiler.policy.flow import Party
from cpc.compiler.policy.model import Direction, Entity, Policy, Selector
from cpc.compiler.policy.semantics import Verdict
from cpc.compiler.verify.asserts import Proved, Refuted, judge
from cpc.compiler.verify.service_sets import PORTED
from tests.policy.resolving import inventory_of, outcome
from tests.policy.strategies import origin, port_edges
from tests.policy.term_strategies import port_lists, selectors
from tests.verify.test_connectivity import ANYWHERE, World, external_of, worlds


@st.composite
def claims(draw: st.DrawFn, policy: Policy) -> Assert:
    kind = draw(st.sampled_from(AssertKind))
    left, right, ports = draw(selectors()), draw(selectors()), draw(port_lists)
    near: bool = draw(st.booleans())
    if near and policy.rules:
        rule = draw(st.sampled_from(policy.rules))
        ends = (rule.subject, rule.peers)
        left, right = ends if rule.direction is Direction.EGRESS else ends[::-1]
    right = () if kind is AssertKind.ISOLATED else right
    return Assert(kind, left, right, ports, None, origin(99))


def everyone(world: World, claim: Assert) -> list[tuple[Party, int]]:
    """Everyone with a family that they speak; external addresses at the edges of prefixes."""
    found = [end for ends in world.ends.values() for end in ends]
    rule = world.policy.rules[:1]
    spoken = [replace(r, peers=s) for r in rule for s in (claim.left, claim.right)]
    policy = replace(world.policy, rules=(*world.policy.rules, *spoken))
    for address in external_of(policy, world.inventory):
        facts = frozenset({Entity.WORLD})
        found.append((Party(str(address), False, entities=facts, address=address), address.version))
    return found


def connections(world: World, claim: Assert) -> Iterator[Connection]:
    """Connections that the assert's ports are of, one for each service that something tells apart."""
    ranges = [p for ports in (claim.ports or (),) for p in ports]
    edges = {(p.protocol, n) for p in ranges for n in (p.low, p.high)}
    services = sorted({*edges, *port_edges(world.policy.rules), *ANYWHERE})
    for (client, family), (server, other) in product(everyone(world, claim), repeat=2):
        two = client.name != server.name if client.managed and server.managed else client != server
        if family != other or not two or not (client.managed or server.managed):
            continue
        said = set()
        for protocol, port in services:
            port = port if protocol in PORTED[family] else 0
            connection = Connection(client, server, family, protocol, port)
            if (protocol, port) not in said and asked(claim, connection):
                said.add((protocol, port))
                yield connection


def asked(claim: Assert, connection: Connection) -> bool:
    if claim.ports is None:
        return True
    own = {1: 4, 58: 6}.get(connection.protocol, connection.family)
    return own == connection.family and any(
        p.protocol == connection.protocol and p.low <= connection.port <= p.high
        for p in claim.ports
    )


def outside(policy: Policy, selector: Selector, source: Party) -> bool:
    host = policy.allow_host and Entity.HOST in source.entities
    return not party_selected(source, selector) and not host


def forbidden(policy: Policy, claim: Assert, one: Connection) -> bool:
    """Whether the assert says of a connection that it is not allowed."""
    left, right = (party_selected(one.client, claim.left), party_selected(one.server, claim.right))
    match claim.kind:
        case AssertKind.NEVER:
            return left and right
        case AssertKind.ONLY:
            return outside(policy, claim.left, one.client) and right
        case AssertKind.ISOLATED:
            there = party_selected(one.server, claim.left)
            return (outside(policy, claim.left, one.client) and there) or (left and not there)
        case _:
            return False


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_answers_are_those_of_all_connections(data: st.DataObject) -> None:
    world = data.draw(worlds())
    policy = world.policy
    claim = data.draw(claims(policy))
    (judgement,) = judge(policy, [claim], inventory=world.inventory)
    answer = judgement.answer
    assert isinstance(answer, Proved | Refuted)
    vacuous = isinstance(answer, Proved) and bool(answer.vacuous)
    reached: dict[tuple[Party, Party, int], bool] = {}
    for one in connections(world, claim):
        verdict = decide_connection(policy, one).verdict
        allowed = verdict is not Verdict.DENY
        if forbidden(policy, claim, one) and isinstance(answer, Proved):
            assert not vacuous or claim.kind is AssertKind.ONLY
            assert not allowed or vacuous, one
        if party_selected(one.client, claim.left) and party_selected(one.server, claim.right):
            assert not vacuous or claim.kind in (AssertKind.ONLY, AssertKind.ISOLATED), one
            if claim.kind is AssertKind.ALWAYS and isinstance(answer, Proved):
                assert verdict is Verdict.ALLOW, one
            if claim.kind is AssertKind.ONLY and isinstance(answer, Refuted) and answer.every:
                assert not allowed
            ends = (one.client, one.server, one.family)
            reached[ends] = reached.get(ends, False) or allowed
    if claim.kind is AssertKind.REACHABLE and not vacuous:
        if isinstance(answer, Proved):
            assert all(reached.values())
        else:
            shown = answer.evidence.connection
            assert not reached.get((shown.client, shown.server, shown.family), False)


INVENTORY = inventory_of(
    "cluster: [10.0.0.0/8]\n"
    "endpoints:\n"
    "  - {name: web, labels: {app: web}, addresses: [10.0.0.1, 10.0.0.2]}\n"
    "  - {name: db, labels: {app: db, tier: gold}, addresses: [10.0.0.3]}\n"
)


def test_what_is_not_there_does_not_refute() -> None:
    text = (
        'endpoints web = { app = "web" }\nendpoints db = { app = "db" }\n'
        "default deny ingress, egress for web, db\n"
        'allow web, { app = "old" } -> db\n'
        "assert only web -> db\nassert always web -> { tier }\nassert reachable web -> web"
    )
    policy, definitions, _ = outcome(text)
    opened = [j.answer for j in judge(policy, definitions.asserts)]
    closed = [j.answer for j in judge(policy, definitions.asserts, inventory=INVENTORY)]
    assert [isinstance(a, Refuted) for a in opened] == [True, True, True]
    assert closed[:2] == [Proved(), Proved()]
    assert isinstance(closed[2], Proved) and closed[2].vacuous, "there is one web only"
