"""Both sides of a connection between the parties of an inventory."""

from dataclasses import dataclass

from cpc.compiler.policy.claims import TestCase
from cpc.compiler.policy.decide import decide, party_selected
from cpc.compiler.policy.flow import Flow, Party, Request
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import Address, Direction, Policy
from cpc.compiler.policy.semantics import Decision, Verdict

__all__ = ["Connection", "connect", "holds", "parties"]


@dataclass(frozen=True)
class Connection:
    """What the client's egress and the server's ingress decide."""

    egress: Decision
    ingress: Decision

    @property
    def verdict(self) -> Verdict:
        """Deny if a side denies, redirect if a side redirects."""
        verdicts = {self.egress.verdict, self.ingress.verdict}
        return next(v for v in (Verdict.DENY, Verdict.REDIRECT, Verdict.ALLOW) if v in verdicts)

    @property
    def names(self) -> set[str]:
        """The statements that decide: of the denying sides, or of both."""
        deciding = [d for d in (self.egress, self.ingress) if d.verdict is self.verdict]
        return {d.reason.value if d.reason != "rule" else d.rule.name for d in deciding if d.rule}


def connect(
    policy: Policy,
    client: Party,
    server: Party,
    port: int,
    protocol: int = 6,
    request: Request | None = None,
) -> Connection:
    """A connection from `client` to a port of `server`."""
    family = 4 if server.address is None else server.address.version
    return Connection(
        decide(policy, Flow(client, server, Direction.EGRESS, family, protocol, port), request),
        decide(policy, Flow(server, client, Direction.INGRESS, family, protocol, port), request),
    )


def parties(inventory: Inventory, *others: Address) -> list[Party]:
    """Every endpoint at its first address, and who is at the other addresses."""
    return [
        *(e.party(e.addresses[0]) for e in inventory.endpoints),
        *(inventory.party_of(a) for a in others),
    ]


def holds(policy: Policy, case: TestCase, everyone: list[Party]) -> bool:
    """Whether every pair of the case's sides has its verdict by its statement; there is a pair."""
    pairs = [
        (client, server)
        for client in everyone
        for server in everyone
        if party_selected(client, case.left) and party_selected(server, case.right)
        if client != server
    ]
    assert case.ports is not None
    found = [
        connect(policy, client, server, ports.low, ports.protocol, case.request)
        for client, server in pairs
        for ports in case.ports
    ]
    return bool(found) and all(
        c.verdict is case.verdict and (case.by is None or case.by in c.names) for c in found
    )
