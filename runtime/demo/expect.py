"""What a policy says about probes, both sides of each connection."""

from pathlib import Path

from msgspec import Struct

from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.flow import Flow
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import Address, Direction, Policy, Protocol
from cpc.compiler.policy.semantics import Decision, Verdict
from cpc.runtime.demo.probe import Probe, Service

__all__ = ["Expectation", "expect", "expect_between", "shown"]

_ECHO = {4: (Protocol.ICMP, 8 << 8), 6: (Protocol.ICMPV6, 128 << 8)}


class Expectation(Struct, frozen=True):
    """Whether a connection is allowed, and the decisions of the sides that are managed.

    A connection is allowed iff each managed side allows it; `deciding` is the first that denies, else
    the last that was asked (None where no side is managed).
    """

    allowed: bool
    direction: Direction | None
    deciding: Decision | None

    def rule(self) -> str:
        """The deciding statement and its place, for people."""
        if self.deciding is None:
            return "no managed side"
        origin = self.deciding.rule
        if origin is None:
            return str(self.deciding.reason)
        return shown(origin.name, origin.span.file, origin.span.line)


def shown(name: str, file: str, line: int) -> str:
    """A statement and its place; one that is called after its place has no other name."""
    place = f"{Path(file).name}:{line}"
    return place if name == place else f"{name} ({place})"


def expect(policy: Policy, inventory: Inventory, probe: Probe) -> Expectation:
    """What the reference semantics says about a probe."""
    return expect_between(policy, inventory, probe.source_address, probe.address, probe.service)


def expect_between(
    policy: Policy, inventory: Inventory, source: Address, destination: Address, service: Service
) -> Expectation:
    """What the reference semantics says about a connection between two addresses."""
    sender, receiver = inventory.party_of(source), inventory.party_of(destination)
    if service.protocol == "ping":
        protocol, port = _ECHO[source.version]
    else:
        protocol = Protocol.TCP if service.protocol == "tcp" else Protocol.UDP
        port = service.port
    last = Expectation(True, None, None)
    for direction, subject, peer in (
        (Direction.EGRESS, sender, receiver),
        (Direction.INGRESS, receiver, sender),
    ):
        if not subject.managed:
            continue
        flow = Flow(subject, peer, direction, source.version, protocol, port)
        decision = decide(policy, flow)
        last = Expectation(decision.verdict is Verdict.ALLOW, direction, decision)
        if not last.allowed:
            return last
    return last
