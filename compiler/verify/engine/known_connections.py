"""Connections under an inventory as a grid: classes of sources and destinations, and services."""

from collections.abc import Iterator, Sequence
from itertools import product

from msgspec.structs import replace

from cpc.compiler.policy.connections import Connection
from cpc.compiler.policy.flow import Party
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import (
    Direction,
    Entity,
    Isolation,
    Origin,
    Policy,
    PortRange,
    Selector,
)
from cpc.compiler.policy.semantics import selects
from cpc.compiler.source import Span
from cpc.compiler.verify.engine.boxes import Boxes
from cpc.compiler.verify.engine.index import Point, atoms
from cpc.compiler.verify.engine.points import Points
from cpc.compiler.verify.engine.space import ADDRESS, PEER, SERVICE, SUBJECT, Box, Side, Space
from cpc.compiler.verify.flow_columns import Bits
from cpc.compiler.verify.party_classes import AddressSegments, PartyClass, PartyClasses

__all__ = ["KnownConnections", "known_connections"]

_FAMILIES = (4, 6)
_NOWHERE = Origin("", Span("", 0, 0, 1, 1), (0, 0, 0))


class _Known:
    """Everyone in classes: `parties` of each by its number, at most two of them."""

    def __init__(self, policy: Policy, inventory: Inventory) -> None:
        segments = AddressSegments(policy, inventory)
        members: dict[PartyClass, list[Party]] = {}
        for party, one in _everyone(inventory, segments):
            found = members.setdefault(one, [])
            if len(found) < 2 and party.name not in {p.name for p in found}:
                found.append(party)
        self.classes = PartyClasses(members, segments)
        self.parties = [members[one] for one in self.classes.classes]


class _KnownBoxes(Boxes):
    """Selectors as the classes that they match."""

    def __init__(self, space: Space, policy: Policy, known: _Known) -> None:
        super().__init__(space, policy)
        self._known = known
        self._algebra = Bits(len(known.classes))
        self._chosen: dict[Selector, int] = {}

    def selector(self, side: Side, selector: Selector) -> tuple[Box, ...]:
        """The parties that a selector matches on one side."""
        if selector not in self._chosen:
            self._chosen[selector] = selects(self._algebra, self._known.classes, selector)
        mask = self._chosen[selector]
        return ({SUBJECT if side is Side.SUBJECT else PEER: mask},) if mask else ()

    def services(self, ports: Sequence[PortRange] | None) -> list[Box]:
        """Boxes of services: of one family where ICMP is."""
        return [_spoken(box, self._known, self._space) for box in super().services(ports)]


def _spoken(box: Box, known: _Known, space: Space) -> Box:
    """A box of services with the family of its peers, in place of that of their addresses."""
    if ADDRESS not in box:
        return box
    family = 4 if box[ADDRESS] == space.four else 6
    return {SERVICE: box[SERVICE], PEER: known.classes.of_family(family)}


class KnownConnections:
    """Every connection of two that an inventory knows, or of one with an external address."""

    def __init__(self, policy: Policy, known: _Known, ports: Sequence[PortRange]) -> None:
        self.space = Space((), (), ports, ())
        self.space.full[SUBJECT] = self.space.full[PEER] = (1 << len(known.classes)) - 1
        self.boxes: Boxes = _KnownBoxes(self.space, policy, known)
        self.managed = known.classes.managed()
        self.hosts = known.classes.entity(Entity.HOST)
        self._known = known
        self._points = Points(self.space, Direction.EGRESS)

    def turned(self, box: Box) -> Box:
        """A box of the ingress as one of connections, and the reverse."""
        other = {SUBJECT: PEER, PEER: SUBJECT, SERVICE: SERVICE}
        return {other[at]: mask for at, mask in box.items()}

    def sources(self, selector: Selector) -> tuple[Box, ...]:
        """The connections whose source a selector matches."""
        return self.boxes.selector(Side.SUBJECT, selector)

    def destinations(self, selector: Selector) -> tuple[Box, ...]:
        """The connections whose destination a selector matches."""
        return self.boxes.selector(Side.PEER, selector)

    def services(self, ports: Sequence[PortRange] | None) -> Sequence[Box]:
        """The connections for which some ports are asked."""
        return self.boxes.services(ports)

    def fits(self, cell: Box) -> bool:
        """Whether a cell has a connection between two of one family."""
        return self.two(cell) is not None

    def connection(self, cell: Box) -> Connection:
        """A connection of a cell that fits."""
        found = self.two(cell)
        assert found is not None
        parties = self._parties(*found)
        assert parties is not None
        source, destination = parties
        family = self._known.classes.classes[found[0]].family
        services = cell.get(SERVICE) or self.space.full[SERVICE]
        point: Point = {SERVICE: self.space.usual_service(services)}
        return Connection(source, destination, family, *self._points.service(point, family))

    def two(self, cell: Box) -> tuple[int, int] | None:
        """The classes of two parties of a cell who can speak with each other; None where none can."""
        full = self.space.full
        for family in _FAMILIES:
            speaks = self._known.classes.of_family(family)
            sources = (cell.get(SUBJECT) or full[SUBJECT]) & speaks
            destinations = (cell.get(PEER) or full[PEER]) & speaks
            for one, other in product(atoms(sources), atoms(destinations)):
                if self._parties(one, other) is not None:
                    return one, other
        return None

    def _parties(self, one: int, other: int) -> tuple[Party, Party] | None:
        pairs = product(self._known.parties[one], self._known.parties[other])
        return next((pair for pair in pairs if pair[0].name != pair[1].name), None)


def known_connections(
    policy: Policy,
    inventory: Inventory,
    selectors: Sequence[Selector],
    ports: Sequence[PortRange],
) -> KnownConnections:
    """The connections of an inventory, in which a policy, some selectors and ports are boxes."""
    more = (Isolation(Direction.INGRESS, s, False, _NOWHERE) for s in selectors)
    spoken = replace(policy, isolations=(*policy.isolations, *more))
    every = [*ports, *(p for rule in policy.rules for p in rule.ports or ())]
    return KnownConnections(policy, _Known(spoken, inventory), every)


def _everyone(
    inventory: Inventory, segments: AddressSegments
) -> Iterator[tuple[Party, PartyClass]]:
    """Everyone in an inventory, and an external address of each segment, in their classes."""
    for party in inventory.parties():
        if party.address is None:
            for family in _FAMILIES:
                yield party, PartyClass.of(party, family, None)
        else:
            place = segments.of(party.address)
            yield party, PartyClass.of(party, party.address.version, place)
    for segment in range(len(segments)):
        address = segments.external_address(segment)
        if address is not None:
            external = frozenset({Entity.WORLD})
            party = Party(str(address), False, entities=external, address=address)
            yield party, PartyClass.of(party, segments.family(segment), segment)
