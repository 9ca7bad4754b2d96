"""`decide`: the meaning with Python values, the reference that every other reading is held against."""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from cpc.compiler.errors import InternalError
from cpc.compiler.policy.flow import OPAQUE, Flow, KafkaRequest, Party, Request
from cpc.compiler.policy.model import (
    Direction,
    Entity,
    Fqdn,
    LabelKey,
    Matcher,
    Network,
    Policy,
    PortRange,
    Protocol,
    Selector,
)
from cpc.compiler.policy.requests import name_matches, request_matches
from cpc.compiler.policy.semantics import Decision, Verdict, decide_terms, selects

__all__ = [
    "CONCRETE",
    "Concrete",
    "EveryRequest",
    "FlowReading",
    "PartyAtoms",
    "decide",
    "party_selected",
    "project",
]


class Concrete:
    """The algebra of Python's booleans."""

    def const(self, value: bool) -> bool:
        return value

    def every(self, values: Iterable[bool]) -> bool:
        return all(values)

    def some(self, values: Iterable[bool]) -> bool:
        return any(values)

    def negate(self, value: bool) -> bool:
        return not value


CONCRETE = Concrete()

_ICMP_FAMILY = {int(Protocol.ICMP): 4, int(Protocol.ICMPV6): 6}
"""ICMP is itself in one family only; elsewhere its number is a protocol like any other."""


class PartyAtoms(Struct, frozen=True):
    """A party's atoms, looked up."""

    party: Party

    def managed(self) -> bool:
        return self.party.managed

    def entity(self, entity: Entity) -> bool:
        return entity in self.party.entities

    def has_key(self, key: LabelKey) -> bool:
        return any(
            label.key == key.key and key.source in ("any", label.source)
            for label in self.party.labels
        )

    def has_label(self, key: LabelKey, value: str) -> bool:
        return any(
            label.key == key.key and label.value == value and key.source in ("any", label.source)
            for label in self.party.labels
        )

    def in_network(self, network: Network) -> bool:
        return self.party.address is not None and self.party.address in network

    def resolves(self, fqdn: Fqdn) -> bool:
        return any(name_matches(p, name) for p in fqdn.patterns for name in self.party.names)

    def backs(self, service: str) -> bool:
        return service in self.party.services

    def has_port(self, name: str, protocol: int, port: int) -> bool:
        return (name, protocol, port) in self.party.ports


class FlowReading:
    """A flow's and a request's atoms, looked up."""

    def __init__(self, flow: Flow, request: Request = OPAQUE) -> None:
        self.subject = PartyAtoms(flow.subject)
        self.peer = PartyAtoms(flow.peer)
        self._flow = flow
        self._request = request

    def same_party(self) -> bool:
        subject, peer = self._flow.subject, self._flow.peer
        return subject.managed and peer.managed and subject.name == peer.name

    def direction(self, direction: Direction) -> bool:
        return self._flow.direction is direction

    def port_in(self, ports: PortRange) -> bool:
        flow = self._flow
        return (
            flow.protocol == ports.protocol
            and _ICMP_FAMILY.get(flow.protocol, flow.family) == flow.family
            and ports.low <= flow.port <= ports.high
        )

    def request(self, matcher: Matcher) -> bool:
        return request_matches(matcher, self._request)


def decide(policy: Policy, flow: Flow, request: Request | None = None) -> Decision:
    """What one side decides about a flow, or about one request of it.

    Without a request this is the flow's projection: allow if every request is allowed, opaque bytes
    included, deny if none is, else redirect. A Kafka request is allowed iff every element is; a
    denial names the first denied element's rule.
    """
    if request is None:
        return project(policy, flow)
    if isinstance(request, KafkaRequest):
        decisions = [
            _decide_one(policy, flow, KafkaRequest((element,))) for element in request.elements
        ]
        denied = [d for d in decisions if d.verdict is Verdict.DENY]
        return (denied or decisions)[0]
    return _decide_one(policy, flow, request)


def _decide_one(policy: Policy, flow: Flow, request: Request) -> Decision:
    return _read(policy, FlowReading(flow, request))


def _read(policy: Policy, reading: FlowReading) -> Decision:
    for guard, decision in decide_terms(CONCRETE, policy, reading):
        if guard:
            return decision
    raise InternalError("no outcome of a decision holds")


class EveryRequest(FlowReading):
    """The reading in which every matcher matches."""

    def request(self, matcher: Matcher) -> bool:
        return True


def project(policy: Policy, flow: Flow) -> Decision:
    """A flow's verdict over all its requests.

    Only allow rules have request parts, so a request matched by more of them is allowed wherever one
    matched by fewer is. `opaque` is matched by none: if it is allowed, all are. If the flow is denied
    even where every request part matches, none is. Otherwise some request is allowed and opaque is
    not: redirect, named by the rule that frees the most.

    Request parts are taken to be satisfiable, together where blocks of one priority need it (the error
    `ambiguous-priority`): where they are not, the proxy denies every request of the redirected flow.
    """
    opaque = _read(policy, FlowReading(flow, OPAQUE))
    if opaque.verdict is Verdict.ALLOW:
        return opaque
    most = _read(policy, EveryRequest(flow))
    if most.verdict is Verdict.DENY:
        return opaque
    return replace(most, verdict=Verdict.REDIRECT)


def party_selected(party: Party, selector: Selector) -> bool:
    """Whether a selector matches a party."""
    return selects(CONCRETE, PartyAtoms(party), selector)
