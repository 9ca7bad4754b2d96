"""Connections as a grid: fields of a source and of a destination, in which both sides' rules are boxes."""

from collections.abc import Sequence

from cpc.compiler.policy.connections import Connection
from cpc.compiler.policy.model import Address, Direction, PortRange, Selector
from cpc.compiler.verify.engine.boxes import Boxes
from cpc.compiler.verify.engine.index import Point, atoms
from cpc.compiler.verify.engine.mentioned import Mentioned
from cpc.compiler.verify.engine.points import Points
from cpc.compiler.verify.engine.space import (
    ADDRESS,
    EVERYONE,
    MANAGED,
    PEER,
    SERVICE,
    SUBJECT,
    Box,
    Kind,
    Side,
    Space,
)

__all__ = ["ConnectionSpace", "OpenConnections"]


class ConnectionSpace(Space):
    """The grid as the source's egress sees it, with a field more: `source_address`.

    What ingress sees as subject and peer is the destination and the source: `turned` says it of boxes.
    """

    def __init__(self, said: Mentioned) -> None:
        facts = dict.fromkeys(fact for _, fact in said.switches)
        switches = [(side, fact) for fact in facts for side in Side]
        super().__init__(said.label_keys, said.networks, said.ports, switches)
        self.source_address = len(self.full)
        self.full.append(self.full[ADDRESS])
        self.full[SUBJECT] = EVERYONE
        self._other = {SUBJECT: PEER, PEER: SUBJECT, SERVICE: SERVICE}
        self._other |= {ADDRESS: self.source_address, self.source_address: ADDRESS}
        for (side, key), at in self._key_fields.items():
            self._other[at] = self._key_fields[_other_side(side), key]
        for (side, fact), at in self.switches.items():
            self._other[at] = self.switches[_other_side(side), fact]

    def turned(self, box: Box) -> Box:
        """A box with source and destination exchanged."""
        return {self._other[at]: mask for at, mask in box.items()}


def _other_side(side: Side) -> Side:
    return Side.PEER if side is Side.SUBJECT else Side.SUBJECT


class OpenConnections:
    """Every connection that there can be: the `World` of `BothSides`, with its boxes as connections."""

    def __init__(self, space: ConnectionSpace, boxes: Boxes) -> None:
        self.space = space
        self.boxes = boxes
        self.managed = MANAGED
        self.hosts = 1 << Kind.HOST | 1 << Kind.HOST_API
        self._points = Points(space, Direction.EGRESS)

    def turned(self, box: Box) -> Box:
        """A box of the ingress as one of connections."""
        return self.space.turned(box)

    def sources(self, selector: Selector) -> tuple[Box, ...]:
        """The connections whose source a selector matches. TooManyBoxes."""
        return tuple(map(self.turned, self.boxes.selector(Side.PEER, selector)))

    def destinations(self, selector: Selector) -> tuple[Box, ...]:
        """The connections whose destination a selector matches. TooManyBoxes."""
        return self.boxes.selector(Side.PEER, selector)

    def services(self, ports: Sequence[PortRange] | None) -> Sequence[Box]:
        """The connections for which some ports are asked."""
        return self.boxes.services(ports)

    def fits(self, cell: Box) -> bool:
        """Whether a cell has a connection between two: with two addresses, of one family."""
        return self._addresses(cell) is not None

    def connection(self, cell: Box) -> Connection:
        """A connection of a cell that fits, one that reads well."""
        found = self._addresses(cell)
        assert found is not None
        point: Point = {at: (mask & -mask).bit_length() - 1 for at, mask in cell.items()}
        source, destination = found
        point[SERVICE] = self.space.usual_service(cell.get(SERVICE) or self.space.full[SERVICE])
        family = destination.version
        protocol, port = self._points.service(point, family)
        client, server = Kind(point[SUBJECT]), Kind(point[PEER])
        return Connection(
            self._points.party(Side.SUBJECT, "subject", point, client, source),
            self._points.party(Side.PEER, "peer", point, server, destination),
            family,
            protocol,
            port,
        )

    def _addresses(self, cell: Box) -> tuple[Address, Address] | None:
        """Two addresses of one family."""
        space = self.space
        sources = cell.get(space.source_address) or space.full[ADDRESS]
        destinations = cell.get(ADDRESS) or space.full[ADDRESS]
        for family in (space.four, space.six):
            for one in atoms(sources & family)[:2]:
                for other in atoms(destinations & family)[:2]:
                    if one != other or not space.single(one):
                        return self._two(one, other)
        return None

    def _two(self, one: int, other: int) -> tuple[Address, Address]:
        source, destination = self.space.address(one), self.space.address(other)
        if source == destination:
            low, high = self.space.bounds(one)
            source = next(a for a in (source + 1, source - 1) if low <= int(a) <= high)
        return source, destination
