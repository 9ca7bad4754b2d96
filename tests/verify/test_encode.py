"""The solver's reading of a policy is the reference's: the same verdict, rule and reason for every flow."""

from ipaddress import IPv4Address

import pytest
import z3
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cpc.compiler.policy.decide import FlowReading, decide, party_selected
from cpc.compiler.policy.flow import OPAQUE, Flow, KafkaRequest, Label, Party
from cpc.compiler.policy.model import Direction, Entity, Policy, PortRange, Selector
from cpc.compiler.policy.semantics import selects
from cpc.compiler.verify.encode import FlowVariables, encode
from cpc.compiler.verify.encode_party import SOLVER, PartyVariables
from cpc.compiler.verify.solve import Holds, Refuted, never
from cpc.compiler.verify.vocabulary import Vocabulary, policy_vocabulary
from tests.policy.request_strategies import PROTOCOLS, l7_matches, requests
from tests.policy.strategies import Shape, flows, inventories, policies
from tests.policy.term_strategies import selectors


@settings(max_examples=80)
@given(st.data())
def test_pinned_to_a_flow_the_reading_decides_as_decide_does(data: st.DataObject) -> None:
    protocol = data.draw(st.sampled_from(PROTOCOLS))
    policy = data.draw(policies(Shape(rules=4, l7=l7_matches(protocol))))
    parties = data.draw(inventories(policy))
    variables, guards = encode(policy)
    for _ in range(3):
        flow = data.draw(flows(policy, parties))
        request = data.draw(st.one_of(st.just(OPAQUE), requests(protocol)))
        if isinstance(request, KafkaRequest):
            request = KafkaRequest(request.elements[:1])
        answer = never(variables.equals(flow, request))
        assert isinstance(answer, Refuted)
        said = [d for guard, d in guards if z3.is_true(answer.model.eval(guard, True))]
        assert said == [decide(policy, flow, request)]


@settings(max_examples=40)
@given(policies(Shape(rules=4)), st.integers(min_value=0))
def test_a_flow_read_off_a_model_is_decided_by_the_guard_that_the_model_satisfies(
    policy: Policy, choice: int
) -> None:
    variables, guards = encode(policy)
    guard, decision = guards[choice % len(guards)]
    answer = never(variables.consistent(), guard)
    if isinstance(answer, Refuted):
        flow = variables.flow(answer.model)
        assert decide(policy, flow, OPAQUE) == decision
        assert isinstance(never(variables.equals(flow), z3.Not(guard)), Holds)


@settings(max_examples=40)
@given(policies(Shape(rules=3)), st.data())
def test_every_party_of_an_inventory_is_consistent(policy: Policy, data: st.DataObject) -> None:
    for party in data.draw(inventories(policy)):
        variables = PartyVariables("p", policy_vocabulary(policy))
        assert isinstance(never(variables.consistent(), variables.equals(party)), Refuted), party


@settings(max_examples=60)
@given(selectors())
def test_a_party_read_off_a_model_is_selected(selector: Selector) -> None:
    vocabulary = Vocabulary()
    vocabulary.add_selector(selector)
    variables = PartyVariables("p", vocabulary)
    for wanted in (True, False):
        chosen = selects(SOLVER, variables, selector)
        answer = never(variables.consistent(), chosen if wanted else z3.Not(chosen))
        if isinstance(answer, Refuted):
            party = variables.party(answer.model, "p")
            assert party_selected(party, selector) is wanted


@pytest.mark.parametrize(
    "party",
    [
        Party("both", True, entities=frozenset({Entity.WORLD})),
        Party("two nodes", False, entities=frozenset({Entity.HOST, Entity.REMOTE_NODE})),
        Party("external node", False, entities=frozenset({Entity.HOST, Entity.WORLD})),
        Party("bare but not init", True),
        Party(
            "init with labels", True, frozenset({Label("k8s", "a", "b")}), frozenset({Entity.INIT})
        ),
        Party(
            "labelled host", False, frozenset({Label("k8s", "a", "b")}), frozenset({Entity.HOST})
        ),
        Party("foreign health", False, entities=frozenset({Entity.HEALTH})),
    ],
    ids=lambda party: party.name,
)
def test_nobody_is_two_things_at_once(party: Party) -> None:
    variables = PartyVariables("p", Vocabulary())
    here = replace(party, address=IPv4Address("192.0.2.1"))
    assert isinstance(never(variables.consistent(), variables.equals(here)), Holds)


def test_one_address_is_one_party() -> None:
    flow = FlowVariables(Vocabulary())
    one_address = [
        flow.family4,
        flow.subject.address4 == flow.peer.address4,
        flow.subject.managed() != flow.peer.managed(),
    ]
    assert isinstance(never(flow.consistent(), *one_address), Holds)
    assert isinstance(never(flow.consistent(), *one_address[:2]), Refuted)


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("protocol", [1, 58, 6, 47])
def test_icmp_is_itself_in_one_family_only(protocol: int, family: int) -> None:
    subject = Party("a", True, frozenset({Label("k8s", "a", "b")}))
    variables = FlowVariables(Vocabulary())
    for port in (0, 8 << 8, 8 << 8 | 255):
        flow = Flow(subject, Party("b", False), Direction.EGRESS, family, protocol, port)
        answer = never(variables.equals(flow))
        assert isinstance(answer, Refuted)
        for ports in (PortRange(protocol), PortRange(protocol, 8 << 8, 8 << 8 | 255)):
            inside = z3.is_true(answer.model.eval(variables.port_in(ports), True))
            assert inside is FlowReading(flow).port_in(ports)
