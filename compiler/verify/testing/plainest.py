"""The plainest connection that still shows a point."""

from collections.abc import Callable, Iterator
from ipaddress import ip_address

from msgspec.structs import replace

from cpc.compiler.policy.connections import Connection
from cpc.compiler.policy.flow import Party
from cpc.compiler.policy.model import Entity, Protocol
from cpc.compiler.verify.witness import plainest_endpoint

__all__ = ["plainest_connection"]

_NOBODYS = {4: ("192.0.2.1", "198.51.100.1"), 6: ("2001:db8::1", "2001:db8::2")}
"""Addresses of documentation (RFC 5737, RFC 3849) for a client and a server."""

_USUAL = ((6, 80), (6, 443), (17, 53))


def plainest_connection(connection: Connection, shows: Callable[[Connection], bool]) -> Connection:
    """A connection of which `shows` holds as of `connection`, simpler where a step makes it so."""
    current = connection
    for simpler in _usual_services(connection):
        if shows(simpler):
            current = simpler
            break
    current = replace(current, client=_plainest(current, "client", shows))
    return replace(current, server=_plainest(current, "server", shows))


def _usual_services(connection: Connection) -> Iterator[Connection]:
    if (connection.protocol, connection.port) in _USUAL:
        return
    echo = (Protocol.ICMP, 8 << 8) if connection.family == 4 else (Protocol.ICMPV6, 128 << 8)
    for protocol, port in (*_USUAL, echo):
        yield replace(connection, protocol=int(protocol), port=port)


def _plainest(connection: Connection, end: str, shows: Callable[[Connection], bool]) -> Party:
    """One end, without what the point does not need."""

    def shown(party: Party) -> bool:
        if end == "client":
            return shows(replace(connection, client=party))
        return shows(replace(connection, server=party))

    party = connection.client if end == "client" else connection.server
    if party.managed:
        simple = plainest_endpoint(party, shown)
        nowhere = replace(simple, address=None)
        return nowhere if shown(nowhere) else simple
    nobodys = ip_address(_NOBODYS[connection.family][end == "server"])
    for simpler in (
        replace(party, names=frozenset()),
        replace(party, names=frozenset(), entities=party.entities - {Entity.KUBE_APISERVER}),
    ):
        party = simpler if simpler.entities and shown(simpler) else party
    elsewhere = replace(party, address=nobodys)
    return elsewhere if shown(elsewhere) else party
