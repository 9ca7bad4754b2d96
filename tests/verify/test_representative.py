"""Whoever stands for an end of a question is selected by it, differs from the other end, and is plain."""

from hypothesis import given, settings
from hypothesis import strategies as st

from cpc.compiler.diagnostics import Diagnostic
from cpc.compiler.policy.decide import FlowReading, party_selected
from cpc.compiler.policy.model import Direction, Entity, PortRange, Selector
from cpc.compiler.policy.resolve_connection import Question, Selected
from cpc.compiler.source import Span
from cpc.compiler.verify.representative import asked_connections
from tests.policy.build import app, cidr, entity
from tests.policy.strategies import inventories, policies
from tests.policy.term_strategies import selectors
from tests.verify.testing.worlds import inventory_of

SPAN = Span("the connection", 0, 1, 1, 1)
PORTS = st.sampled_from((PortRange(6, 80, 90), PortRange(1, 8 << 8, 8 << 8 | 255), PortRange(58)))


def question(client: Selector, server: Selector, ports: PortRange) -> Question:
    return Question(Selected(client, SPAN), Selected(server, SPAN), (ports,), None, SPAN)


@settings(max_examples=60)
@given(selectors(), selectors(), PORTS)
def test_in_the_open_world(client: Selector, server: Selector, ports: PortRange) -> None:
    asked = asked_connections(question(client, server, ports), None)
    if isinstance(asked, Diagnostic):
        assert asked.code == "CPC244"
        return
    for connection in asked.connections:
        assert party_selected(connection.client, client)
        assert party_selected(connection.server, server)
        assert connection.client != connection.server
        reading = FlowReading(connection.flow(Direction.EGRESS))
        assert reading.port_in(ports) and not reading.same_party()
        ends = (connection.client, connection.server)
        assert all(e.address is None or e.address.version == connection.family for e in ends)


@settings(max_examples=40)
@given(st.data(), PORTS)
def test_under_an_inventory(data: st.DataObject, ports: PortRange) -> None:
    policy = data.draw(policies())
    inventory = inventory_of(data.draw(inventories(policy)))
    client, server = data.draw(selectors(names=False)), data.draw(selectors(names=False))
    known = set(inventory.parties())
    asked = asked_connections(question(client, server, ports), inventory)
    if isinstance(asked, Diagnostic):
        return
    for connection in asked.connections:
        for end, selector in ((connection.client, client), (connection.server, server)):
            assert party_selected(end, selector)
            if end not in known:
                assert end.address is not None
                assert Entity.WORLD in inventory.party_of(end.address).entities


def test_the_plainest_is_taken() -> None:
    asked = asked_connections(question(cidr("0.0.0.0/0"), app("web"), PortRange(6, 1, 1)), None)
    assert not isinstance(asked, Diagnostic)
    (connection,) = asked.connections
    assert str(connection.client.address) in ("192.0.2.0", "198.51.100.0", "203.0.113.0")
    assert [str(label) for label in connection.server.labels] == ["k8s:app=web"]
    assert connection.server.address is None
    asked = asked_connections(question(entity(Entity.ALL), app("a"), PortRange(6, 1, 1)), None)
    assert not isinstance(asked, Diagnostic) and asked.connections[0].client.managed
