"""Both sides of a connection between the parties of an inventory."""

from cpc.compiler.policy.claims import TestCase
from cpc.compiler.policy.connections import Connection, Outcome, decide_connection
from cpc.compiler.policy.decide import party_selected
from cpc.compiler.policy.flow import Party, Request
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import Address, Policy

__all__ = ["connect", "holds", "parties"]


def connect(
    policy: Policy,
    client: Party,
    server: Party,
    port: int,
    protocol: int = 6,
    request: Request | None = None,
) -> Outcome:
    """A connection from `client` to a port of `server`."""
    family = 4 if server.address is None else server.address.version
    return decide_connection(policy, Connection(client, server, family, protocol, port), request)


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
