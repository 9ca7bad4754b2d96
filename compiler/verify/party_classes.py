"""Everyone that there is, in classes that a policy cannot tell apart, and its atoms as sets of classes."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from cpc.compiler.policy.decide import PartyAtoms
from cpc.compiler.policy.flow import Party
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import (
    Address,
    Cidr,
    EndpointTerm,
    Entity,
    EntityTerm,
    Fqdn,
    LabelKey,
    NamedPort,
    Network,
    Policy,
    Selector,
    ServiceTerm,
    Term,
)
from cpc.compiler.verify.service_sets import merged

__all__ = ["AddressSegments", "PartyClass", "PartyClasses"]

_IPV6 = 1 << 32
"""Addresses lie on one line: IPv4 first, IPv6 from here on."""
_END = _IPV6 + (1 << 128)


def _number(address: Address) -> int:
    return int(address) + (_IPV6 if address.version == 6 else 0)


def _address(number: int) -> Address:
    return IPv4Address(number) if number < _IPV6 else IPv6Address(number - _IPV6)


def _stretch(network: Network) -> tuple[int, int]:
    return _number(network.network_address), _number(network.broadcast_address)


def _selectors(policy: Policy) -> Iterator[Selector]:
    for rule in policy.rules:
        yield rule.subject
        yield rule.peers
    for requirement in policy.requirements:
        yield requirement.subject
        yield requirement.peers
    yield from (isolation.subject for isolation in policy.isolations)
    yield from (audit.subject for audit in policy.audits)


def _spoken(term: Term) -> tuple[Network, ...]:
    """The prefixes that a term tells addresses apart by."""
    match term:
        case Cidr(network, excepts, _):
            return (network, *excepts)
        case NamedPort(inner, _, _, _):
            return _spoken(inner)
        case EndpointTerm() | EntityTerm() | Fqdn() | ServiceTerm():
            return ()
        case _:
            assert_never(term)


def _inner(term: Term) -> Term:
    return _inner(term.term) if isinstance(term, NamedPort) else term


class AddressSegments:
    """All addresses, cut wherever a prefix that a policy speaks of begins or ends.

    No prefix of the policy tells addresses of one segment apart. Segments are numbered in the order of
    addresses, IPv4 first.
    """

    def __init__(self, policy: Policy, inventory: Inventory) -> None:
        terms = {term for selector in set(_selectors(policy)) for term in selector}
        networks = {network for term in terms for network in _spoken(term)}
        firsts = {0, _IPV6}
        for first, last in map(_stretch, networks):
            firsts |= {first, last + 1}
        self._firsts = sorted(firsts - {_END})
        listed = [a for _, addresses in inventory.entities for a in addresses]
        listed += [a for endpoint in inventory.endpoints for a in endpoint.addresses]
        listed += inventory.vips
        taken = [(_number(a), _number(a)) for a in listed] + [*map(_stretch, inventory.cluster)]
        self._taken = merged(taken)
        self.speak_of_ipv6 = (
            any(last >= _IPV6 for _, last in taken)
            or any(network.version == 6 for network in networks)
            or any(_inner(term) == EntityTerm(Entity.WORLD_IPV6) for term in terms)
        )

    def __len__(self) -> int:
        return len(self._firsts)

    def family(self, segment: int) -> int:
        """4 or 6."""
        return 4 if self._firsts[segment] < _IPV6 else 6

    def first(self, segment: int) -> Address:
        """The segment's lowest address."""
        return _address(self._firsts[segment])

    def last(self, segment: int) -> Address:
        """The segment's highest address."""
        return _address((*self._firsts[segment + 1 : segment + 2], _END)[0] - 1)

    def of(self, address: Address) -> int:
        """The segment that an address is in."""
        return bisect_right(self._firsts, _number(address)) - 1

    def inside(self, network: Network) -> range:
        """The segments that a prefix of the policy, or of all addresses of a family, consists of."""
        first, last = _stretch(network)
        return range(bisect_left(self._firsts, first), bisect_left(self._firsts, last + 1))

    def external_address(self, segment: int) -> Address | None:
        """The first external address of a segment; None where none is."""
        first, last = _number(self.first(segment)), _number(self.last(segment))
        place = bisect_right(self._taken, (first, _END)) - 1
        if place >= 0 and self._taken[place][1] >= first:
            first = self._taken[place][1] + 1
        return _address(first) if first <= last else None

    def external(self, segment: int) -> bool:
        """Whether an address of it is external: none of the inventory's, in none of its ranges."""
        return self.external_address(segment) is not None


class PartyClass(Struct, frozen=True):
    """Parties of one family that differ in name and address only, in one segment or (None) in none.

    `party` has their facts, and neither name nor address.
    """

    party: Party
    family: int
    segment: int | None

    @staticmethod
    def of(party: Party, family: int, segment: int | None) -> "PartyClass":
        """The class of a party that speaks a family."""
        return PartyClass(replace(party, name="", address=None), family, segment)


class PartyClasses:
    """The atoms about parties as sets of classes: bit n of an answer is class n's.

    The classes of a segment are neighbours, in the order of segments, so that a prefix is one run of bits.
    """

    def __init__(self, classes: Iterable[PartyClass], segments: AddressSegments) -> None:
        self._segments = segments
        nowhere = len(segments)

        def place(one: PartyClass) -> int:
            return nowhere if one.segment is None else one.segment

        self.classes: Sequence[PartyClass] = sorted(dict.fromkeys(classes), key=place)
        self.number = {one: number for number, one in enumerate(self.classes)}
        self._places = [place(one) for one in self.classes]
        self._facts: dict[object, int] = {}
        self._named: list[tuple[int, PartyAtoms]] = []
        self._networks: dict[Network, int] = {}
        for number, one in enumerate(self.classes):
            bit = 1 << number
            for fact in _facts_of(one):
                self._facts[fact] = self._facts.get(fact, 0) | bit
            if one.party.names:
                self._named.append((bit, PartyAtoms(one.party)))

    def __len__(self) -> int:
        return len(self.classes)

    def of_family(self, family: int) -> int:
        """The classes that speak a family."""
        return self._facts.get(("family", family), 0)

    def managed(self) -> int:
        return self._facts.get(("managed",), 0)

    def entity(self, entity: Entity) -> int:
        return self._facts.get(("entity", entity), 0)

    def has_key(self, key: LabelKey) -> int:
        return self._facts.get(("key", key.source, key.key), 0)

    def has_label(self, key: LabelKey, value: str) -> int:
        return self._facts.get(("label", key.source, key.key, value), 0)

    def in_network(self, network: Network) -> int:
        known = self._networks.get(network)
        if known is None:
            inside = self._segments.inside(network)
            first = bisect_left(self._places, inside.start)
            after = bisect_left(self._places, inside.stop)
            known = self._networks[network] = (1 << after) - (1 << first)
        return known

    def resolves(self, fqdn: Fqdn) -> int:
        return sum(bit for bit, atoms in self._named if atoms.resolves(fqdn))

    def backs(self, service: str) -> int:
        return self._facts.get(("service", service), 0)

    def has_port(self, name: str, protocol: int, port: int) -> int:
        return self._facts.get(("port", name, protocol, port), 0)


def _facts_of(one: PartyClass) -> Iterator[tuple[object, ...]]:
    """Everything that holds for a class, as the atoms ask for it."""
    party = one.party
    yield ("family", one.family)
    if party.managed:
        yield ("managed",)
    for entity in party.entities:
        yield ("entity", entity)
    for label in party.labels:
        for source in (label.source, "any"):
            yield ("key", source, label.key)
            yield ("label", source, label.key, label.value)
    for service in party.services:
        yield ("service", service)
    for port in party.ports:
        yield ("port", *port)
