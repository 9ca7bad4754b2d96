"""A trace says what `decide` says, and whatever it says of a rule is so."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cpc.compiler.policy.connections import Connection, decide_connection
from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.flow import Flow, KafkaRequest, Request
from cpc.compiler.policy.model import Action, Direction, Isolation, Mode, Policy, Rule, Tier
from cpc.compiler.policy.semantics import Part, Reason, Verdict
from cpc.compiler.policy.trace import Considered, SideTrace, Standing, trace
from cpc.compiler.policy.why import why
from tests.policy.reference import selected
from tests.policy.reference_requests import request_matched
from tests.policy.request_strategies import PROTOCOLS, l7_matches, requests
from tests.policy.strategies import Shape, flows, inventories, policies


@st.composite
def asked(draw: st.DrawFn) -> tuple[Policy, Connection, Request | None]:
    """A policy with request parts of one protocol, a connection aimed at it, perhaps a request."""
    protocol = draw(st.sampled_from(PROTOCOLS))
    policy = draw(policies(Shape(rules=6, l7=l7_matches(protocol))))
    flow = draw(flows(policy, draw(inventories(policy))))
    ends = (flow.subject, flow.peer)
    client, server = ends if flow.direction is Direction.EGRESS else ends[::-1]
    request = draw(st.one_of(st.none(), requests(protocol)))
    return policy, Connection(client, server, flow.family, flow.protocol, flow.port), request


@settings(max_examples=40)
@given(asked())
def test_the_verdicts_are_those_of_decide(
    asked: tuple[Policy, Connection, Request | None],
) -> None:
    policy, connection, request = asked
    traced = trace(policy, connection, request)
    assert traced.outcome == decide_connection(policy, connection, request)
    for side, direction in zip(traced.sides, (Direction.EGRESS, Direction.INGRESS), strict=True):
        assert side.flow == connection.flow(direction)
        assert side.decision == decide(policy, side.flow, request)


@settings(max_examples=60)
@given(asked())
def test_what_is_said_of_a_rule_is_so(asked: tuple[Policy, Connection, Request | None]) -> None:
    policy, connection, request = asked
    for side in trace(policy, connection, request).sides:
        if not side.considered:
            prelude = (Reason.SELF, Reason.HOST, Reason.UNMANAGED)
            nobody_asked = side.decision.reason in prelude or policy.mode is Mode.NEVER
            isolated = any(i.direction is side.flow.direction for i in policy.isolations)
            assert nobody_asked or not (policy.rules or isolated)
            continue
        check_everything_is_considered(policy, side)
        for one in side.considered:
            check_missed_parts(policy, one, side, request)
            check_standing(one, side)


def check_everything_is_considered(policy: Policy, side: SideTrace) -> None:
    here = side.flow.direction
    rules = {r.origin for r in policy.rules}
    isolations = {i.origin for i in policy.isolations if i.direction is here}
    assert {one.statement.origin for one in side.considered} == rules | isolations


def check_missed_parts(
    policy: Policy, one: Considered, side: SideTrace, request: Request | None
) -> None:
    """Each missed part does not hold, by the naive reading; each other part does."""
    flow = side.flow
    statement = one.statement
    if statement.direction is not flow.direction:
        flow = Flow(
            flow.peer, flow.subject, statement.direction, flow.family, flow.protocol, flow.port
        )
    holds = {Part.DIRECTION: statement.direction is side.flow.direction}
    holds[Part.SUBJECT] = selected(statement.subject, flow.subject)
    if isinstance(statement, Rule):
        holds[Part.PORT] = statement.ports is None or any(
            ports.protocol == flow.protocol
            and ports.low <= flow.port <= ports.high
            and {1: 4, 58: 6}.get(flow.protocol, flow.family) == flow.family
            for ports in statement.ports
        )
        holds[Part.PEER] = selected(statement.peers, flow.peer)
        if statement.l7 is not None and not isinstance(request, KafkaRequest):
            # Of a Kafka request with several elements, one is shown.
            holds[Part.REQUEST] = part_matches(statement, side, request)
    for part, held in holds.items():
        assert (part in one.missed) is not held, (part, one)
    for requirement in one.unmet:
        assert requirement in policy.requirements and not requirement.staged
        assert selected(requirement.subject, flow.subject)
        assert not selected(requirement.peers, flow.peer)
    if statement.direction is side.flow.direction:
        assert bool(one.unmet) is (Part.REQUIREMENT in one.missed)


def part_matches(rule: Rule, side: SideTrace, request: Request | None) -> bool:
    if request is None:
        return side.decision.verdict is not Verdict.ALLOW
    assert rule.l7 is not None
    return any(request_matched(matcher, request) for matcher in rule.l7.matchers)


def check_standing(one: Considered, side: SideTrace) -> None:
    """A standing is told from the decision, so it must fit to it."""
    decision, statement = side.decision, one.statement
    assert (one.standing is Standing.MISSES) is bool(one.missed)
    assert (one.standing is Standing.STAGED) is (statement.staged and not one.missed)
    tier = statement.tier if isinstance(statement, Rule) else Tier.NORMAL
    match one.standing:
        case Standing.DECIDES:
            assert decision.rule == statement.origin and decision.tier is tier
        case Standing.LATER:
            assert decision.tier is not None and tier > decision.tier
        case Standing.PASSES | Standing.PASSED:
            assert tier is not Tier.NORMAL
            assert decision.tier is None or tier < decision.tier
        case Standing.AGREES | Standing.OVERRULED:
            assert decision.tier is tier


@settings(max_examples=40)
@given(asked())
def test_exactly_what_decides_is_said_to(asked: tuple[Policy, Connection, Request | None]) -> None:
    policy, connection, request = asked
    for side in trace(policy, connection, request).sides:
        deciding = {o.statement.origin for o in side.considered if o.standing is Standing.DECIDES}
        assert deciding == ({side.decision.rule} if side.decision.rule else set())


@settings(max_examples=40)
@given(asked())
def test_a_rule_that_was_passed_stands_behind_a_pass(
    asked: tuple[Policy, Connection, Request | None],
) -> None:
    policy, connection, request = asked
    for side in trace(policy, connection, request).sides:
        for one in side.considered:
            if one.standing is Standing.PASSED and isinstance(one.statement, Rule):
                assert any(
                    isinstance(other.statement, Rule)
                    and other.statement.tier is one.statement.tier
                    and other.standing is Standing.PASSES
                    for other in side.considered
                )


@settings(max_examples=40)
@given(asked())
def test_each_reason_is_a_chain_of_decisions(
    asked: tuple[Policy, Connection, Request | None],
) -> None:
    policy, connection, request = asked
    traced = trace(policy, connection, request)
    for reason in why(policy, traced).reasons:
        assert reason.side.decision.verdict is traced.outcome.verdict
        left = policy
        for decision in reason.chain:
            assert decide(left, reason.side.flow, request) == decision
            left = replace(left, rules=tuple(r for r in left.rules if r.origin != decision.rule))
        *before, _ = reason.chain
        assert all(d.verdict is traced.outcome.verdict for d in before)


@settings(max_examples=40)
@given(asked())
def test_no_allow_is_nearer_than_the_nearest(
    asked: tuple[Policy, Connection, Request | None],
) -> None:
    policy, connection, request = asked
    traced = trace(policy, connection, request)
    for reason in why(policy, traced).reasons:
        if traced.outcome.verdict is not Verdict.DENY:
            assert reason.nearest == ()
            continue
        far = {
            len(o.missed) + o.statement.staged
            for o in reason.side.considered
            if isinstance(o.statement, Rule) and o.statement.action is Action.ALLOW
        }
        near = {len(o.missed) + o.statement.staged for o in reason.nearest}
        assert len(near) <= 1 and all(n <= f for n in near for f in far if f)
        assert not any(isinstance(o.statement, Isolation) for o in reason.nearest)
