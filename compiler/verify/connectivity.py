"""Who may talk to whom under an inventory: every pair with exactly the services that both sides allow."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import groupby
from operator import itemgetter, or_
from typing import TypeAlias

from cpc.compiler.policy.flow import Label, Party
from cpc.compiler.policy.inventory import NAMESPACE_KEY, NAMESPACE_LABELS, Endpoint, Inventory
from cpc.compiler.policy.model import Address, Direction, Entity, Policy, PortRange
from cpc.compiler.policy.semantics import without_staged
from cpc.compiler.verify.party_classes import AddressSegments, PartyClass, PartyClasses
from cpc.compiler.verify.service_sets import ServiceSet, services_of
from cpc.compiler.verify.sides import NOTHING_PASSES, Passing, Sides

__all__ = [
    "CONTROLLER",
    "Connection",
    "Connectivity",
    "ExternalRange",
    "KnownParty",
    "Peer",
    "Workload",
    "connectivity",
]

_FAMILIES = (4, 6)
_NAMESPACE_NAME = f"{NAMESPACE_LABELS}kubernetes.io/metadata.name"
"""The label by which policies of Kubernetes find a namespace of a given name."""


@dataclass(frozen=True, slots=True)
class Workload:
    """Endpoints with one owner; an endpoint without an owner is a workload of its own."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class ExternalRange:
    """The external addresses from `first` to `last`: those of the range that the inventory does not know."""

    first: Address
    last: Address

    def __str__(self) -> str:
        return f"{self.first}-{self.last}[External]"


@dataclass(frozen=True, slots=True)
class KnownParty:
    """Who is no endpoint: the entities of an address that the inventory lists, or the ingress controller."""

    name: str

    def __str__(self) -> str:
        return f"{{{self.name}}}"


Peer: TypeAlias = Workload | ExternalRange | KnownParty

CONTROLLER = KnownParty("ingress-controller")
"""Whatever carries the requests of Ingress and Route objects to their services."""


@dataclass(frozen=True, slots=True)
class Connection:
    """What may pass from a source to a destination in one family (4 or 6); at least one service.

    `services` are allowed by both sides. On `requests`, a part of them, only some requests are.
    """

    source: Peer
    destination: Peer
    family: int
    services: ServiceSet
    requests: ServiceSet


@dataclass(frozen=True, slots=True)
class Connectivity:
    """Every connection that is allowed, sorted by source, destination and family.

    A workload's connections are those of any of its endpoints. Pairs of which neither end is managed are not
    among them, nor is a workload with itself. Without `ipv6`, nothing speaks of IPv6 and no range of it
    is listed.
    """

    connections: tuple[Connection, ...]
    ipv6: bool


def connectivity(
    policy: Policy,
    inventory: Inventory,
    exposed: Sequence[tuple[str, PortRange]] = (),
) -> Connectivity:
    """All allowed connections; unknown addresses in cluster ranges are nobody's.

    `exposed` are endpoints' names with ports that an ingress controller brings requests to. The controller is
    any pod of a namespace that no policy names.
    """
    enforced = without_staged(policy)
    segments = AddressSegments(enforced, inventory)
    members = _members(inventory, segments)
    ranges = [_external(segments, segment) for segment in range(len(segments))]
    everyone = (one for classes in members.values() for one in classes)
    classes = PartyClasses([*everyone, *ranges, *map(_controller, _FAMILIES)], segments)
    world = _World(
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
    )
    found = [*world.inside(), *world.outside(), *world.through_controller(inventory, exposed)]
    found.sort(key=lambda c: (str(c.source), str(c.destination), c.family))
    return Connectivity(tuple(found), segments.speak_of_ipv6)


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


def _controller(family: int) -> PartyClass:
    """The ingress controller: any pod of some namespace that no policy can name."""
    labels = frozenset(
        Label("k8s", key, str(CONTROLLER)) for key in (NAMESPACE_KEY, _NAMESPACE_NAME)
    )
    return PartyClass.of(Party("", True, labels), family, None)


# --- what passes between them ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _World:
    """`members` are the numbers of each peer's classes, `ranges` by family each segment with its class."""

    sides: Sides
    classes: PartyClasses
    segments: AddressSegments
    members: dict[Peer, tuple[int, ...]]
    ranges: dict[int, list[tuple[int, int]]]

    def inside(self) -> Iterator[Connection]:
        """Connections between two of the inventory, one of them managed."""
        alike: dict[tuple[int, ...], list[Peer]] = {}
        for peer, own in self.members.items():
            alike.setdefault(own, []).append(peer)
        for left, sources in alike.items():
            for right, destinations in alike.items():
                if not any(self._managed(one) for one in (*left, *right)):
                    continue
                for family, passing in self._between(left, right):
                    for source in sources:
                        for destination in destinations:
                            if source != destination:
                                yield _connection(source, destination, family, passing)

    def outside(self) -> Iterator[Connection]:
        """Connections of the inventory's managed ones with external addresses."""
        alike: dict[tuple[int, ...], list[Peer]] = {}
        for peer, own in self.members.items():
            if self._managed(own[0]):
                alike.setdefault(own, []).append(peer)
        for own, peers in alike.items():
            for direction in Direction:
                for family, addresses, passing in self._with_ranges(own, direction):
                    for peer in peers:
                        ends = (peer, addresses)
                        source, destination = ends if direction is Direction.EGRESS else ends[::-1]
                        yield _connection(source, destination, family, passing)

    def through_controller(
        self, inventory: Inventory, exposed: Sequence[tuple[str, PortRange]]
    ) -> Iterator[Connection]:
        """What the ingress controller may bring to the exposed ports of each workload."""
        named = {endpoint.name: endpoint for endpoint in inventory.endpoints}
        found: dict[tuple[Workload, int], Passing] = {}
        for name, ports in exposed:
            services = services_of(ports)
            for one in _endpoint(named[name], inventory, self.segments):
                side = self.sides.side(self.classes.number[one], Direction.INGRESS)
                passing = side[self.classes.number[_controller(one.family)]]
                key = (_workload(named[name]), one.family)
                brought = passing & Passing(services, services)
                found[key] = found.get(key, NOTHING_PASSES) | brought
        for (workload, family), passing in found.items():
            if passing.services:
                yield _connection(CONTROLLER, workload, family, passing)

    def _managed(self, number: int) -> bool:
        return self.classes.classes[number].party.managed

    def _of_family(self, numbers: Iterable[int], family: int) -> list[int]:
        return [n for n in numbers if self.classes.classes[n].family == family]

    def _between(
        self, sources: tuple[int, ...], destinations: tuple[int, ...]
    ) -> Iterator[tuple[int, Passing]]:
        """By family, what passes from one of some classes to one of others."""
        for family in _FAMILIES:
            total = NOTHING_PASSES
            for source in self._of_family(sources, family):
                egress = self.sides.side(source, Direction.EGRESS)
                for destination in self._of_family(destinations, family):
                    ingress = self.sides.side(destination, Direction.INGRESS)
                    total |= egress[destination] & ingress[source]
            if total.services:
                yield family, total

    def _with_ranges(
        self, own: tuple[int, ...], direction: Direction
    ) -> Iterator[tuple[int, ExternalRange, Passing]]:
        """What passes between one of some classes and each range, as few ranges as there can be."""
        for family in _FAMILIES if self.segments.speak_of_ipv6 else (4,):
            sides = [self.sides.side(one, direction) for one in self._of_family(own, family)]
            columns = [
                (segment, reduce(or_, (side[peer] for side in sides)))
                for segment, peer in self.ranges[family]
                if sides
            ]
            for passing, run in groupby(columns, key=itemgetter(1)):
                alike = [segment for segment, _ in run]
                if passing.services and any(map(self.segments.external, alike)):
                    first, last = self.segments.first(alike[0]), self.segments.last(alike[-1])
                    yield family, ExternalRange(first, last), passing


def _connection(source: Peer, destination: Peer, family: int, passing: Passing) -> Connection:
    return Connection(
        source, destination, family, passing.services, passing.services - passing.wholly
    )
