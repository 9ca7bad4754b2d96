"""The meaning of a policy in solver terms: `decide_terms` run over z3's booleans.

A flow is a handful of variables. What is asked of them below is what `decide` asks of a `Flow`; how they
hang together in the world (nobody is an endpoint and external at once) is `consistent`, apart, so that
a query can be about the world and a test about the reading alone.
"""

import z3

from cpc.compiler.policy.flow import OPAQUE, Flow, Request
from cpc.compiler.policy.model import Direction, Matcher, Policy, PortRange, Protocol
from cpc.compiler.policy.requests import request_matches
from cpc.compiler.policy.semantics import Decision, decide_terms
from cpc.compiler.verify.encode_party import SOLVER, PartyVariables, Truth
from cpc.compiler.verify.vocabulary import Vocabulary, policy_vocabulary

__all__ = ["FlowVariables", "encode"]


class FlowVariables:
    """One flow and one request of it. A request is one free boolean for each matcher."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.subject = PartyVariables("subject", vocabulary)
        self.peer = PartyVariables("peer", vocabulary)
        self.same = z3.Bool("same")
        self.ingress = z3.Bool("ingress")
        self.family4 = z3.Bool("family4")
        self.protocol = z3.BitVec("protocol", 8)
        self.port = z3.BitVec("port", 16)
        self.requests = {m: z3.Bool(f"request {i}") for i, m in enumerate(vocabulary.matchers)}

    def same_party(self) -> z3.BoolRef:
        return self.same

    def direction(self, direction: Direction) -> z3.BoolRef:
        return self.ingress if direction is Direction.INGRESS else z3.Not(self.ingress)

    def port_in(self, ports: PortRange) -> z3.BoolRef:
        conditions = [self.protocol == ports.protocol]
        if ports.protocol == Protocol.ICMP:
            conditions.append(self.family4)
        if ports.protocol == Protocol.ICMPV6:
            conditions.append(z3.Not(self.family4))
        if ports.low > 0:
            conditions.append(z3.UGE(self.port, ports.low))
        if ports.high < 65535:
            conditions.append(z3.ULE(self.port, ports.high))
        return z3.And(*conditions)

    def request(self, matcher: Matcher) -> z3.BoolRef:
        return self.requests[matcher]

    def consistent(self) -> z3.BoolRef:
        """Holds of every flow that can be and whose subject is ours."""
        return z3.And(self.subject.is_managed, self.possible())

    def possible(self) -> z3.BoolRef:
        """Holds of every flow that can be: both addresses are of its family, nobody shares an address
        with another, and only protocols with ports have one.
        """
        has_port = z3.Or(
            *(self.protocol == p for p in (Protocol.TCP, Protocol.UDP, Protocol.SCTP)),
            z3.And(self.protocol == Protocol.ICMP, self.family4),
            z3.And(self.protocol == Protocol.ICMPV6, z3.Not(self.family4)),
        )
        one_address = z3.If(
            self.family4,
            self.subject.address4 == self.peer.address4,
            self.subject.address6 == self.peer.address6,
        )
        pairs = zip(self.subject.facts(), self.peer.facts(), strict=True)
        return z3.And(
            self.subject.consistent(),
            self.peer.consistent(),
            self.subject.is4 == self.family4,
            self.peer.is4 == self.family4,
            self.same == one_address,
            z3.Implies(self.same, z3.And(*(a == b for a, b in pairs))),
            z3.Or(has_port, self.port == 0),
        )

    def equals(self, flow: Flow, request: Request = OPAQUE) -> z3.BoolRef:
        """Pins every variable to a flow and a request; a Kafka request has one element."""
        return z3.And(
            self.subject.equals(flow.subject),
            self.peer.equals(flow.peer),
            self.same == (flow.subject == flow.peer),
            self.ingress == (flow.direction is Direction.INGRESS),
            self.family4 == (flow.family == 4),
            self.protocol == flow.protocol,
            self.port == flow.port,
            *(v == request_matches(m, request) for m, v in self.requests.items()),
        )

    def flow(self, model: z3.ModelRef) -> Flow:
        """The flow that a model describes."""
        true = Truth(model)
        subject = self.subject.party(model, "subject")
        return Flow(
            subject,
            subject if true(self.same) else self.peer.party(model, "peer"),
            Direction.INGRESS if true(self.ingress) else Direction.EGRESS,
            4 if true(self.family4) else 6,
            true.number(self.protocol),
            true.number(self.port),
        )


def encode(policy: Policy) -> tuple[FlowVariables, list[tuple[z3.BoolRef, Decision]]]:
    """A free flow, and exclusive guards over it, each with what it decides."""
    flow = FlowVariables(policy_vocabulary(policy))
    return flow, decide_terms(SOLVER, policy, flow)
