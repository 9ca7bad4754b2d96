"""Connections: what the client's egress and the server's ingress decide together."""

from msgspec import Struct

from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.flow import Flow, Party, Request
from cpc.compiler.policy.model import Direction, Policy
from cpc.compiler.policy.semantics import Decision, Reason, Verdict

__all__ = ["Connection", "Outcome", "decide_connection", "name_of"]


class Connection(Struct, frozen=True):
    """What a client asks of a server; the numbers are those of `Flow`."""

    client: Party
    server: Party
    family: int
    protocol: int
    port: int = 0

    def flow(self, direction: Direction) -> Flow:
        """The connection as one side sees it: the client's is egress, the server's ingress."""
        ends = (self.client, self.server)
        subject, peer = ends if direction is Direction.EGRESS else ends[::-1]
        return Flow(subject, peer, direction, self.family, self.protocol, self.port)


class Outcome(Struct, frozen=True):
    """What each side of a connection decides; a side that nobody manages allows."""

    egress: Decision
    ingress: Decision

    @property
    def verdict(self) -> Verdict:
        """Deny if a side denies, else redirect if a side redirects, else allow."""
        verdicts = (self.egress.verdict, self.ingress.verdict)
        return next(v for v in (Verdict.DENY, Verdict.REDIRECT, Verdict.ALLOW) if v in verdicts)

    @property
    def deciding(self) -> tuple[Decision, ...]:
        """The decisions that make the verdict: of the sides that say the same."""
        return tuple(d for d in (self.egress, self.ingress) if d.verdict is self.verdict)

    @property
    def names(self) -> frozenset[str]:
        """The names of what decides, as test cases say them after `by`."""
        return frozenset(name for d in self.deciding if (name := name_of(d)))


def name_of(decision: Decision) -> str:
    """A rule's name, `default` for a default deny, `audit`; empty where no statement decided."""
    if decision.rule is None:
        return ""
    return decision.rule.name if decision.reason is Reason.RULE else decision.reason.value


def decide_connection(
    policy: Policy, connection: Connection, request: Request | None = None
) -> Outcome:
    """What both sides decide about a connection, or about one request on it."""
    return Outcome(
        decide(policy, connection.flow(Direction.EGRESS), request),
        decide(policy, connection.flow(Direction.INGRESS), request),
    )
