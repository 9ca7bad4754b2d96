"""Someone for each end of a question: of the inventory where it knows one, else the plainest there can be."""

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_network
from itertools import product
from typing import assert_never

import z3
from msgspec import Struct
from msgspec.structs import replace

from cpc.compiler.diagnostics import Diagnostic, error
from cpc.compiler.errors import InternalError
from cpc.compiler.policy.connections import Connection
from cpc.compiler.policy.decide import party_selected
from cpc.compiler.policy.flow import Party
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import Entity, PortRange, Protocol, Selector
from cpc.compiler.policy.resolve_connection import (
    End,
    KnownEndpoint,
    Question,
    Selected,
    WhoeverAt,
)
from cpc.compiler.policy.semantics import selects
from cpc.compiler.policy.words import selector_words, service_words
from cpc.compiler.source import Span
from cpc.compiler.verify.encode_party import SOLVER, PartyVariables
from cpc.compiler.verify.solve import Refuted, Unknown, never
from cpc.compiler.verify.vocabulary import Vocabulary
from cpc.compiler.verify.witness import plainest_endpoint

__all__ = ["Asked", "asked_connections"]

_DOCUMENTATION = tuple(
    map(ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"))
)
"""Addresses that are nobody's (RFC 5737, RFC 3849): the plainest external ones."""

_WITH_PORTS = (Protocol.TCP, Protocol.UDP, Protocol.SCTP)
_FAMILIES = {int(Protocol.ICMP): (4,), int(Protocol.ICMPV6): (6,)}


class Asked(Struct, frozen=True):
    """The connections that a question is about: the first stands for it.

    Under an inventory there is one for each pair of its endpoints and listed addresses.
    """

    connections: tuple[Connection, ...]


def asked_connections(question: Question, inventory: Inventory | None) -> Asked | Diagnostic:
    """The connections that a question is about, or why there is none (CPC244)."""
    if not question.ports:
        return error(
            "CPC244",
            "the connection has no port",
            question.span,
            help="add what is asked for, as in `tcp/8080` or `icmp/echo-request`",
        )
    service = question.ports[0]
    if service.protocol in _WITH_PORTS and service.low != service.high:
        return error(
            "CPC244",
            "the connection has many ports",
            question.span,
            help=f"each may be decided otherwise: name one, as in `{service_words(service.protocol, service.low)}`",
        )
    problems: list[Diagnostic] = []
    connections: list[Connection] = []
    for family in _FAMILIES.get(service.protocol, (4, 6)):
        ends = _ends(question, family, inventory)
        if isinstance(ends, Diagnostic):
            problems.append(ends)
            continue
        connections += _pairs(*ends, family, service)
        if connections and inventory is None:
            break
    if connections:
        return Asked(tuple(dict.fromkeys(connections)))
    return (
        problems[0]
        if problems
        else error(
            "CPC244",
            "nobody can make this connection",
            question.span,
            help="its ends must be two, with addresses of one family that carries the protocol",
        )
    )


def _ends(
    question: Question, family: int, inventory: Inventory | None
) -> tuple[Sequence[Party], Sequence[Party]] | Diagnostic:
    """Whom each end may mean, of those that speak a family."""
    found: list[list[Party]] = []
    for end, name in ((question.client, "client"), (question.server, "server")):
        known = [p for p in _candidates(end, inventory) if _speaks(p, family)]
        if not known and isinstance(end, Selected):
            other = found[0][0] if found and found[0] else None
            plainest = _plainest(end, name, family, inventory, other)
            if isinstance(plainest, Diagnostic):
                return plainest
            known = [plainest]
        found.append(known)
    return found[0], found[1]


def _speaks(party: Party, family: int) -> bool:
    return party.address is None or party.address.version == family


def _candidates(end: End, inventory: Inventory | None) -> Iterator[Party]:
    """Whom the inventory knows for an end; whoever is at an address is always known."""
    match end:
        case WhoeverAt(address):
            if inventory is not None:
                yield inventory.party_of(address)
            else:
                external = frozenset({Entity.WORLD})
                yield Party(str(address), False, entities=external, address=address)
        case KnownEndpoint(name):
            if inventory is not None:
                named = next(e for e in inventory.endpoints if e.name == name)
                yield from inventory.parties_of(named)
        case Selected(selector):
            if inventory is not None:
                yield from (p for p in inventory.parties() if party_selected(p, selector))
        case _:
            assert_never(end)


def _pairs(
    clients: Iterable[Party], servers: Sequence[Party], family: int, service: PortRange
) -> Iterator[Connection]:
    for client, server in product(clients, servers):
        itself = client.managed and server.managed and client.name == server.name
        if client != server and not itself:
            yield Connection(client, server, family, service.protocol, service.low)


# --- nobody is known ---------------------------------------------------------------------------


def _plainest(
    end: Selected, name: str, family: int, inventory: Inventory | None, other: Party | None
) -> Party | Diagnostic:
    """The plainest party that a selector selects, not `other`; under an inventory an external one."""
    vocabulary = Vocabulary()
    vocabulary.add_selector(end.selector)
    party = PartyVariables("end", vocabulary)
    wanted = [party.consistent(), selects(SOLVER, party, end.selector), party.is4 == (family == 4)]
    if inventory is not None:
        wanted += [party.entity(Entity.WORLD), *_outside(party, inventory)]
    if other is not None and other.address is not None:
        wanted.append(z3.Not(party.in_network(ip_network(other.address))))
    answer = never(*wanted)
    if isinstance(answer, Unknown):
        return _nobody(end.span, f"the solver cannot tell: {answer.why}")
    if not isinstance(answer, Refuted):
        return _nobody(end.span, _why_nobody(end.selector, inventory))
    documentation = [party.in_network(n) for n in _DOCUMENTATION]
    plain = (z3.Not(entity) for entity in party.entities.values())
    for preferred in (party.managed(), *plain, z3.Or(*documentation)):
        narrower = never(*wanted, preferred)
        if isinstance(narrower, Refuted):
            wanted.append(preferred)
            answer = narrower
    found = party.party(answer.model, name)
    if not party_selected(found, end.selector):
        raise InternalError("the solver's party is not selected when replayed")
    return _simplified(found, end.selector)


def _outside(party: PartyVariables, inventory: Inventory) -> Iterator[z3.BoolRef]:
    """The address is in no range of the cluster, and nobody's in the inventory."""
    listed = [a for _, addresses in inventory.entities for a in addresses]
    listed += [a for endpoint in inventory.endpoints for a in endpoint.addresses]
    for network in (*inventory.cluster, *map(ip_network, (*listed, *inventory.vips))):
        yield z3.Not(party.in_network(network))


def _simplified(party: Party, selector: Selector) -> Party:
    """The party without what it does not need to be selected: labels, its address if it is ours."""

    def selected(candidate: Party) -> bool:
        return party_selected(candidate, selector)

    if not party.managed:
        bare = replace(party, names=frozenset())
        return replace(bare if selected(bare) else party, name=str(party.address))
    simple = plainest_endpoint(party, selected)
    nowhere = replace(simple, address=None)
    return nowhere if selected(nowhere) else simple


def _why_nobody(selector: Selector, inventory: Inventory | None) -> str:
    words = selector_words(selector)
    return f"nobody is `{words}`" if inventory is None else f"the inventory has no `{words}`"


def _nobody(span: Span, message: str) -> Diagnostic:
    return error("CPC244", message, span)
