"""Asserts about policies with request parts: no connection and no request says otherwise."""

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cpc.compiler.policy.claims import Assert, AssertKind
from cpc.compiler.policy.connections import Connection, decide_connection
from cpc.compiler.policy.decide import CONCRETE, FlowReading, party_selected
from cpc.compiler.policy.flow import OPAQUE, Request
from cpc.compiler.policy.model import Direction, L7Match, Mode, Policy
from cpc.compiler.policy.requests import request_matches
from cpc.compiler.policy.semantics import Verdict
from cpc.compiler.verify.asserts import Proved, Refuted, judge
from tests.policy.request_strategies import PROTOCOLS, l7_matches, requests
from tests.policy.strategies import Shape, flows, inventories, origin, policies
from tests.policy.term_strategies import port_lists, selectors

L7 = st.sampled_from(("http", "http", *PROTOCOLS)).flatmap(l7_matches)
ASKED = st.sampled_from(("http", "http", *PROTOCOLS)).flatmap(requests)
SHAPE = Shape(rules=6, l7=L7, modes=(Mode.DEFAULT, Mode.DEFAULT, Mode.ALWAYS))


@st.composite
def claims(draw: st.DrawFn, policy: Policy) -> Assert:
    """An assert about what some rule of the policy is about, perhaps with a matcher of it."""
    kind = draw(st.sampled_from((AssertKind.NEVER, AssertKind.ALWAYS)))
    rule = draw(st.sampled_from(policy.rules))
    ends = (rule.subject, draw(st.sampled_from((rule.peers, rule.peers, draw(selectors())))))
    left, right = ends if rule.direction is Direction.EGRESS else ends[::-1]
    ports = draw(st.sampled_from((rule.ports, draw(port_lists))))
    parts = [r.l7 for r in policy.rules if r.l7 is not None]
    part = draw(st.sampled_from([None, *parts]))
    if part is not None:
        part = L7Match(part.protocol, (draw(st.sampled_from(part.matchers)),))
    return Assert(kind, left, right, ports, part, origin(99))


def about(claim: Assert, connection: Connection, request: Request) -> bool:
    """Whether an assert is about a request on a connection."""
    reading = FlowReading(connection.flow(Direction.EGRESS))
    asked = (request is OPAQUE) if claim.kind is AssertKind.ALWAYS else True
    if claim.request is not None:
        asked = any(request_matches(m, request) for m in claim.request.matchers)
    return (
        asked
        and party_selected(connection.client, claim.left)
        and party_selected(connection.server, claim.right)
        and (claim.ports is None or CONCRETE.some(map(reading.port_in, claim.ports)))
    )


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_nothing_says_otherwise(data: st.DataObject) -> None:
    policy = data.draw(policies(SHAPE))
    assume(policy.rules)
    claim = data.draw(claims(policy))
    (judgement,) = judge(policy, [claim])
    forbidden = Verdict.ALLOW if claim.kind is AssertKind.NEVER else Verdict.DENY
    match judgement.answer:
        case Refuted(evidence):
            request = OPAQUE if evidence.request is None else evidence.request
            assert about(claim, evidence.connection, request)
            decided = decide_connection(policy, evidence.connection, request)
            assert decided == evidence.outcome and decided.verdict is forbidden
        case Proved():
            parties = data.draw(inventories(policy))
            for _ in range(12):
                flow = data.draw(flows(policy, parties))
                ends = (flow.subject, flow.peer)
                out = flow.direction is Direction.EGRESS
                client, server = ends if out else ends[::-1]
                connection = Connection(client, server, flow.family, flow.protocol, flow.port)
                request = data.draw(st.one_of(st.just(OPAQUE), ASKED))
                if client is server or not (client.managed or server.managed):
                    continue
                if about(claim, connection, request):
                    decided = decide_connection(policy, connection, request)
                    assert decided.verdict is not forbidden, (connection, request)
