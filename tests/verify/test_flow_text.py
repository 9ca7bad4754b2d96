"""Flows in words."""

from ipaddress import ip_address

import pytest

from cpc.compiler.policy.flow import (
    OPAQUE,
    DnsQuery,
    Flow,
    KafkaElement,
    KafkaRequest,
    Party,
    Request,
)
from cpc.compiler.policy.model import Direction, Entity
from cpc.compiler.verify.flow_text import flow_text
from tests.policy.build import endpoint, external

WEB = endpoint("web", "mesos:tier=front")
NOBODY = Party("subject", True)
HOST = Party("host", False, entities=frozenset({Entity.HOST}), address=ip_address("10.0.0.9"))
SERVER = Party("peer", True, ports=frozenset({("http", 6, 80)}), services=frozenset({"site"}))
BANK = Party("peer", False, entities=frozenset({Entity.WORLD}), names=frozenset({"a.example"}))


@pytest.mark.parametrize(
    ("flow", "text"),
    [
        (Flow(WEB, external("192.0.2.1"), Direction.EGRESS, 4, 6, 443),
         "web{app=web, mesos:tier=front} -> world 192.0.2.1 tcp/443"),
        (Flow(WEB, HOST, Direction.INGRESS, 4, 17, 53),
         "host 10.0.0.9 -> web{app=web, mesos:tier=front} udp/53"),
        (Flow(NOBODY, SERVER, Direction.EGRESS, 4, 132, 1),
         "an endpoint -> an endpoint (http = tcp/80) (a backend of site) sctp/1"),
        (Flow(NOBODY, BANK, Direction.EGRESS, 4, 1, 8 << 8),
         "an endpoint -> world a.example icmp/echo-request"),
        (Flow(NOBODY, Party("peer", False), Direction.EGRESS, 6, 58, 1 << 8 | 4),
         "an endpoint -> an unknown address icmpv6/1/4"),
        (Flow(NOBODY, BANK, Direction.EGRESS, 6, 1), "an endpoint -> world a.example proto/1"),
        (Flow(NOBODY, BANK, Direction.EGRESS, 4, 47), "an endpoint -> world a.example proto/47"),
    ],
)  # fmt: skip
def test_a_flow(flow: Flow, text: str) -> None:
    assert flow_text(flow) == text


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        (OPAQUE, "with bytes that are no request"),
        (DnsQuery("a.example"), 'dns "a.example"'),
        (
            KafkaRequest((KafkaElement(0, 3, "etl", "audit"), KafkaElement(3, 1, "", None))),
            'kafka api 0 version 3 client "etl" topic "audit", kafka api 3 version 1',
        ),
    ],
)
def test_a_request(request_: Request, text: str) -> None:
    flow = Flow(NOBODY, BANK, Direction.EGRESS, 4, 6, 80)
    assert flow_text(flow, request_) == f"an endpoint -> world a.example tcp/80 {text}"
