"""Who may talk to whom under an inventory: every pair with exactly the services that both sides allow."""

from collections.abc import Iterable, Iterator
from functools import reduce
from itertools import groupby
from operator import itemgetter, or_
from typing import TypeAlias

from msgspec import Struct

from cpc.compiler.policy.flow import Label, Party
from cpc.compiler.policy.inventory import (
    NAMESPACE_KEY,
    NAMESPACE_LABELS,
    NAMESPACE_NAME,
    Endpoint,
    Inventory,
)
from cpc.compiler.policy.model import Address, Direction, Entity, Policy, PortRange, Protocol
from cpc.compiler.policy.semantics import without_staged
from cpc.compiler.verify.exposed_ports import exposed_ports
from cpc.compiler.verify.party_classes import AddressSegments, PartyClass, PartyClasses
from cpc.compiler.verify.service_sets import ServiceSet, services_of
from cpc.compiler.verify.sides import NOTHING_PASSES, Passing, Sides

__all__ = [
    "CONTROLLER",
    "Allowed",
    "Connection",
    "Connectivity",
    "ExternalRange",
    "KnownParty",
    "Peer",
    "Workload",
    "World",
    "connectivity",
    "controller",
    "world_of",
]

_FAMILIES = (4, 6)


class Workload(Struct, frozen=True):
    """Endpoints with one owner; an endpoint without an owner is a workload of its own."""

    name: str

    def __str__(self) -> str:
        return self.name


class ExternalRange(Struct, frozen=True):
    """The external addresses from `first` to `last`: those of the range that the inventory does not know."""

    first: Address
    last: Address

    def __str__(self) -> str:
        return f"{self.first}-{self.last}[External]"


class KnownParty(Struct, frozen=True):
    """Who is no endpoint: the entities of an address that the inventory lists, or the ingress controller."""

    name: str

    def __str__(self) -> str:
        return f"{{{self.name}}}"


Peer: TypeAlias = Workload | ExternalRange | KnownParty

CONTROLLER = KnownParty("ingress-controller")
"""Whatever carries the requests of Ingress and Route objects to their services."""


class Allowed(Struct, frozen=True):
    """What may pass in one family (4 or 6), perhaps nothing.

    `services` are allowed by both sides. On `requests`, a part of them, only some requests are.
    """

    family: int
    services: ServiceSet
    requests: ServiceSet


class Connection(Struct, frozen=True):
    """What may pass from a source to a destination: `allowed` in each family that both speak, in one at least
    some service.
    """

    source: Peer
    destination: Peer
    allowed: tuple[Allowed, ...]


class Connectivity(Struct, frozen=True):
    """Every connection that is allowed, sorted by source and destination.

    A workload's connections are those of any of its endpoints. Pairs of which neither end is managed are not
    among them, nor is a workload with itself. Without `ipv6`, nothing speaks of IPv6 and no range of it
    is listed.
    """

    connections: tuple[Connection, ...]
    ipv6: bool

    def without_entities(self) -> "Connectivity":
        """The connections of workloads with each other, with the outside and with the ingress controller."""
        listed = (
            c for c in self.connections if not (_is_entity(c.source) or _is_entity(c.destination))
        )
        return Connectivity(tuple(listed), self.ipv6)


def _is_entity(peer: Peer) -> bool:
    return isinstance(peer, KnownParty) and peer != CONTROLLER


def connectivity(policy: Policy, inventory: Inventory, ipv6: bool = False) -> Connectivity:
    """All allowed connections; unknown addresses in cluster ranges and addresses of services are nobody's.

    `ipv6`: its ranges are listed even if nothing speaks of it.

    The ingress controller is any pod of a namespace that no policy names. It connects to the ports that Ingress and
    Route objects expose, as far as their endpoints let it.
    """
    world = world_of(policy, inventory, ipv6)
    found = [*world.inside(), *world.outside(), *world.through_controller(inventory)]
    found.sort(key=lambda c: (str(c.source), str(c.destination)))
    return Connectivity(tuple(found), 6 in world.listed)


def world_of(policy: Policy, inventory: Inventory, ipv6: bool = False) -> "World":
    """Everyone that there is under an inventory, and the sides of a policy."""
    enforced = without_staged(policy)
    segments = AddressSegments(enforced, inventory)
    members = _members(inventory, segments)
    ranges = [_external(segments, segment) for segment in range(len(segments))]
    everyone = (one for classes in members.values() for one in classes)
    classes = PartyClasses([*everyone, *ranges, *map(controller, _FAMILIES)], segments)
    return World(
        Sides(enforced, classes),
        classes,
        segments,
        {peer: tuple(sorted({classes.number[o] for o in own})) for peer, own in members.items()},
        {
            family: [
                (n, classes.number[one]) for n, one in enumerate(ranges) if one.family == family
            ]
            for family in _FAMILIES
        },
        _FAMILIES if ipv6 or segments.speak_of_ipv6 else (4,),
    )


# --- who there is ------------------------------------------------------------------------------


def _members(inventory: Inventory, segments: AddressSegments) -> dict[Peer, list[PartyClass]]:
    """The classes of everyone in the inventory."""
    members: dict[Peer, list[PartyClass]] = {}
    for endpoint in inventory.endpoints:
        own = members.setdefault(_workload(endpoint), [])
        own += _endpoint(endpoint, inventory, segments)
    for address in dict.fromkeys(a for _, listed in inventory.entities for a in listed):
        party = inventory.party_of(address)
        one = PartyClass.of(party, address.version, segments.of(address))
        members.setdefault(KnownParty(party.name), []).append(one)
    return members


def _workload(endpoint: Endpoint) -> Workload:
    return Workload(endpoint.owner or endpoint.name)


def _endpoint(
    endpoint: Endpoint, inventory: Inventory, segments: AddressSegments
) -> list[PartyClass]:
    """The endpoint at each of its addresses; without any it speaks both families."""
    if not endpoint.addresses:
        return [PartyClass.of(endpoint.party(), family, None) for family in _FAMILIES]
    return [
        PartyClass.of(inventory.party_of(address), address.version, segments.of(address))
        for address in endpoint.addresses
    ]


def _external(segments: AddressSegments, segment: int) -> PartyClass:
    """The external addresses of a segment, of which there may be none."""
    party = Party("", False, entities=frozenset({Entity.WORLD}))
    return PartyClass.of(party, segments.family(segment), segment)


def controller(family: int) -> PartyClass:
    """The ingress controller: any pod of some namespace that no policy can name."""
    labels = frozenset(
        Label("k8s", key, str(CONTROLLER))
        for key in (NAMESPACE_KEY, NAMESPACE_LABELS + NAMESPACE_NAME)
    )
    return PartyClass.of(Party("", True, labels), family, None)


# --- what passes between them ------------------------------------------------------------------


class World(Struct, frozen=True):
    """`members` are the numbers of each peer's classes, `ranges` by family each segment with its class,
    `listed` the families whose ranges are listed.
    """

    sides: Sides
    classes: PartyClasses
    segments: AddressSegments
    members: dict[Peer, tuple[int, ...]]
    ranges: dict[int, list[tuple[int, int]]]
    listed: tuple[int, ...]

    def inside(self) -> Iterator[Connection]:
        """Connections between two of the inventory, one of them managed."""
        alike = self._alike()
        for left, sources in alike.items():
            for right, destinations in alike.items():
                if self._managed(left[0]) or self._managed(right[0]):
                    allowed = self._between(left, right)
                    if any(one.services for one in allowed):
                        for source in sources:
                            for destination in destinations:
                                if source != destination:
                                    yield Connection(source, destination, allowed)

    def outside(self) -> Iterator[Connection]:
        """Connections of the inventory's managed ones with external addresses."""
        for own, peers in self._alike().items():
            if self._managed(own[0]):
                for direction in Direction:
                    for addresses, allowed in self._with_ranges(own, direction):
                        for peer in peers:
                            out = direction is Direction.EGRESS
                            source, destination = (peer, addresses) if out else (addresses, peer)
                            yield Connection(source, destination, (allowed,))

    def through_controller(self, inventory: Inventory) -> Iterator[Connection]:
        """What the ingress controller may bring to the exposed ports of each workload."""
        found: dict[Workload, dict[int, Passing]] = {}
        for endpoint, port in exposed_ports(inventory):
            services = services_of(PortRange(Protocol.TCP, port, port))
            by_family = found.setdefault(_workload(endpoint), {})
            for one in _endpoint(endpoint, inventory, self.segments):
                side = self.sides.side(self.classes.number[one], Direction.INGRESS)
                passing = side[self.classes.number[controller(one.family)]]
                brought = passing & Passing(services, services)
                known = by_family.get(one.family, NOTHING_PASSES)
                by_family[one.family] = known | brought
        for workload, by_family in found.items():
            allowed = tuple(_allowed(*item) for item in sorted(by_family.items()))
            if any(one.services for one in allowed):
                yield Connection(CONTROLLER, workload, allowed)

    def _alike(self) -> dict[tuple[int, ...], list[Peer]]:
        """Peers by their classes."""
        alike: dict[tuple[int, ...], list[Peer]] = {}
        for peer, own in self.members.items():
            alike.setdefault(own, []).append(peer)
        return alike

    def _managed(self, number: int) -> bool:
        return self.classes.classes[number].party.managed

    def _of_family(self, numbers: Iterable[int], family: int) -> list[int]:
        return [n for n in numbers if self.classes.classes[n].family == family]

    def _between(
        self, sources: tuple[int, ...], destinations: tuple[int, ...]
    ) -> tuple[Allowed, ...]:
        """What passes from one of some classes to one of others, by family."""
        found: list[Allowed] = []
        for family in _FAMILIES:
            passing = [
                self.sides.side(source, Direction.EGRESS)[destination]
                & self.sides.side(destination, Direction.INGRESS)[source]
                for source in self._of_family(sources, family)
                for destination in self._of_family(destinations, family)
            ]
            if passing:
                found.append(_allowed(family, reduce(or_, passing)))
        return tuple(found)

    def _with_ranges(
        self, own: tuple[int, ...], direction: Direction
    ) -> Iterator[tuple[ExternalRange, Allowed]]:
        """What passes between one of some classes and each range, as few ranges as there can be."""
        for family in self.listed:
            sides = [self.sides.side(one, direction) for one in self._of_family(own, family)]
            if not sides:
                continue
            any_of = sides[0]
            for side in sides[1:]:
                any_of = [one | other for one, other in zip(any_of, side, strict=True)]
            columns = [(segment, any_of[peer]) for segment, peer in self.ranges[family]]
            for passing, run in groupby(columns, key=itemgetter(1)):
                alike = [segment for segment, _ in run]
                if passing.services and any(map(self.segments.external, alike)):
                    first, last = self.segments.first(alike[0]), self.segments.last(alike[-1])
                    yield ExternalRange(first, last), _allowed(family, passing)


def _allowed(family: int, passing: Passing) -> Allowed:
    return Allowed(family, passing.services, passing.services - passing.wholly)
